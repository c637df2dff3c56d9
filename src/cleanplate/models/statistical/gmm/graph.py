"""The label of a Gaussian mixture as a graph, see `PixelLabeller`."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from cleanplate.models.components.graphs.backgrounds import FixedBackground
from cleanplate.models.components.graphs.estimates import NO_STATES, GraphEstimate, States
from cleanplate.models.statistical.gmm.gaussian_mixture import whitening
from cleanplate.utils.arrays import Image


class MixtureGraph(FixedBackground):
    """Scores a pixel by its distance from the nearest background component."""

    means: Tensor
    white: Tensor
    blocked: Tensor

    def __init__(self, plate: Image, mixture: dict[str, Any], background_share: float, levels: float) -> None:
        """Makes the graph.

        Args:
            plate: the background, uint8 BGR `[H, W, 3]`.
            mixture: `weights` `[P, K]` descending, `means` `[P, K, 3]` and `covariances` `[P, K, 3, 3]`, float32.
            background_share: the components that first exceed this share together are background.
            levels: score of one standard deviation.
        """
        super().__init__(plate)
        self.levels = levels
        size, weights = plate.shape[:2], mixture["weights"]
        foreign = np.cumsum(weights, axis=1) - weights > background_share  # [P, K]
        white = whitening(torch.from_numpy(mixture["covariances"])).numpy()
        white = np.where(foreign[..., None, None], np.float32(0), white)  # that of an empty component is not a number
        self.register_buffer("means", torch.from_numpy(mixture["means"].transpose(1, 2, 0).reshape(-1, 3, *size)))
        self.register_buffer("white", torch.from_numpy(white.transpose(1, 2, 3, 0).reshape(-1, 3, 3, *size)))
        blocked = np.where(foreign.T, np.float32(np.inf), np.float32(0)).reshape(-1, *size)
        self.register_buffer("blocked", torch.from_numpy(blocked))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        away = frames[:, None] - self.means
        squared = self.blocked + torch.zeros_like(away[:, :, 0])
        for row in range(3):
            parts = [self.white[:, row, column] * away[:, :, column] for column in range(row + 1)]
            squared = squared + torch.stack(parts).sum(dim=0).square()
        score = (self.levels * squared.amin(dim=1, keepdim=True).sqrt()).clamp(max=255)
        return GraphEstimate(self.plate.expand_as(frames), score=score)
