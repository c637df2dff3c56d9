"""The road as a user walks it: `dvc repro` in a clean clone without git identity, and what follows."""

import json
from pathlib import Path

import pytest
import yaml

from project import SHORT, SMALL, clone, configure, git, run

IDENTITY = {
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
}


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = clone(tmp_path_factory.mktemp("clone"))
    configure(folder, "model=ae", *SMALL, *SHORT, "data.scenes=[baseline/street]")
    run(folder, "dvc", "repro")
    return folder


def stages_of(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def change(folder: Path, key: str, value: object) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    *path, name = key.split(".")
    place = params[path[0]] if path else params
    place[name] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def assert_complete(folder: Path, *scenes: str) -> None:
    metrics = json.loads((folder / "reports/metrics.json").read_text())
    assert set(metrics["videos"]) == set(scenes)
    assert 0 < metrics["overall"]["f_measure"] <= 1
    for scene in scenes:
        assert len(list((folder / "data/predictions" / scene).glob("bin*.png"))) == 24
        assert (folder / "data/models" / scene / "model.ckpt").is_file()
        assert "val/loss" in (folder / "data/models" / scene / "curves.csv").read_text()
        for figure in ("sheet.png", "foreground.gif", "clip.mp4"):
            assert (folder / "reports/figures" / scene / figure).stat().st_size > 0
    assert json.loads((folder / "reports/summary.json").read_text())["overall"] == {
        key: value for key, value in metrics["overall"].items() if key != "fpr_s"
    }
    for table in ("videos.csv", "categories.csv", "overall.csv", "plots/sweep.csv", "index.html"):
        assert (folder / "reports" / table).is_file()


def test_every_output_is_there(reproduced: Path) -> None:
    assert_complete(reproduced, "baseline/street")


def test_nothing_half_written_is_left(reproduced: Path) -> None:
    assert not list(reproduced.rglob("*.part"))
    assert not list((reproduced / "outputs").rglob("*.ckpt"))


def test_a_second_repro_does_nothing(reproduced: Path) -> None:
    output = run(reproduced, "dvc", "repro").stdout
    assert stages_of(output) == []
    assert "up to date" in output


def test_git_sees_nothing_but_what_is_meant_for_it(reproduced: Path) -> None:
    changed = {line[3:] for line in git(reproduced, "status", "--porcelain").splitlines()}
    meant = {"dvc.lock", "params.yaml", "reports/metrics.json", "reports/summary.json", "reports/videos.csv"}
    assert {name for name in changed if not name.startswith((".config", ".cache"))} <= meant


def test_another_threshold_trains_nothing(reproduced: Path) -> None:
    before = (reproduced / "params.yaml").read_text()
    change(reproduced, "foreground.threshold", 45.0)
    output = run(reproduced, "dvc", "repro", "--dry").stdout
    (reproduced / "params.yaml").write_text(before)
    assert stages_of(output) == ["predict@baseline/street"]  # and what depends on it, which DVC tells as it goes


def test_another_scene_trains_that_one_alone(reproduced: Path) -> None:
    scenes = ["baseline/street", "shadow/plaza"]
    change(reproduced, "data.scenes", scenes)
    change(reproduced, "runs", scenes)
    stages = stages_of(run(reproduced, "dvc", "repro").stdout)
    assert [name for name in stages if name.startswith("train")] == ["train@shadow/plaza"]
    assert [name for name in stages if name.startswith("predict")] == ["predict@shadow/plaza"]
    assert_complete(reproduced, *scenes)


def test_a_wrong_value_stops_before_any_work(reproduced: Path) -> None:
    before = (reproduced / "params.yaml").read_text()
    change(reproduced, "model.latent_dim", -1)
    result = run(reproduced, "dvc", "repro", check=False)
    (reproduced / "params.yaml").write_text(before)
    assert result.returncode != 0
    assert "model.latent_dim: -1" in result.stderr + result.stdout


@pytest.mark.slow
def test_experiments_queue_and_compare(reproduced: Path) -> None:
    small = [argument for override in SMALL for argument in ("-S", override)]
    run(reproduced, "dvc", "exp", "run", "-S", "model=median", *small, **IDENTITY)
    shown = run(reproduced, "dvc", "exp", "show", "--csv").stdout
    assert "overall.f_measure" in shown
    assert "median" in shown
    run(reproduced, "dvc", "metrics", "diff")
    run(reproduced, "dvc", "plots", "show")
    assert (reproduced / "dvc_plots/index.html").is_file()
    for model in ("mean", "mog2"):
        run(reproduced, "dvc", "exp", "run", "--queue", "-S", f"model={model}", *small, **IDENTITY)
    run(reproduced, "dvc", "queue", "start", **IDENTITY)
    for task in [line.split()[0] for line in run(reproduced, "dvc", "queue", "status").stdout.splitlines()[1:3]]:
        run(reproduced, "dvc", "queue", "logs", "--follow", task, **IDENTITY, check=False)
    status = run(reproduced, "dvc", "queue", "status").stdout
    assert status.count("Success") == 2, status
