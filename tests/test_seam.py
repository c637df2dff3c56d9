"""The seam holds: a model from outside the package needs registering and nothing else, a result folder needs masks."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import cleanplate
from cleanplate.cli import main
from cleanplate.config import load
from cleanplate.errors import ConfigError
from cleanplate.models import BackgroundModel, Estimate, registry
from cleanplate.pipeline import acquire, evaluate, predict, prepare, report, train
from cleanplate.utils.options import Options, WholeNumber
from project import SMALL, configure


class ToyOptions(Options):
    which: WholeNumber = 0
    """Index of the frame."""


class Toy(BackgroundModel):
    """One frame of the sequence is the background."""

    name = "toy"
    family = "statistical"
    Options = ToyOptions

    def _fit(self, sequence):
        self._background = sequence[self.options.which]
        self._size = sequence.size

    def _estimate(self, frames, learning_rate):
        return [Estimate(self.background) for _ in frames]


@pytest.fixture
def toy() -> Iterator[None]:
    registry.available()
    registry.register(Toy)
    yield
    del registry._MODELS["toy"]


def test_a_model_from_outside_walks_the_whole_road(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = configure(tmp_path, *SMALL, "model=median")
    scenes = values["data"]["scenes"]
    (tmp_path / "params.yaml").write_text(json.dumps(values | {"model": {"name": "toy", "which": 2}}))
    assert "toy" in CliRunner().invoke(main, ["models"]).output
    config = load()
    acquire.run(config)
    prepare.run(config)
    for scene in scenes:
        train.run(config, scene)
        predict.run(config, scene)
    evaluate.run(config)
    report.run(config)
    metrics = json.loads(Path("reports/metrics.json").read_text())
    assert set(metrics["videos"]) == set(scenes)
    assert 0 < metrics["overall"]["f_measure"] < 1
    loaded = cleanplate.load(Path("data/models") / scenes[0] / "model.ckpt")
    assert isinstance(loaded, Toy)
    assert loaded.options.which == 2
    third = cleanplate.open_sequence(Path("data/sequences") / scenes[0])[2]
    np.testing.assert_array_equal(loaded.background, third)


def test_a_wrong_option_of_a_model_from_outside_is_refused_by_name(toy: None) -> None:
    with pytest.raises(ConfigError, match="model.which: -1"):
        cleanplate.create("toy", which=-1)
    with pytest.raises(ConfigError, match="model.witch"):
        cleanplate.create("toy", witch=1)


def test_a_result_folder_that_nobody_here_made_is_scored(scene_folder: Path, tmp_path: Path) -> None:
    dataset = scene_folder.parent.parent
    results = tmp_path / "results" / "baseline" / "street"
    results.mkdir(parents=True)
    expected = {"tp": 0, "fp": 0, "fn": 0, "tn": 0}
    roi = cv2.imread(str(scene_folder / "ROI.bmp"), cv2.IMREAD_GRAYSCALE)
    first, last = map(int, (scene_folder / "temporalROI.txt").read_text().split())
    for number in range(first, last + 1):
        frame = cv2.imread(str(scene_folder / "input" / f"in{number:06d}.jpg"), cv2.IMREAD_GRAYSCALE)
        mask = np.where(frame > 128, 255, 0).astype(np.uint8)
        cv2.imwrite(str(results / f"bin{number:06d}.png"), mask)
        truth = cv2.imread(str(scene_folder / "groundtruth" / f"gt{number:06d}.png"), cv2.IMREAD_GRAYSCALE)
        counted = (roi != 0) & (truth != 170)
        for key, here in {
            "tp": (mask == 255) & (truth == 255),
            "fp": (mask == 255) & (truth != 255),
            "fn": (mask == 0) & (truth == 255),
            "tn": (mask == 0) & (truth != 255),
        }.items():
            expected[key] += int((here & counted).sum())
    scores = tmp_path / "scores.json"
    outcome = CliRunner().invoke(main, ["evaluate", str(dataset), str(tmp_path / "results"), "--json", str(scores)])
    assert outcome.exit_code == 0, outcome.output
    video = json.loads(scores.read_text())["videos"]["baseline/street"]
    assert {key: video[key] for key in expected} == expected
