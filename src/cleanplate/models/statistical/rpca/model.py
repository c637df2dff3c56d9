"""Robust PCA: a matrix of frames is split into a low-rank background and sparse foreground.

The background may vary in a few ways that the frames share (light, shade, a swaying tree). The coefficients of a new
frame are found from the pixels that fit. The subspace is learnt on small frames, and its output is added to a plate at
full resolution, which keeps the detail.

Paper: Candès, Li, Ma and Wright, Robust principal component analysis? (Journal of the ACM, 2011).

Example: `cleanplate.create("rpca", rank=8).fit(sequence).apply(frame)`. See also `rcae`, the same idea with a network.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import cv2
import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.errors import ConfigError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.graphs.backgrounds import FixedBackground, as_picture, by_channel, solve
from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, Size, States
from cleanplate.models.components.graphs.filters import Resize, median
from cleanplate.models.components.initializers import Initial, initial_background
from cleanplate.models.components.tensors import shrunk
from cleanplate.models.registry import register
from cleanplate.models.statistical.rpca.robust_pca import (
    RIDGE,
    SCALES,
    Floats,
    leading_subspace,
    robust_coefficients,
    robust_pca,
)
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Count, Options, Positive


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


_CHANNELS = 3
_TOLERANCE = 1e-4  # a fortieth of a grey level: frames hold no more


class RobustPcaOptions(Options):
    """What robust PCA is taken over."""

    frames: Annotated[int, Field(ge=2, le=1000)] = 200
    """Columns of the matrix, evenly spaced over the sequence; fewer if it has fewer."""
    scale: Count = 4
    """The subspace is learnt on frames this many times smaller."""
    rank: Count = 8
    """Most ways in which the background may change."""
    sparsity: Positive = 1.0
    """A factor on the weight of the sparse part, see `robust_pca`."""
    iterations: Count = 60
    """Most steps of the decomposition."""
    initial: Initial = "low_motion"
    """The plate whose detail the background keeps, an initialiser's name."""
    noise: bool = True
    """Whether to measure the noise of each pixel over time, which lowers the score of dynamic background."""

    def check(self) -> None:
        """See `Options.check`."""
        if self.initial == "none":
            raise ConfigError("initial: none gives no plate to keep the detail of; choose an initialiser")


@register
class RobustPca(BackgroundModel):
    """See the module."""

    name = "rpca"
    family = "statistical"
    side_by_side = True
    paper = "Candès, Li, Ma and Wright, 2011; Lin, Chen and Ma, 2010"
    Options = RobustPcaOptions
    options: RobustPcaOptions

    def _fit(self, sequence: FrameSequence) -> None:
        """Decomposes evenly spaced small frames; takes the plate."""
        options = self.options
        self._size = sequence.size
        indices = evenly_spaced(range(len(sequence)), options.frames)
        columns = [self._column(frame) for _, frame in sequence.frames(indices)]
        low, _ = robust_pca(np.stack(columns, axis=1), options.sparsity, _TOLERANCE, options.iterations)
        self._basis = leading_subspace(low, options.rank)
        self._keep(initial_background(options.initial, sequence, options.frames))
        self._background = self._plate
        if options.noise:
            self.measure_noise(sequence)

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the plate and the subspace."""
        learnt = {"plate": self._plate, "basis": self._basis} if self.fitted else {}
        return super().state_dict() | learnt

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        if self._size is not None:
            self._basis = np.asarray(state["basis"], np.float32)
            self._keep(np.asarray(state["plate"], np.uint8))

    def _keep(self, plate: Image) -> None:
        """Takes the plate at full resolution, as a column, and where it lies in the subspace."""
        self._plate = plate
        self._small_plate = self._column(plate)
        self._home = self._basis.T @ self._small_plate

    @property
    def _working(self) -> tuple[int, int]:
        assert self._size is not None
        return (max(8, round(self._size[0] / self.options.scale)), max(8, round(self._size[1] / self.options.scale)))

    def _column(self, frame: Image) -> Floats:
        """A frame at working size, flat, float32 in 0 … 1."""
        return shrunk(frame, self._working).reshape(-1).astype(np.float32) / 255

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        return [Estimate(self._background_of(self._column(frame))) for frame in frames]

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        return SubspaceBackground(self._plate, self._basis, self._working)

    def _background_of(self, column: Floats) -> Image:
        # Light first: a factor on everything is the one change that may be far from the plate.
        light = float(np.median(column / np.maximum(self._small_plate, 1 / 255)))
        found = robust_coefficients(column, self._basis, (self._home * light).astype(np.float32), _CHANNELS)
        residual = (self._basis @ found - self._small_plate).reshape(*self._working, _CHANNELS) * 255
        height, width = self._plate.shape[:2]
        full = cv2.resize(residual.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.clip(np.rint(self._plate + full), 0, 255), np.uint8)
