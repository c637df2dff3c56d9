"""Precision, recall and F at every threshold as a torchmetrics metric."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from cleanplate.metrics.functional.cdnet import MOVING, UNKNOWN, require_uint8
from cleanplate.metrics.functional.sweep import LEVELS, Curve, curve_of


class ThresholdSweep(Metric):
    """Histograms of 8-bit scores over positives and negatives, from which every threshold's metrics follow.

    Needs 4 KB however many frames it sees, and is exact (int64).

    Example:
        >>> sweep = ThresholdSweep()
        >>> sweep.update(torch.tensor([[10, 200]], dtype=torch.uint8), torch.tensor([[0, 255]], dtype=torch.uint8))
        >>> float(sweep.compute()["best_threshold"])
        11.0
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False

    histograms: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("histograms", default=torch.zeros((2, LEVELS), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, scores: Tensor, truth: Tensor, roi: Tensor | None = None) -> None:
        """Counts frames.

        Args:
            scores: uint8 `[..., H, W]`, higher is more foreground.
            truth: the same shape, labels 0, 50, 85, 170, 255.
            roi: uint8, anything that broadcasts to that shape, not 0 where pixels count; `None` means everywhere.

        Raises:
            ValueError: for tensors of another type or of different shapes.
        """
        require_uint8(scores=scores, truth=truth)
        counts = truth != UNKNOWN
        if roi is not None:
            counts &= roi != 0
        positive = truth == MOVING
        self.histograms[0] += torch.bincount(scores[counts & positive].long(), minlength=LEVELS)
        self.histograms[1] += torch.bincount(scores[counts & ~positive].long(), minlength=LEVELS)

    def curve(self) -> Curve:
        """The curve of this process's states."""
        return curve_of(self.histograms.cpu().numpy())

    def compute(self) -> dict[str, Tensor]:
        """The curves `precision`, `recall`, `f_measure` as float32 `[256]`, and the numbers drawn from them.

        Returns:
            The curves; `average_precision`, `best_f_measure` and `best_threshold` as float32 scalars.
        """
        curve = self.curve()
        values = {
            "precision": curve.precision,
            "recall": curve.recall,
            "f_measure": curve.f_measure,
            "average_precision": curve.average_precision,
            "best_f_measure": curve.f_measure.max(),
            "best_threshold": curve.best_threshold,
        }
        device = self.histograms.device
        return {name: torch.as_tensor(value, dtype=torch.float32, device=device) for name, value in values.items()}
