"""Metrics of a video beside the official seven, computed from its pixel counts.

A new metric is one function under `@video_metric` in a module of `metrics/functional/`, or in a plugin. The stage
`evaluate` writes it for each video to `metrics.json` and `videos.csv`:

    @video_metric
    def iou(counts: CdnetCounts) -> float: ...
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module

from cleanplate.metrics.functional.cdnet import CdnetCounts

VideoMetric = Callable[[CdnetCounts], float]

_METRICS: dict[str, VideoMetric] = {}


def video_metric(metric: VideoMetric) -> VideoMetric:
    """Decorator: registers a metric under the name of its function.

    Raises:
        ValueError: if another metric has the name.
    """
    known = _METRICS.setdefault(metric.__name__, metric)
    if known.__module__ != metric.__module__:
        raise ValueError(f"two metrics are called {metric.__name__!r}: in {known.__module__} and {metric.__module__}")
    _METRICS[metric.__name__] = metric
    return metric


def video_metrics() -> dict[str, VideoMetric]:
    """Every registered metric by name, in the order of registration; imports all modules of this package."""
    package = import_module(__package__ or "cleanplate.metrics.functional")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(_METRICS)


@video_metric
def iou(counts: CdnetCounts) -> float:
    """Intersection over union of masks and ground truth, TP / (TP + FP + FN) over all frames; 1 if both are empty.

    >>> iou(CdnetCounts(tp=3, fp=1, fn=0))
    0.75
    """
    union = counts.tp + counts.fp + counts.fn
    return counts.tp / union if union else 1.0
