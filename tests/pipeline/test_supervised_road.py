"""Models that learn from labels on the whole road: what is learnt, what is scored, what is said of it."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cleanplate.config import load
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.training import labelled_numbers
from cleanplate.errors import ConfigError
from cleanplate.models.checkpoint_file import read
from cleanplate.pipeline import acquire, prepare, stage, train
from project import configure, walk

SCENES = ["baseline/street", "shadow/plaza"]
SMALL = ["data.frames=30", "data.height=48", "data.width=64", f"data.scenes=[{','.join(SCENES)}]", "tracking=disabled"]
SHORT = ["model.steps=4", "model.epoch_steps=2", "model.batch_size=2", "model.side=32", "model.workers=0"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def walked(*overrides: str) -> dict[str, Any]:
    configure(Path(), "model=bgsnet", *SMALL, *SHORT, "trainer.progress=false", *overrides)
    walk(load())
    found: dict[str, Any] = json.loads((stage.REPORTS / "metrics.json").read_text())
    return found


def counted(scene: str, numbers: list[int], folder: Path) -> tuple[int, int, int]:
    """TP, FP, FN straight from the files."""
    sequence = read_cdnet(stage.SEQUENCES / scene, scene)
    total = np.zeros(3, int)
    for number in numbers:
        truth = cv2.imread(str(stage.SEQUENCES / scene / f"groundtruth/gt{number:06d}.png"), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(folder / f"bin{number:06d}.png"), cv2.IMREAD_GRAYSCALE)
        known = truth != 170 if sequence.roi is None else (truth != 170) & (sequence.roi > 0)
        moving, found = (truth == 255) & known, (mask == 255) & known
        total += [(moving & found).sum(), (found & ~moving).sum(), (moving & ~found).sum()]
    return tuple(int(count) for count in total)  # type: ignore[return-value]


def test_scene_scores_the_frames_that_were_not_learnt_from_and_all_beside_them() -> None:
    metrics = walked("protocol=scene", "protocol.frames=5")
    for scene in SCENES:
        plan = json.loads((stage.RUNS / f"{scene}.json").read_text())
        learnt = plan["train"][0]["frames"]
        numbers = labelled_numbers(read_cdnet(stage.SEQUENCES / scene, scene))
        folder = stage.PREDICTIONS / scene
        rest = [number for number in numbers if number not in learnt]
        video = metrics["videos"][scene]
        assert (video["tp"], video["fp"], video["fn"]) == counted(scene, rest, folder)
        customary = metrics["including_training_frames"]["videos"][scene]
        assert (customary["tp"], customary["fp"], customary["fn"]) == counted(scene, numbers, folder)
        assert video["frames"] == len(rest) < customary["frames"] == len(numbers)
        assert video["iou"] == pytest.approx(video["tp"] / max(1, video["tp"] + video["fp"] + video["fn"]))
        checkpoint = read(stage.MODELS / scene / "model.ckpt")
        assert checkpoint["model"]["league"] == "scene"
        assert checkpoint["notes"]["data"][0]["frames"] == learnt
    assert "<b>league</b> scene" in (stage.REPORTS / "index.html").read_text()
    assert set(json.loads((stage.REPORTS / "summary.json").read_text())["f_measure_including_training_frames"]) == set(
        SCENES
    )


def test_split_learns_from_one_scene_and_is_tested_on_the_other() -> None:
    metrics = walked(f"data.test=[{SCENES[0]}]")
    assert set(metrics["videos"]) == {SCENES[0]}
    assert "including_training_frames" not in metrics
    assert read(stage.MODELS / "all" / "model.ckpt")["notes"]["data"][0]["scene"] == SCENES[1]
    assert "val/iou" in (stage.MODELS / "all" / "curves.csv").read_text().splitlines()[0]
    assert len(list((stage.PREDICTIONS / "all" / SCENES[0]).glob("bin*.png"))) == 30


def test_training_refuses_a_plan_in_which_the_two_meet() -> None:
    configure(Path(), "model=bgsnet", *SMALL, *SHORT)
    config = load()
    acquire.run(config)
    prepare.run(config)
    file = stage.RUNS / "all.json"
    plan = json.loads(file.read_text())
    plan["predict"] = [{"scene": plan["train"][0]["scene"], "sha256": plan["train"][0]["sha256"]}]
    file.write_text(json.dumps(plan))
    with pytest.raises(ConfigError, match="would be tested on baseline/street after learning from"):
        train.run(config, "all")
    assert not (stage.MODELS / "all").exists()
