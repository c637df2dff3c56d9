"""Histograms of scores over positives and negatives, and the curves over all thresholds computed from them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.metrics.functional.cdnet import MOVING, UNKNOWN, require_uint8
from cleanplate.utils.arrays import Image

Histograms = NDArray[np.int64]
LEVELS = 256


@dataclass(frozen=True)
class Curve:
    """Precision, recall and F at the 256 thresholds; entry `t` is the mask `score >= t`. All float64 `[256]`."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f_measure: NDArray[np.float64]

    @property
    def best_threshold(self) -> int:
        """The lowest threshold whose F is the highest."""
        return int(self.f_measure.argmax())

    @property
    def average_precision(self) -> float:
        """The area under the steps of the precision-recall curve, as scikit-learn's `average_precision_score`."""
        gained = self.recall - np.append(self.recall[1:], 0.0)
        return float((gained * self.precision).sum())


def score_histograms(scores: Image, truth: Image, roi: Image | None = None) -> Histograms:
    """Histograms of one frame's scores over its positives (row 0) and negatives (row 1), by the rules of CDnet.

    Args:
        scores: uint8 `[H, W]`, higher is more foreground.
        truth: uint8 `[H, W]`, labels 0, 50, 85, 170, 255.
        roi: uint8 `[H, W]`, not 0 where pixels count; `None` means everywhere.

    Returns:
        int64 `[2, 256]`; those of several frames add up.

    Raises:
        ValueError: for arrays of another type or of different shapes.
    """
    require_uint8(scores=scores, truth=truth, **({} if roi is None else {"roi": roi}))
    positive = truth == MOVING
    negative = (truth != MOVING) & (truth != UNKNOWN)
    if roi is not None:
        inside = roi != 0
        positive &= inside
        negative &= inside
    return np.stack([_histogram(scores, positive), _histogram(scores, negative)])


def curve_of(histograms: Histograms) -> Curve:
    """Precision, recall and F at every threshold.

    0/0 is settled as in `cdnet_metrics`: recall without positives is 1; precision without predictions is 0, or 1 where
    there are no positives either.

    Args:
        histograms: int64 `[2, 256]`, see `score_histograms`.
    """
    tp, fp = np.cumsum(histograms[:, ::-1], axis=1)[:, ::-1]
    positives = int(histograms[0].sum())
    fn = positives - tp
    nothing_to_find = 0.0 if positives else 1.0
    return Curve(
        precision=_ratios(tp, tp + fp, nothing_to_find),
        recall=_ratios(tp, tp + fn, 1.0),
        f_measure=_ratios(2 * tp, 2 * tp + fp + fn, 1.0),
    )


def _histogram(scores: Image, where: NDArray[np.bool_]) -> Histograms:
    if scores.size >= 1 << 24:  # OpenCV's histogram is float32, exact up to here
        return np.bincount(scores[where], minlength=LEVELS).astype(np.int64)
    counts = cv2.calcHist([scores], [0], where.view(np.uint8), [LEVELS], [0, LEVELS])
    return counts.ravel().astype(np.int64)


def _ratios(part: Histograms, whole: Histograms, without: float) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), without)
