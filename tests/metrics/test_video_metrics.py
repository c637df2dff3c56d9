"""A metric of a video is one function that registers itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from cleanplate.metrics.functional import video_metrics as module
from cleanplate.metrics.functional.cdnet import CdnetCounts
from cleanplate.metrics.functional.video_metrics import iou, video_metric, video_metrics
from cleanplate.pipeline.scores import Scores


@pytest.fixture
def prevalence() -> Iterator[str]:
    @video_metric
    def prevalence(counts: CdnetCounts) -> float:
        return (counts.tp + counts.fn) / 100

    yield "prevalence"
    del module._METRICS["prevalence"]


def test_iou_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth, mask = random.random((2, 1000)) < [[0.3], [0.4]]
    counts = CdnetCounts(
        tp=int((truth & mask).sum()),
        fp=int((~truth & mask).sum()),
        fn=int((truth & ~mask).sum()),
        tn=int((~truth & ~mask).sum()),
    )
    assert iou(counts) == pytest.approx(jaccard_score(truth, mask))
    assert iou(CdnetCounts(tn=5)) == 1


def test_a_registered_metric_is_written_for_each_video(prevalence: str, tmp_path: Path) -> None:
    scores = Scores(counts={"a/b": CdnetCounts(tp=10, fp=2, fn=5, tn=83, frames=1)})
    assert list(video_metrics()) == ["iou", prevalence]
    assert json.loads(scores.to_json())["videos"]["a/b"][prevalence] == 0.15
    scores.write_csv(tmp_path)
    header, row = (tmp_path / "videos.csv").read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))[prevalence] == "0.15"


def test_two_metrics_of_one_name_are_refused() -> None:
    def another(counts: CdnetCounts) -> float:
        return 0.0

    another.__name__ = "iou"
    with pytest.raises(ValueError, match="two metrics are called 'iou'"):
        video_metric(another)
