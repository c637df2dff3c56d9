"""The backgrounds of `lowmotion` as graphs: plate and principal components, fixed or learning online."""

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.models.components.graphs.backgrounds import (
    FixedBackground,
    RunningBackground,
    as_picture,
    by_channel,
    solve,
)
from cleanplate.models.components.graphs.estimates import NO_STATES, GraphEstimate, States
from cleanplate.models.components.graphs.filters import Resize, median, median_filter
from cleanplate.models.statistical.lowmotion.residual_subspace import (
    ALIKE_LEVELS,
    LEAST_SHARE,
    RIDGE,
    SCALE,
    TRIM_LEVELS,
)


class SubspaceBackground(FixedBackground):
    """The plate plus the frame's residual in the subspace, as `ResidualSubspace.background`."""

    small: Tensor
    mean: Tensor
    components: Tensor

    def __init__(self, plate: NDArray[Any], mean: Any, components: Any) -> None:
        """Args: the plate, BGR `[H, W, 3]`, and mean and components as in `ResidualSubspace`."""
        super().__init__(plate)
        height, width = plate.shape[:2]
        size = max(8, height // SCALE), max(8, width // SCALE)
        self.shrink = Resize((height, width), size, cv2.INTER_AREA, whole=True)
        self.enlarge = Resize(size, (height, width), cv2.INTER_LINEAR, whole=False)
        whole = self.plate[0].permute(1, 2, 0).numpy().astype(np.uint8)
        shrunk = cv2.resize(whole, size[::-1], interpolation=cv2.INTER_AREA)
        self.register_buffer("small", as_picture(np.asarray(shrunk, np.uint8)))
        self.register_buffer("mean", by_channel(mean, size))
        self.register_buffer("components", by_channel(components, size))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        return GraphEstimate(self.background(frames, self.plate, self.small))

    def background(self, frames: Tensor, plate: Tensor, small: Tensor) -> Tensor:
        """Backgrounds of frames, given the plate `[1, 3, H, W]` at full size and at the components' size."""
        residual = self.shrink(frames) - small
        light = median(residual[:, :, ::2, ::2].flatten(2))[:, :, None, None]
        # The median of an even number may be half a level; halves are cut off, as the conversion to uint8 does.
        gap = torch.floor((residual - light).abs().amax(dim=1, keepdim=True).clamp(0, 255))
        known = (median_filter(gap, 3) < ALIKE_LEVELS).float().flatten(1)
        centred = residual.flatten(1) - self.mean
        found, enough = torch.zeros_like(centred), torch.ones_like(known[:, :1])
        for trim in (*TRIM_LEVELS, None):
            enough = enough * (known.mean(dim=1, keepdim=True) >= LEAST_SHARE).float()
            weighted = self.components * known.repeat(1, 3)[:, None]
            ridge = RIDGE * torch.eye(len(self.components), device=frames.device)
            right_side = weighted @ centred[..., None]
            found = (solve(weighted @ self.components.T + ridge, right_side)[..., 0]) @ self.components
            if trim is not None:
                off = (centred - found).abs().reshape(-1, 3, known.shape[1])
                known = (off.amax(dim=1) < trim).float()
        full = self.enlarge((self.mean + found).reshape(residual.shape))
        changed = torch.round(plate + full).clamp(0, 255)
        return torch.where(enough[:, :, None, None] > 0, changed, plate)


class RunningSubspaceBackground(RunningBackground):
    """A plate that learns online how far frames are from the background expected for them, as `LowMotion._adapt`.

    Light that the components follow is not learnt as a change of the plate.
    """

    def __init__(self, plate: NDArray[Any], subspace: SubspaceBackground | None) -> None:
        """Args: `plate` at the start, uint8 or float32 BGR `[H, W, 3]`; the subspace where the model has one."""
        super().__init__(plate)
        self.subspace: Any = subspace

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        estimate = super().forward(frames, rate, states)
        if self.subspace is None:
            return estimate
        plate = estimate.background
        return GraphEstimate(self.subspace.background(frames, plate, self.subspace.shrink(plate)), states=states)

    def adapt(self, estimate: GraphEstimate, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """See `EstimateGraph`."""
        unexpected = (frames - estimate.background).permute(0, 2, 3, 1)
        return {"running": estimate.states["running"] + unexpected * self.share(mask, rate)}
