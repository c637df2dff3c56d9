"""Metrics the field agrees on: the CDnet seven, the scene-background six, and curves over every threshold."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleanplate.metrics.background import BackgroundQuality
    from cleanplate.metrics.cdnet import CdnetMetrics
    from cleanplate.metrics.sweep import ThresholdSweep

__all__ = ["BackgroundQuality", "CdnetMetrics", "ThresholdSweep"]

# Imported on first use: scoring a folder needs `metrics.functional` only and must not wait for torch.
_HOMES = {"BackgroundQuality": "background", "CdnetMetrics": "cdnet", "ThresholdSweep": "sweep"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cleanplate.metrics' has no attribute {name!r}")
    return getattr(import_module(f"cleanplate.metrics.{_HOMES[name]}"), name)
