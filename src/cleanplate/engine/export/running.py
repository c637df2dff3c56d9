"""Plates that go on learning online: they are a state, which each frame changes where it shows background."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.engine.export.estimates import NOTHING, EstimateGraph, Known, States


class RunningBackground(EstimateGraph):
    """A plate that takes over, at a learning rate above 0, what frames show where the mask sees background.

    See `TemporalModel`. `running` is that plate, float32 BGR `[1, H, W, 3]`; at other rates it stays as it is.
    """

    def __init__(self, plate: NDArray[Any]) -> None:
        """Args: what it starts from, uint8 or float32 BGR `[H, W, 3]`."""
        super().__init__()
        self.takes_rate = True
        self.initial = {"running": torch.from_numpy(np.array(plate[None], np.float32))}

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        return Known(torch.round(states["running"].permute(0, 3, 1, 2)).clamp(0, 255), states=states)

    def taught(self, known: Known, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """See `EstimateGraph`; `cv2.accumulateWeighted`."""
        share = self.share(mask, rate)
        return {"running": frames.permute(0, 2, 3, 1) * share + known.states["running"] * (1 - share)}

    def share(self, mask: Tensor, rate: Tensor | None) -> Tensor:
        """How much is taken over where, `[1, H, W, 1]`."""
        assert rate is not None
        return ((mask == 0).float() * rate.clamp(min=0)).permute(0, 2, 3, 1)


class UnforeseenBackground(RunningBackground):
    """As `RunningBackground`, but what is taken over is how far frames are from their background; see `LowMotion`.

    What the light does, which the components follow, is not learnt as a change of the plate.
    """

    def __init__(self, plate: NDArray[Any], residual: Any) -> None:
        """Args: the plate, and a `ResidualBackground` where it has components."""
        super().__init__(plate)
        self.residual: Any = residual

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        known = super().forward(frames, rate, states)
        if self.residual is None:
            return known
        plate = known.background
        return Known(self.residual.followed(frames, plate, self.residual.shrink(plate)), states=states)

    def taught(self, known: Known, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """See `EstimateGraph`."""
        unforeseen = (frames - known.background).permute(0, 2, 3, 1)
        return {"running": known.states["running"] + unforeseen * self.share(mask, rate)}
