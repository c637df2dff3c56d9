"""Backgrounds that a graph can hold: a still plate, and one whose light follows the frame by principal components."""

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cleanplate.engine.export.estimates import NOTHING, EstimateGraph, Known, Size, States, builds
from cleanplate.engine.export.filters import Resize, median_filter, middle
from cleanplate.engine.export.running import RunningBackground, UnforeseenBackground
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.statistical.lowmotion.model import LowMotion
from cleanplate.models.statistical.temporal.model import TemporalModel
from cleanplate.utils.arrays import Image

# As `cleanplate.models.statistical.lowmotion.residual_subspace` has them; tests hold the two together.
_SCALE = 4
_ALIKE_LEVELS = 20
_TRIM_LEVELS = (12, 12)
_LEAST_SHARE = 0.05
_RIDGE = 1.0


def as_picture(plate: Image) -> Tensor:
    """uint8 BGR `[H, W, 3]` as float32 `[1, 3, H, W]`."""
    return torch.from_numpy(plate.copy()).permute(2, 0, 1)[None].float()


class StillBackground(EstimateGraph):
    """The same plate for every frame."""

    plate: Tensor

    def __init__(self, plate: Image) -> None:
        super().__init__()
        self.register_buffer("plate", as_picture(plate))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        return Known(self.plate.expand_as(frames))


class ResidualBackground(StillBackground):
    """The plate with the frame's residual, see `cleanplate.models.statistical.lowmotion.residual_subspace`."""

    small: Tensor
    mean: Tensor
    components: Tensor

    def __init__(self, plate: Image, mean: Any, components: Any) -> None:
        super().__init__(plate)
        height, width = plate.shape[:2]
        size = max(8, height // _SCALE), max(8, width // _SCALE)
        self.shrink = Resize((height, width), size, cv2.INTER_AREA, whole=True)
        self.enlarge = Resize(size, (height, width), cv2.INTER_LINEAR, whole=False)
        shrunk = cv2.resize(plate, size[::-1], interpolation=cv2.INTER_AREA)
        self.register_buffer("small", as_picture(np.asarray(shrunk, np.uint8)))
        self.register_buffer("mean", by_channel(mean, size))
        self.register_buffer("components", by_channel(components, size))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        return Known(self.followed(frames, self.plate, self.small))

    def followed(self, frames: Tensor, plate: Tensor, small: Tensor) -> Tensor:
        """Backgrounds of frames, given the plate, `[1, 3, H, W]`, at full and at the components' size."""
        residual = self.shrink(frames) - small
        light = middle(residual[:, :, ::2, ::2].flatten(2))[:, :, None, None]
        # Half levels, where the median of an even number lies, are cut off, as the conversion to uint8 does.
        gap = torch.floor((residual - light).abs().amax(dim=1, keepdim=True).clamp(0, 255))
        known = (median_filter(gap, 3) < _ALIKE_LEVELS).float().flatten(1)
        centred = residual.flatten(1) - self.mean
        found, enough = torch.zeros_like(centred), torch.ones_like(known[:, :1])
        for trim in (*_TRIM_LEVELS, None):
            enough = enough * (known.mean(dim=1, keepdim=True) >= _LEAST_SHARE).float()
            weighted = self.components * known.repeat(1, 3)[:, None]
            ridge = _RIDGE * torch.eye(len(self.components), device=frames.device)
            answer = weighted @ centred[..., None]
            found = (solved(weighted @ self.components.T + ridge, answer)[..., 0]) @ self.components
            if trim is not None:
                off = (centred - found).abs().reshape(-1, 3, known.shape[1])
                known = (off.amax(dim=1) < trim).float()
        followed = self.enlarge((self.mean + found).reshape(residual.shape))
        lit = torch.round(plate + followed).clamp(0, 255)
        return torch.where(enough[:, :, None, None] > 0, lit, plate)


def by_channel(rows: Any, size: Size) -> Tensor:
    """Small pictures, flat, pixel by pixel, `[K, h·w·3]` or one, as `[K, 3·h·w]`: channel by channel."""
    return torch.tensor(np.asarray(rows)).reshape(-1, *size, 3).permute(0, 3, 1, 2).reshape(-1, 3 * size[0] * size[1])


def solved(systems: Tensor, answers: Tensor) -> Tensor:
    """Solutions of small positive definite systems, `[N, K, K]` and `[N, K, 1]`: ONNX has no solver (Gauss, Jordan)."""
    count = int(systems.shape[1])
    joined = torch.cat([systems, answers], dim=2)
    for row in range(count):
        pivot = joined[:, row : row + 1] / joined[:, row : row + 1, row : row + 1]
        joined = joined - joined[:, :, row : row + 1] * pivot
        joined = torch.cat([joined[:, :row], pivot, joined[:, row + 1 :]], dim=1)
    return joined[:, :, count:]


@builds(TemporalModel)
def _temporal(model: TemporalModel, size: Size, adaptive: bool) -> EstimateGraph:
    running = running_of(model, model.state_dict()["background"])
    return RunningBackground(running) if adaptive else StillBackground(whole_levels(running))


@builds(LowMotion)
def _low_motion(model: LowMotion, size: Size, adaptive: bool) -> EstimateGraph:
    state = model.state_dict()
    if "views" in state or "reference" in state:
        raise ModelError(
            f"{model.name}: it follows a camera that moves, which cannot be exported; for a camera that stands "
            "still, fit it with registration=false and views=false"
        )
    running = running_of(model, state["plate"])
    residual = None
    if "components" in state:
        residual = ResidualBackground(whole_levels(running), state["mean"], state["components"])
    if adaptive:
        return UnforeseenBackground(running, residual)
    return residual or StillBackground(whole_levels(running))


def running_of(model: BackgroundModel, plate: Image) -> NDArray[Any]:
    """The plate with what was taken over from frames, if anything was: float32, or uint8 as it was fitted."""
    followed = model.stream_state().get("running")
    return plate if followed is None else np.asarray(followed, np.float32)


def whole_levels(plate: NDArray[Any]) -> Image:
    """A plate rounded to levels, uint8."""
    return np.asarray(np.clip(np.rint(plate), 0, 255), np.uint8)
