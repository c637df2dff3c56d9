"""The report stage from what lies on disk to page and W&B run."""

import json
import re
import shutil
from pathlib import Path

import pytest
from tests.report.scenes import write_predictions, write_sequence
from tests.wandb_file import only_run

from cleanplate.config import Config, validate
from cleanplate.engine.provenance import sha256
from cleanplate.errors import DataError
from cleanplate.pipeline import report

SCENE = "baseline/square"
NUMBERS = {"recall": 0.8, "precision": 0.8, "f_measure": 0.8123, "tp": 5}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def config(mode: str = "disabled", runs: tuple[str, ...] = (SCENE,)) -> Config:
    return validate(
        {
            "data": {"name": "synthetic", "scenes": [SCENE]},
            "model": {"name": "median"},
            "runs": list(runs),
            "tracking": {"mode": mode},
            "report": {"clip_frames": 6},
        }
    )


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def project(folder: Path, truth: bool = True, run: str = SCENE) -> Path:
    write_sequence(folder / "data/sequences" / SCENE, truth)
    write_predictions(folder / "data/predictions" / (run if run == SCENE else f"{run}/{SCENE}"))
    plan = {"run": run, "league": None, "train": [{"scene": SCENE}], "predict": [{"scene": SCENE}]}
    write_json(folder / "data/runs" / f"{run}.json", plan)
    models = folder / "data/models" / run
    models.mkdir(parents=True)
    (models / "model.ckpt").write_bytes(b"weights")
    (models / "curves.csv").write_text("step,epoch,train/loss\n0,0,2\n1,0,1\n")
    if truth:
        (folder / "reports").mkdir()
        metrics = {"videos": {SCENE: NUMBERS}, "categories": {"baseline": NUMBERS}, "overall": NUMBERS}
        (folder / "reports/metrics.json").write_text(json.dumps(metrics))
    return folder


@pytest.mark.parametrize("truth", [True, False], ids=["truth", "no truth"])
@pytest.mark.parametrize("run", [SCENE, "all"])
def test_page_and_figures(tmp_path: Path, truth: bool, run: str) -> None:
    report.run(config(runs=(run,)), project(tmp_path, truth, run))
    html = (tmp_path / "reports/index.html").read_text()
    links = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(links) == 4 and all((tmp_path / "reports" / link).is_file() for link in links)
    assert ("0.8123" in html) == truth and "train/loss" in html
    assert not list((tmp_path / "reports").glob(".*"))
    assert not (tmp_path / "outputs").exists()


def test_a_failure_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report.run(config(), project(tmp_path))
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "reports").rglob("*"))
    monkeypatch.setattr(report, "write_mp4", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report.run(config(), tmp_path)
    after = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "reports").rglob("*"))
    assert [path for path, _ in after] == [path for path, _ in before]


def test_no_predictions_is_said(tmp_path: Path) -> None:
    shutil.rmtree(project(tmp_path) / "data/predictions")
    with pytest.raises(DataError, match="run the predict stage"):
        report.run(config(), tmp_path)


def test_the_evaluation_is_logged(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    report.run(config("offline"), project(tmp_path))
    run = only_run(tmp_path / "outputs/wandb")
    assert run.run.job_type == "evaluate" and set(run.run.tags) == {"statistical", "unsupervised"}
    assert run.summary["f_measure"] == 0.8123
    assert run.config["provenance"]["torch"]
    assert run.column(f"contact_sheets/{SCENE}/path") and run.column("clips/count") == [1]
    table = json.loads((run.folder / "files" / run.column("videos/path")[0]).read_text())
    assert table["columns"] == ["video", *NUMBERS] and table["data"] == [[SCENE, *NUMBERS.values()]]
    artifact = run.artifacts["predictions-baseline-square"]
    lineage = json.loads(artifact.metadata)["checkpoints"][SCENE]
    assert lineage["sha256"] == sha256(tmp_path / "data/models" / SCENE / "model.ckpt")
    assert len(artifact.manifest.contents) == 24
