"""Optical flow on its way through the pipeline: made once, for those who ask, and felt by nobody else."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from cleanplate.config import compose, load
from cleanplate.data.flow import FlowFile
from cleanplate.pipeline import acquire, predict, prepare, stage, train
from cleanplate.pipeline.stage import opened
from project import ROOT, SHORT, configure

SCENE = "baseline/street"
SMALL = ["data.frames=12", "data.height=32", "data.width=48", f"data.scenes=[{SCENE}]", "tracking=disabled"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def prepared(*overrides: str) -> dict:
    configure(Path(), *SMALL, *overrides)
    acquire.run(load())
    prepare.run(load())
    plan: dict = json.loads((stage.RUNS / f"{SCENE}.json").read_text())["train"][0]
    return plan


def test_without_flow_the_folder_is_there_and_the_plan_is_silent() -> None:
    plan = prepared("model=median")
    assert set(plan) == {"scene", "sha256"}
    assert stage.FLOW.is_dir() and not list(stage.FLOW.iterdir())


def test_flow_is_made_once_and_again_only_for_other_frames() -> None:
    plan = prepared("model=flow_ae")
    path = stage.scene_flow(SCENE)
    assert plan["flow"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert FlowFile(path).numbers == list(range(1, 13))
    made = path.stat().st_mtime_ns
    assert prepared("model=flow_ae") == plan
    assert set(prepared("model=median")) == {"scene", "sha256"}  # it stays, and is not spoken of
    assert prepared("model=two_stream_ae") == plan
    assert path.stat().st_mtime_ns == made
    other = prepared("model=flow_ae", "data.seed=3")
    assert other["flow"] != plan["flow"]
    assert path.stat().st_mtime_ns != made


def test_damaged_flow_is_made_again_and_that_of_other_scenes_goes() -> None:
    plan = prepared("model=flow_ae")
    path = stage.scene_flow(SCENE)
    path.write_bytes(path.read_bytes()[:100])
    stray = stage.scene_flow("shadow/plaza")
    stray.parent.mkdir()
    stray.write_bytes(b"")
    assert prepared("model=flow_ae") == plan
    assert not stray.parent.exists()


def test_a_flow_model_trains_with_kept_flow_and_predicts() -> None:
    plan = prepared("model=flow_ae", *SHORT)
    config = load()
    assert opened(config, plan).flow is not None
    train.run(config, SCENE)
    predict.run(config, SCENE)
    assert len(list((stage.PREDICTIONS / SCENE).glob("bin*.png"))) == 12


def test_every_model_says_whether_it_needs_flow() -> None:
    asking = {
        path.stem
        for path in (ROOT / "conf/model").glob("*.yaml")
        if compose([f"model={path.stem}"], ROOT / "conf")["flow"]
    }
    assert asking >= {"flow_ae", "two_stream_ae", "patch_attention_ae"}
    assert "ae" not in asking and "patch_ae" not in asking
    for path in (ROOT / "conf/model").glob("*.yaml"):
        lines = path.read_text().splitlines()
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            assert not line.startswith("runs:") or following.startswith("flow:"), path
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert "flow" in stages["prepare"]["params"]
    assert not any("data/flow" in name for stage in stages.values() for name in stage.get("deps", []))
