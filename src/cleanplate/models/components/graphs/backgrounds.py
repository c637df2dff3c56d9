"""Backgrounds as graphs: a fixed plate, and one that learns online; and what graphs of subspaces share."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, Size, States
from cleanplate.utils.arrays import Image


def as_picture(plate: Image) -> Tensor:
    """uint8 BGR `[H, W, 3]` as float32 `[1, 3, H, W]`."""
    return torch.from_numpy(plate.copy()).permute(2, 0, 1)[None].float()


class FixedBackground(EstimateGraph):
    """The same plate for every frame."""

    plate: Tensor

    def __init__(self, plate: NDArray[Any]) -> None:
        """Args: `plate` BGR `[H, W, 3]` in grey levels; floats are rounded to levels."""
        super().__init__()
        self.register_buffer("plate", as_picture(np.asarray(np.clip(np.rint(plate), 0, 255), np.uint8)))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        return GraphEstimate(self.plate.expand_as(frames))


class RunningBackground(EstimateGraph):
    """A plate that learns online: at a learning rate above 0 it follows the frames where the mask is background.

    The state `running` is the plate, float32 BGR `[1, H, W, 3]`; at other rates it stays as it is. See `TemporalModel`.
    """

    def __init__(self, plate: NDArray[Any]) -> None:
        """Args: `plate` at the start, uint8 or float32 BGR `[H, W, 3]`."""
        super().__init__()
        self.takes_rate = True
        self.initial_states = {"running": torch.from_numpy(np.array(plate[None], np.float32))}

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        return GraphEstimate(torch.round(states["running"].permute(0, 3, 1, 2)).clamp(0, 255), states=states)

    def adapt(self, estimate: GraphEstimate, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """See `EstimateGraph`; as `cv2.accumulateWeighted`."""
        share = self.share(mask, rate)
        return {"running": frames.permute(0, 2, 3, 1) * share + estimate.states["running"] * (1 - share)}

    def share(self, mask: Tensor, rate: Tensor | None) -> Tensor:
        """Weight of the frame in the new plate, `[1, H, W, 1]`."""
        assert rate is not None
        return ((mask == 0).float() * rate.clamp(min=0)).permute(0, 2, 3, 1)


def by_channel(rows: Any, size: Size) -> Tensor:
    """Flat small pictures, `[K, h·w·3]` or one of them, reordered channel by channel: `[K, 3·h·w]`."""
    return torch.tensor(np.asarray(rows)).reshape(-1, *size, 3).permute(0, 3, 1, 2).reshape(-1, 3 * size[0] * size[1])


def solve(systems: Tensor, right_sides: Tensor) -> Tensor:
    """Solutions `[N, K, 1]` of small positive definite systems `[N, K, K]`, by Gauss-Jordan: ONNX has no solver."""
    count = int(systems.shape[1])
    joined = torch.cat([systems, right_sides], dim=2)
    for row in range(count):
        pivot = joined[:, row : row + 1] / joined[:, row : row + 1, row : row + 1]
        joined = joined - joined[:, :, row : row + 1] * pivot
        joined = torch.cat([joined[:, :row], pivot, joined[:, row + 1 :]], dim=1)
    return joined[:, :, count:]
