"""Boundary F as a torchmetrics metric, for validation while training."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from cleanplate.metrics.functional.boundary import TOLERANCE, boundary_f


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
