"""Learned backgrounds: the frame made smaller, the network's picture of it, at full size again.

The network is taken as it is: whatever inherits from `Autoencoder` and prepares its frames as that does has a graph.
"""

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

from cleanplate.engine.export.estimates import NOTHING, EstimateGraph, Known, Size, States, builds, refuses
from cleanplate.engine.export.filters import Resize
from cleanplate.engine.export.model_graph import ModelGraph, model_graph
from cleanplate.models.adversarial.gan import Gan
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.autoencoder.flow_ae.model import FlowAutoencoder
from cleanplate.models.autoencoder.stream_ae import StreamAutoencoder
from cleanplate.models.components.streams import MaskStream

_FOREGROUND = 255
_GREY = (3735 / 32768, 19235 / 32768, 9798 / 32768)  # OpenCV's whole numbers for blue, green and red
_WAYS = ("_inputs", "_packed", "_estimated")
_FLOW = "its network is shown the optical flow that OpenCV finds between two frames, which no graph works out"


class NetworkBackground(EstimateGraph):
    """What an autoencoder's network makes of a frame, see `Autoencoder`.

    With `stream`, the mask of another model goes in beside the colours, see `MaskStream`.
    """

    def __init__(self, model: Autoencoder, size: Size, stream: ModelGraph | None = None) -> None:
        super().__init__()
        self.network = for_export(model.network)
        self.grey = model.options.grey
        self.shrink = Resize(size, model.network.working, cv2.INTER_AREA, whole=True)
        self.stream = stream
        if stream is not None:
            self.initial, self.takes_rate = stream.states, stream.takes_rate

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        inputs = self.shrink(frames)
        inputs = _in_grey(inputs) if self.grey else inputs.flip(1)
        if self.stream is not None:
            mask, _, _, states = self.stream.answer(frames, rate, states)
            share = self.shrink((mask == _FOREGROUND).float() * 255)
            inputs = torch.cat([inputs, share], dim=1)
        with Portable():
            backgrounds, noise = self.network(inputs / 255)
        levels = torch.round(backgrounds * 255).clamp(0, 255).flip(1)
        return Known(levels, None if noise is None else noise[:, :1] * 255, states=states)


def for_export(network: nn.Module) -> Any:
    """A copy that only predicts, in 32 bits on the CPU; what a norm works its weights out from is worked out."""
    copy = deepcopy(network).float().cpu().eval().requires_grad_(False)
    for part in copy.modules():
        if parametrize.is_parametrized(part):
            names = list(part.parametrizations)  # type: ignore[arg-type]  # a ModuleDict
            weights = {name: getattr(part, name).detach().clone() for name in names}
            # Not by `remove_parametrizations`: it changes the class, which a copy has in common with the original.
            part.__class__ = parametrize.type_before_parametrizations(part)
            del part.parametrizations
            for name, weight in weights.items():
                setattr(part, name, nn.Parameter(weight, requires_grad=False))
    return copy


class Portable(TorchFunctionMode):
    """Within it, what ONNX has for some sizes only is put together from what it has for all."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """`F.interpolate` by `area` and `Tensor.unfold` in other words, all else as it is."""
        given = dict(kwargs or {})
        if func is torch.Tensor.unfold:
            return windows(*args, **given)
        if func is F.interpolate and given.get("mode") == "area":
            size = given.get("size", args[1] if len(args) > 1 else None)
            if size is not None:
                pictures = args[0] if args else given["input"]
                return area_means(pictures, (size, size) if isinstance(size, int) else (int(size[0]), int(size[1])))
        return func(*args, **given)


def area_means(pictures: Tensor, size: Size) -> Tensor:
    """`F.interpolate` to `size` by `area`: each value the mean of all that it touches."""
    rows, columns = (_touched(int(before), after) for before, after in zip(pictures.shape[-2:], size, strict=True))
    return rows.to(pictures) @ pictures @ columns.T.to(pictures)


def windows(pictures: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """`Tensor.unfold`: windows along a dimension, which becomes their number; what is in each comes last."""
    axis = dimension % pictures.dim()
    starts = range(0, int(pictures.shape[axis]) - size + 1, step)
    places = torch.tensor([start + place for start in starts for place in range(size)], device=pictures.device)
    found = torch.unflatten(pictures.index_select(axis, places), axis, (len(starts), size))
    return found.movedim(axis + 1, -1)


def _touched(before: int, after: int) -> Tensor:
    shares = torch.zeros(after, before)
    for place in range(after):
        first, last = place * before // after, ceil((place + 1) * before / after)
        shares[place, first:last] = 1 / (last - first)
    return shares


def _in_grey(pictures: Tensor) -> Tensor:
    """`as_grey` of whole levels BGR `[N, 3, H, W]`."""
    shares = torch.tensor(_GREY, device=pictures.device)[:, None, None]
    return torch.floor((pictures * shares).sum(dim=1, keepdim=True) + 0.5).repeat(1, 3, 1, 1)


@builds(Autoencoder, *_WAYS)
def _autoencoder(model: Autoencoder, size: Size, adaptive: bool) -> EstimateGraph:
    return NetworkBackground(model, size)


def _searching(model: Gan) -> str:
    steps = model.options.search_steps
    return (
        f"search_steps: {steps} steps along a gradient for each frame are no graph; with search_steps=0 it can"
        if steps
        else ""
    )


@builds(Gan, *_WAYS, unless=_searching)
def _gan(model: Gan, size: Size, adaptive: bool) -> EstimateGraph:
    return NetworkBackground(model, size)


refuses(StreamAutoencoder, _FLOW)


def _flowing(model: FlowAutoencoder) -> str:
    masked = isinstance(model.stream, MaskStream)
    return "" if masked else f"{_FLOW}; with stream=mask it can, where the model of the mask can"


@builds(FlowAutoencoder, *_WAYS, unless=_flowing)
def _masked(model: FlowAutoencoder, size: Size, adaptive: bool) -> EstimateGraph:
    assert isinstance(model.stream, MaskStream)
    return NetworkBackground(model, size, model_graph(model.stream.model, size, adaptive))
