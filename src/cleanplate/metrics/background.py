"""The scene-background six as a torchmetrics metric."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from cleanplate.metrics.functional.background import BACKGROUND_SIX, background_quality
from cleanplate.utils.arrays import Image


class BackgroundQuality(Metric):
    """AGE, pEPs, pCEPs, MS-SSIM, PSNR and CQM, averaged over pictures (see `functional.background_quality`).

    Computed on the processor, in whole numbers and float64: a handful of pictures per video is judged, and PSNR of
    nearly equal pictures is a matter of the last digits.

    Example:
        >>> metric = BackgroundQuality()
        >>> metric.update(torch.zeros(1, 3, 32, 32), torch.full((1, 3, 32, 32), 10 / 255))
        >>> metric.compute()["age"]
        tensor(10.)
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False

    totals: Tensor
    pictures: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("totals", default=torch.zeros(len(BACKGROUND_SIX), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("pictures", default=torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, estimate: Tensor, truth: Tensor) -> None:
        """Judges pictures.

        Args:
            estimate: RGB `[N, 3, H, W]`, float in [0, 1] or uint8.
            truth: the same.

        Raises:
            ValueError: for another number of dimensions or channels, or shapes that differ.
        """
        if estimate.shape != truth.shape or estimate.ndim != 4 or estimate.shape[1] != 3:
            shapes = f"{tuple(estimate.shape)} and {tuple(truth.shape)}"
            raise ValueError(f"estimate, truth: must both be [N, 3, H, W], have shapes {shapes}")
        for ours, theirs in zip(_pictures(estimate), _pictures(truth), strict=True):
            quality = background_quality(ours, theirs)
            self.totals += torch.tensor([quality[name] for name in BACKGROUND_SIX]).to(self.totals)
        self.pictures += estimate.shape[0]

    def compute(self) -> dict[str, Tensor]:
        """The means of the six, float32 scalars; 0 before the first picture."""
        means = (self.totals / self.pictures.clamp(min=1)).float()
        return dict(zip(BACKGROUND_SIX, means.unbind(), strict=True))


def _pictures(batch: Tensor) -> Image:
    """RGB `[N, 3, H, W]` to BGR uint8 `[N, H, W, 3]`."""
    if batch.is_floating_point():
        batch = (batch * 255).round().clamp(0, 255)
    return np.ascontiguousarray(batch.to(torch.uint8).permute(0, 2, 3, 1).flip(-1).cpu().numpy())
