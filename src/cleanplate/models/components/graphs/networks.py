"""Networks in graphs: copies that only predict, operations that ONNX lacks, and the background of an autoencoder."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from math import ceil
from typing import Any

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.overrides import TorchFunctionMode

from cleanplate.models.components.graphs.estimates import (
    NO_STATES,
    EstimateGraph,
    GraphEstimate,
    PredictionGraph,
    Size,
    States,
)
from cleanplate.models.components.graphs.filters import Resize, luma

_FOREGROUND = 255


class NetworkBackground(EstimateGraph):
    """The frame at working size, through a network that gives backgrounds at full size, as `Autoencoder._estimate`."""

    def __init__(self, network: Any, size: Size, *, grey: bool, stream: PredictionGraph | None = None) -> None:
        """Makes the graph.

        Args:
            network: maps pictures at its size `working`, float RGB in 0 … 1, to backgrounds at full size, and to their
                expected error or `None`.
            size: height and width of the frames.
            grey: whether the network works on grey pictures.
            stream: a model whose mask is a fourth channel of the network's input, see `MaskStream`.
        """
        super().__init__()
        self.network = for_export(network)
        self.grey = grey
        self.shrink = Resize(size, network.working, cv2.INTER_AREA, whole=True)
        self.stream = stream
        if stream is not None:
            self.initial_states, self.takes_rate = stream.estimate.initial_states, stream.estimate.takes_rate

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        inputs = self.shrink(frames)
        inputs = luma(inputs).repeat(1, 3, 1, 1) if self.grey else inputs.flip(1)
        if self.stream is not None:
            mask, _, _, states = self.stream(frames, rate, states)
            share = self.shrink((mask == _FOREGROUND).float() * 255)
            inputs = torch.cat([inputs, share], dim=1)
        with Portable():
            backgrounds, noise = self.network(inputs / 255)
        levels = torch.round(backgrounds * 255).clamp(0, 255).flip(1)
        return GraphEstimate(levels, None if noise is None else noise[:, :1] * 255, states=states)


def for_export(network: nn.Module) -> Any:
    """A copy that only predicts, float32 on the CPU, with parametrised weights (a spectral norm's) worked out."""
    copy = deepcopy(network).float().cpu().eval().requires_grad_(False)
    for part in copy.modules():
        if parametrize.is_parametrized(part):
            names = list(part.parametrizations)  # type: ignore[arg-type]  # a ModuleDict
            weights = {name: getattr(part, name).detach().clone() for name in names}
            # `remove_parametrizations` would change the class, which the copy shares with the original.
            part.__class__ = parametrize.type_before_parametrizations(part)
            del part.parametrizations
            for name, weight in weights.items():
                setattr(part, name, nn.Parameter(weight, requires_grad=False))
    return copy


class Portable(TorchFunctionMode):
    """Replaces operations that ONNX supports for some sizes only by operations that it supports for all."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Replaces `F.interpolate` with mode `area` and `Tensor.unfold`."""
        named = dict(kwargs or {})
        if func is torch.Tensor.unfold:
            return unfold(*args, **named)
        if func is F.interpolate and named.get("mode") == "area":
            size = named.get("size", args[1] if len(args) > 1 else None)
            if size is not None:
                pictures = args[0] if args else named["input"]
                return area_means(pictures, (size, size) if isinstance(size, int) else (int(size[0]), int(size[1])))
        return func(*args, **named)


def area_means(pictures: Tensor, size: Size) -> Tensor:
    """`F.interpolate` with mode `area`: each output is the mean of the inputs that it overlaps."""
    rows, columns = (_area_weights(int(before), after) for before, after in zip(pictures.shape[-2:], size, strict=True))
    return rows.to(pictures) @ pictures @ columns.T.to(pictures)


def unfold(pictures: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """`Tensor.unfold`: windows along a dimension; the last dimension of the result runs inside a window."""
    axis = dimension % pictures.dim()
    starts = range(0, int(pictures.shape[axis]) - size + 1, step)
    places = torch.tensor([start + place for start in starts for place in range(size)], device=pictures.device)
    windows = torch.unflatten(pictures.index_select(axis, places), axis, (len(starts), size))
    return windows.movedim(axis + 1, -1)


def _area_weights(before: int, after: int) -> Tensor:
    """Weight of each input in each output along one axis, `[after, before]`."""
    weights = torch.zeros(after, before)
    for place in range(after):
        first, last = place * before // after, ceil((place + 1) * before / after)
        weights[place, first:last] = 1 / (last - first)
    return weights
