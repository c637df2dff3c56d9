"""Backgrounds that a graph can hold: a still plate, and one whose light follows the frame by principal components."""

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.engine.export.filters import Resize, median_filter, middle
from cleanplate.errors import ModelError
from cleanplate.foreground.difference import Image
from cleanplate.models.base import BackgroundModel
from cleanplate.models.statistical.lowmotion import LowMotion
from cleanplate.models.statistical.temporal import TemporalModel

# As `cleanplate.models.residual_subspace` has them; tests hold the two together.
_SCALE = 4
_ALIKE_LEVELS = 20
_TRIM_LEVELS = (12, 12)
_LEAST_SHARE = 0.05
_RIDGE = 1.0


def as_picture(plate: Image) -> Tensor:
    """uint8 BGR `[H, W, 3]` as float32 `[1, 3, H, W]`."""
    return torch.from_numpy(plate.copy()).permute(2, 0, 1)[None].float()


class StillBackground(nn.Module):
    """The same plate for every frame."""

    plate: Tensor

    def __init__(self, plate: Image) -> None:
        super().__init__()
        self.register_buffer("plate", as_picture(plate))

    def forward(self, frames: Tensor) -> Tensor:
        """Backgrounds of frames, float32 BGR `[N, 3, H, W]`."""
        return self.plate.expand_as(frames)


class ResidualBackground(StillBackground):
    """The plate with the frame's residual, see `cleanplate.models.residual_subspace`."""

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
        # Channel by channel here, pixel by pixel there.
        self.register_buffer("mean", torch.tensor(mean).reshape(1, *size, 3).permute(0, 3, 1, 2).reshape(1, -1))
        ordered = torch.tensor(components).reshape(-1, *size, 3).permute(0, 3, 1, 2)
        self.register_buffer("components", ordered.reshape(len(components), -1))

    def forward(self, frames: Tensor) -> Tensor:
        """Backgrounds of frames, float32 BGR `[N, 3, H, W]`."""
        residual = self.shrink(frames) - self.small
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
            found = (_solved(weighted @ self.components.T + ridge, answer)[..., 0]) @ self.components
            if trim is not None:
                off = (centred - found).abs().reshape(-1, 3, known.shape[1])
                known = (off.amax(dim=1) < trim).float()
        followed = self.enlarge((self.mean + found).reshape(residual.shape))
        lit = torch.round(self.plate + followed).clamp(0, 255)
        return torch.where(enough[:, :, None, None] > 0, lit, self.plate)


def _solved(systems: Tensor, answers: Tensor) -> Tensor:
    """Solutions of small positive definite systems, `[N, K, K]` and `[N, K, 1]`: ONNX has no solver (Gauss, Jordan)."""
    count = int(systems.shape[1])
    joined = torch.cat([systems, answers], dim=2)
    for row in range(count):
        pivot = joined[:, row : row + 1] / joined[:, row : row + 1, row : row + 1]
        joined = joined - joined[:, :, row : row + 1] * pivot
        joined = torch.cat([joined[:, :row], pivot, joined[:, row + 1 :]], dim=1)
    return joined[:, :, count:]


def background_of(model: BackgroundModel) -> StillBackground:
    """The graph of a model's background.

    Raises:
        ModelError: where there is none, naming the models that have one.
    """
    if isinstance(model, TemporalModel):
        followed = model.memory()["running"]
        return StillBackground(model.state()["background"] if followed is None else np.rint(followed).astype(np.uint8))
    if isinstance(model, LowMotion):
        state = model.state()
        if "views" in state or "reference" in state:
            raise ModelError(
                f"{model.name}: it follows a camera that moves, which cannot be exported; for a camera that stands "
                "still, fit it with registration=false and views=false"
            )
        if "components" in state:
            return ResidualBackground(state["plate"], state["mean"], state["components"])
        return StillBackground(state["plate"])
    raise ModelError(
        f"{model.name}: cannot be exported: its background changes with what it has seen, or a network makes it; "
        "mean, trimmed_mean, median, mode, benet and lowmotion can, plate on any of these, and pairnet"
    )
