"""The mathematics of the metrics, as functions of arrays; the `Metric` classes only hold states and call these."""

from cleanplate.metrics.functional.background import (
    BACKGROUND_SIX,
    background_quality,
    best_background_quality,
    ms_ssim,
)
from cleanplate.metrics.functional.cdnet import CDNET_SEVEN, CdnetCounts, PixelCounter, cdnet_metrics, count_pixels
from cleanplate.metrics.functional.sweep import Curve, curve_of, score_histograms

__all__ = [
    "BACKGROUND_SIX",
    "CDNET_SEVEN",
    "CdnetCounts",
    "Curve",
    "PixelCounter",
    "background_quality",
    "best_background_quality",
    "cdnet_metrics",
    "count_pixels",
    "curve_of",
    "ms_ssim",
    "score_histograms",
]
