"""The road of `unet` from a COCO folder to its scores: one training, pictures of many sizes, held-out labels."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import cleanplate
from cleanplate.config import load
from cleanplate.engine.callbacks import HeldOutPictures
from cleanplate.models.supervised.unet.model import UNet
from cleanplate.pipeline import train
from labelled_sets import CocoFiles, box, rectangle
from project import configure, walk

SMALL = ["side=32", "width=8", "widest=16", "stages=3", "ema_decay=0.9", "learning_rate=0.01"]
SHORT = ["steps=60", "epoch_steps=20", "batch_size=4", "workers=0"]


def people(root: Path, split: str, count: int) -> None:
    """Pictures of different sizes; a bright rectangle in each is a person."""
    files = CocoFiles(root, split)
    for number in range(1, count + 1):
        height, width = 40 + number, 64 - number
        files.picture(number, height, width).label(number, [rectangle(10, 8, 30, 34)])
        path = files.pictures / f"{number:012d}.jpg"
        picture = cv2.imread(str(path)) // 3
        picture[box((height, width), 10, 8, 30, 34)] = 230
        cv2.imwrite(str(path), picture)
    files.save()


def test_a_network_for_people_walks_the_whole_road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split, count in (("train2017", 22), ("val2017", 4)):
        people(tmp_path / "coco", split, count)
    monkeypatch.chdir(tmp_path)
    short = [f"model.{setting}" for setting in [*SMALL, *SHORT]]
    configure(tmp_path, "data=coco", f"data.root={tmp_path / 'coco'}", "model=unet", "tracking=disabled", *short)
    config = load()
    assert config.runs == ["all"]
    assert config.protocol_name == "split"
    walk(config)

    model = cleanplate.load("data/models/all/model.ckpt")
    assert isinstance(model, UNet)
    assert model.league == "semantic"
    with Path("data/models/all/curves.csv").open(newline="") as file:
        judged = [row for row in csv.DictReader(file) if row["val/iou"]]
    assert [int(row["step"]) for row in judged] == [19, 39, 59]
    assert all(0 <= float(row["val/boundary_f"]) <= 1 for row in judged)
    predictions = Path("data/predictions/all/coco/val2017")
    for number in range(1, 5):
        mask = cv2.imread(str(predictions / f"bin{number:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (40 + number, 64 - number)
        assert set(np.unique(mask)) <= {0, 255}
    scores = json.loads(Path("reports/metrics.json").read_text())["videos"]
    assert list(scores) == ["coco/val2017"]
    f_measure = scores["coco/val2017"]["f_measure"]
    assert scores["coco/val2017"]["iou"] == pytest.approx(f_measure / (2 - f_measure))
    assert f_measure > 0.6  # bright rectangles are soon learnt
    assert Path("reports/index.html").is_file()


def test_what_is_held_out_is_shown_while_it_learns(tmp_path: Path) -> None:
    configure(tmp_path, "model=unet", "tracking.picture_every=3")
    config = load(tmp_path / "params.yaml")
    shown = [
        part
        for part in train._callbacks(config, config.create_model(), [], tmp_path)
        if isinstance(part, HeldOutPictures)
    ]
    assert [part.every for part in shown] == [3]
