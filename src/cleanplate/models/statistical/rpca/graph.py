"""The background of `rpca` as a graph."""

import cv2
import numpy as np
import torch
from torch import Tensor

from cleanplate.models.components.graphs.backgrounds import FixedBackground, as_picture, by_channel, solve
from cleanplate.models.components.graphs.estimates import NO_STATES, GraphEstimate, Size, States
from cleanplate.models.components.graphs.filters import Resize, median
from cleanplate.models.components.tensors import shrunk
from cleanplate.models.statistical.rpca.robust_pca import RIDGE, SCALES, Floats
from cleanplate.utils.arrays import Image


class SubspaceBackground(FixedBackground):
    """The plate plus the residual of the frame's projection onto the subspace, as `RobustPca` computes it."""

    small: Tensor
    basis: Tensor
    plate_coefficients: Tensor

    def __init__(self, plate: Image, basis: Floats, working: Size) -> None:
        """Args: the plate, uint8 BGR `[H, W, 3]`; the basis `[h·w·3, K]` of the subspace; (h, w)."""
        super().__init__(plate)
        size = plate.shape[0], plate.shape[1]
        self.shrink = Resize(size, working, cv2.INTER_AREA, whole=True)
        self.enlarge = Resize(working, size, cv2.INTER_LINEAR, whole=False)
        self.register_buffer("small", as_picture(shrunk(plate, working)).flatten(1) / 255)
        self.register_buffer("basis", by_channel(np.asarray(basis).T, working))
        self.register_buffer("plate_coefficients", self.small @ self.basis.T)

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        seen = self.shrink(frames)
        column = seen.flatten(1) / 255
        found = self.plate_coefficients * median((column / self.small.clamp(min=1 / 255))[:, None])
        pixels = int(seen.shape[2]) * int(seen.shape[3])
        ridge = RIDGE * torch.eye(len(self.basis), device=frames.device)
        for scale in SCALES:
            error = (column - found @ self.basis).square().reshape(-1, 3, pixels).mean(dim=1) / scale**2
            weighted = self.basis * (1 / (1 + error).square()).repeat(1, 3)[:, None]
            right_side = weighted @ column[..., None] + RIDGE * found[..., None]
            found = solve(weighted @ self.basis.T + ridge, right_side)[..., 0]
        residual = ((found @ self.basis - self.small) * 255).reshape(seen.shape)
        return GraphEstimate(torch.round(self.plate + self.enlarge(residual)).clamp(0, 255))
