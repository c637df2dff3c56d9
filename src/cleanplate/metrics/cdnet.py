"""Metrics of masks for validation while training: the CDnet seven, and boundary F."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from cleanplate.metrics.functional.boundary import TOLERANCE, boundary_f
from cleanplate.metrics.functional.cdnet import (
    FOREGROUND,
    MOVING,
    SHADOW,
    UNKNOWN,
    CdnetCounts,
    cdnet_metrics,
    require_uint8,
)

_STATES = ("tp", "fp", "fn", "tn", "shadow_errors", "shadow_pixels", "frames")


class CdnetMetrics(Metric):
    """Recall, specificity, FPR, FNR, PWC, precision and F of one video, by the official CDnet rules.

    Counts are exact (int64), on the device of the masks, and add up over processes. Make one per video: the benchmark
    averages videos, not pixels (`cleanplate.metrics.functional.cdnet`).

    Example:
        >>> metric = CdnetMetrics()
        >>> mask = torch.tensor([[[255, 255, 127, 0]]], dtype=torch.uint8)
        >>> truth = torch.tensor([[[255, 50, 255, 170]]], dtype=torch.uint8)
        >>> metric.update(mask, truth)
        >>> metric.compute()["f_measure"]
        tensor(0.5000)
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False

    tp: Tensor
    fp: Tensor
    fn: Tensor
    tn: Tensor
    shadow_errors: Tensor
    shadow_pixels: Tensor
    frames: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in _STATES:
            self.add_state(name, default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, mask: Tensor, truth: Tensor, roi: Tensor | None = None) -> None:
        """Counts frames.

        Args:
            mask: uint8 `[N, H, W]` or `[H, W]`, foreground where exactly 255.
            truth: the same shape, labels 0, 50, 85, 170, 255.
            roi: uint8, anything that broadcasts to that shape, not 0 where pixels count; `None` means everywhere.

        Raises:
            ValueError: for tensors of another type or of different shapes.
        """
        require_uint8(mask=mask, truth=truth)
        counts = truth != UNKNOWN
        if roi is not None:
            counts &= roi != 0
        positive, predicted = (truth == MOVING) & counts, (mask == FOREGROUND) & counts
        shadow = (truth == SHADOW) & counts
        found = (positive & predicted).sum()
        self.tp += found
        self.fp += predicted.sum() - found
        self.fn += positive.sum() - found
        self.tn += (counts & ~positive & ~predicted).sum()
        self.shadow_errors += (shadow & predicted).sum()
        self.shadow_pixels += shadow.sum()
        self.frames += 1 if mask.ndim == 2 else mask.shape[0]

    def counts(self) -> CdnetCounts:
        """The states of this process, as whole numbers."""
        return CdnetCounts(**{name: int(getattr(self, name)) for name in _STATES})

    def compute(self) -> dict[str, Tensor]:
        """The seven, and `fpr_s` where there was shadow; float32 scalars, never NaN (see `cdnet_metrics`)."""
        return {
            name: torch.tensor(value, device=self.tp.device) for name, value in cdnet_metrics(self.counts()).items()
        }


class BoundaryF(Metric):
    """Mean over pictures of the boundary F, see `boundary_f`; 0 before there was a picture.

    Example:
        >>> truth = torch.zeros(1, 1, 40, 40, dtype=torch.long)
        >>> truth[..., 10:30, 10:30] = 1
        >>> metric = BoundaryF()
        >>> metric.update(truth.float(), truth)
        >>> metric.compute()
        tensor(1.)
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    total: Tensor
    count: Tensor

    def __init__(self, ignore_index: int | None = None, tolerance: float = TOLERANCE, **options: Any) -> None:
        """Args: the value of targets that is not judged, and the tolerance as a share of the diagonal."""
        super().__init__(**options)
        self.ignore_index = ignore_index
        self.tolerance = tolerance
        self.add_state("total", default=torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, probability: Tensor, target: Tensor) -> None:
        """Counts pictures.

        Args:
            probability: float `[N, 1, H, W]`, foreground above one half.
            target: whole numbers of the same shape, 1 foreground, 0 background, `ignore_index` neither.
        """
        known = None if self.ignore_index is None else (target != self.ignore_index)[:, 0]
        scores = boundary_f((probability > 0.5)[:, 0], (target == 1)[:, 0], known, self.tolerance)
        self.total += scores.sum()
        self.count += len(scores)

    def compute(self) -> Tensor:
        """Float32 scalar, 0 to 1."""
        return self.total / self.count.clamp(min=1)
