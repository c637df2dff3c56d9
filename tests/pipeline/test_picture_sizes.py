"""Pictures of many sizes are scored like frames of one: counts and threshold sweeps, against direct counting."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from cleanplate.config import load
from cleanplate.data.io.images import write_image
from cleanplate.data.io.results import VideoResults
from cleanplate.errors import DataError
from cleanplate.pipeline import evaluate, stage
from cleanplate.pipeline.scoring import score_results
from project import configure

SCENE = "coco/val2017"
SIZES = [(24, 32), (32, 24), (9, 50), (24, 32), (33, 17)]
LABELS = np.array([0, 170, 255], np.uint8)


@pytest.fixture
def drawn(tmp_path: Path) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Truth, mask and score of every picture, which also lie on disk as the stages leave them."""
    random = np.random.default_rng(11)
    scene, results = tmp_path / stage.SEQUENCES / SCENE, tmp_path / stage.PREDICTIONS / SCENE
    pictures = []
    for number, size in enumerate(SIZES, 1):
        truth, score = random.choice(LABELS, size), random.integers(0, 256, size, np.uint8)
        mask = np.where(score >= 100, 255, 0).astype(np.uint8)
        write_image(scene / f"input/in{number:06d}.png", np.zeros((*size, 3), np.uint8))
        write_image(scene / f"groundtruth/gt{number:06d}.png", truth)
        write_image(results / f"bin{number:06d}.png", mask)
        write_image(results / f"score/score{number:06d}.png", score)
        pictures.append((truth, mask, score))
    (scene / "pictures.csv").write_text("number,file\n")
    return pictures


def expected(drawn: list[tuple[np.ndarray, ...]], threshold: int | None = None) -> dict[str, int]:
    counts = dict.fromkeys(["tp", "fp", "fn", "tn"], 0)
    for truth, mask, score in drawn:
        positive = mask == 255 if threshold is None else score >= threshold
        actual, counted = truth == 255, truth != 170
        counts["tp"] += int((actual & positive).sum())
        counts["fp"] += int((~actual & positive & counted).sum())
        counts["fn"] += int((actual & ~positive).sum())
        counts["tn"] += int((~actual & ~positive & counted).sum())
    return counts


@pytest.mark.parametrize("threads", [0, 3])
def test_counts_are_those_of_direct_counting(drawn, tmp_path: Path, threads: int) -> None:
    scores = score_results(tmp_path / stage.SEQUENCES, tmp_path / stage.PREDICTIONS, threads=threads)
    counts = scores.counts[SCENE]
    assert {key: getattr(counts, key) for key in ("tp", "fp", "fn", "tn")} == expected(drawn)
    assert counts.frames == len(SIZES)


def test_a_mask_must_have_the_size_of_its_own_picture(drawn, tmp_path: Path) -> None:
    write_image(VideoResults(tmp_path / stage.PREDICTIONS / SCENE).mask_path(2), np.zeros(SIZES[0], np.uint8))
    with pytest.raises(DataError, match=r"bin000002\.png: is 32×24, the ground truth is 24×32"):
        score_results(tmp_path / stage.SEQUENCES, tmp_path / stage.PREDICTIONS)


def test_frames_of_a_video_must_have_one_size_still(drawn, tmp_path: Path) -> None:
    (tmp_path / stage.SEQUENCES / SCENE / "pictures.csv").unlink()
    with pytest.raises(DataError, match=r"gt000002\.png: is 24×32, its video is 32×24"):
        score_results(tmp_path / stage.SEQUENCES, tmp_path / stage.PREDICTIONS)


def test_the_sweep_counts_every_size_at_every_threshold(drawn, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, "model=median", "tracking=disabled", "runs=[all]")
    stage.RUNS.mkdir(parents=True)
    (stage.RUNS / "all.json").write_text(json.dumps({"run": "all", "train": [], "predict": [{"scene": SCENE}]}))
    (stage.PREDICTIONS / "all").mkdir()
    (stage.PREDICTIONS / "coco").rename(stage.PREDICTIONS / "all/coco")  # a run for all scenes has them below it
    evaluate.run(load())
    with (stage.REPORTS / "plots/sweep.csv").open() as file:
        rows = {int(row["threshold"]): row for row in csv.DictReader(file)}
    assert len(rows) == 255
    for threshold, row in rows.items():
        counts = expected(drawn, threshold)
        assert float(row["precision"]) == pytest.approx(counts["tp"] / (counts["tp"] + counts["fp"]), abs=1e-6)
        assert float(row["recall"]) == pytest.approx(counts["tp"] / (counts["tp"] + counts["fn"]), abs=1e-6)
    metrics = json.loads((stage.REPORTS / "metrics.json").read_text())["videos"][SCENE]
    assert {key: metrics[key] for key in ("tp", "fp", "fn", "tn")} == expected(drawn)
