"""What `cleanplate capture` takes is what the pipeline learns from: from the camera to a trained network."""

import json
from pathlib import Path

import numpy as np
import pytest

from cleanplate import load as load_model
from cleanplate.camera.capture.program import Capture
from cleanplate.config import load
from cleanplate.data.datasets.capture_writer import SetWriter
from cleanplate.data.io.images import write_image
from cleanplate.pipeline import acquire, prepare, stage, train
from cleanplate.scenes import SceneSpec, render
from project import configure, walk

VIDEOS = ("hall", "street", "yard")
SHOTS = 3
SHORT = ["steps=2", "epoch_steps=2", "batch_size=2", "workers=0", "working=48", "crop=48", "frames=20"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    """A set for each of a few generated places, taken by the program, with the masks that somebody would draw."""
    root, now = tmp_path / "captured", [0.0]
    sets = SetWriter(root)
    program = Capture(sets, print, clock=lambda: now[0])
    for video in VIDEOS:
        frames = list(render(SceneSpec("baseline", video, height=48, width=64, frames=2 * SHOTS, seed=1)))
        program.on_key("b")
        for _ in range(6):
            program.on_frame(frames[0].background)
            now[0] += 1
        for number, frame in enumerate(frames[::2]):
            program.on_key("s")
            for _ in range(3):
                program.on_frame(frame.image)
                now[0] += 1
            mask = np.where(frame.groundtruth == 255, np.uint8(255), np.uint8(0))
            write_image(root / f"set{sets.set_count}" / f"{number}_mask.png", mask)
    return root


def configured(root: Path, *more: str) -> None:
    short = [f"model.{setting}" for setting in SHORT]
    configure(Path(), "data=capture", f"data.root={root}", "model=pairnet", "tracking=disabled", *short, *more)


def test_pairnet_learns_from_captured_sets_and_keeps_the_last_one_for_testing(captured: Path) -> None:
    configured(captured, "trainer.progress=false")
    walk(load())
    plan = json.loads((stage.RUNS / "all.json").read_text())
    assert [(entry["scene"], entry["frames"]) for entry in plan["train"]] == [
        ("capture/set1", [1, 2, 3]), ("capture/set2", [1, 2, 3]),
    ]  # fmt: skip
    assert list(json.loads((stage.REPORTS / "metrics.json").read_text())["videos"]) == ["capture/set3"]
    assert len(list((stage.PREDICTIONS / "all" / "capture/set3").glob("bin*.png"))) == SHOTS
    assert load_model(stage.MODELS / "all" / "model.ckpt").name == "pairnet"


def test_pictures_without_a_mask_are_not_learnt_from(captured: Path) -> None:
    (captured / "set1" / "1_mask.png").unlink()
    for path in (captured / "set2").glob("*_mask.png"):
        path.unlink()
    configured(captured, "trainer.progress=false")
    config = load()
    acquire.run(config)
    prepare.run(config)
    plan = json.loads((stage.RUNS / "all.json").read_text())
    assert [(entry["scene"], entry["frames"]) for entry in plan["train"]] == [("capture/set1", [1, 3])]
    train.run(config, "all")
    assert (stage.MODELS / "all" / "model.ckpt").is_file()
