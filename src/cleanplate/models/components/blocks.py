"""Stages of encoders and decoders: downsampling, refinement, attention gates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from cleanplate.models.components.downsampling import DeformableHalving, DilatedHalving, Luminance

Norm = Literal["group", "batch", "spectral", "none"]
Activation = Literal["silu", "relu", "leaky_relu", "celu"]
Stage = Literal["plain", "dilated", "deformable"]
Attention = Literal["none", "cbam", "spatial_channel"]

_COLOURS = 3
_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "silu": nn.SiLU,
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "celu": nn.CELU,
}


@dataclass(frozen=True)
class Style:
    """How stages look; the same for all stages of a network.

    Attributes:
        norm: `group` takes statistics per picture, so that a result does not depend on what else is in the batch;
            `spectral` bounds the convolutions themselves (Miyato et al., 2018, arXiv 1802.05957).
        activation: by name; `leaky_relu` has a slope of .2.
        stage: how a stage goes down: one strided convolution (`plain`), a dilated one beside it (`dilated`), or one
            behind a learned resampling (`deformable`).
        attention: gates behind each stage down: `none`, `cbam` or `spatial_channel`.
        luminance: the first stage gets the luminance of the colours as a further channel.
        grey: the first stage gets the luminance in place of the colours.
    """

    norm: Norm = "group"
    activation: Activation = "silu"
    stage: Stage = "plain"
    attention: Attention = "none"
    luminance: bool = False
    grey: bool = False

    def first(self, inputs: int, after: int) -> nn.Module:
        """As `down`, from pictures: their first three channels are colours, if there are that many."""
        if inputs < _COLOURS or not (self.luminance or self.grey):
            return self.down(inputs, after)
        before = inputs + 1 if self.luminance else inputs - _COLOURS + 1
        return nn.Sequential(Luminance(beside=self.luminance), self.down(before, after))

    def down(self, before: int, after: int) -> nn.Module:
        """Halves height and width (rounding up), `before` channels to `after`."""
        return nn.Sequential(self._halving(before, after), *self.finish(after), *self._gate(after))

    def refine(self, before: int, after: int) -> nn.Module:
        """Keeps height and width, `before` channels to `after`."""
        return nn.Sequential(self.bounded(nn.Conv2d(before, after, 3, padding=1)), *self.finish(after))

    def finish(self, channels: int) -> list[nn.Module]:
        """What follows a convolution: norm and activation."""
        norms: dict[str, Callable[[], list[nn.Module]]] = {
            "group": lambda: [nn.GroupNorm(_groups(channels), channels)],
            "batch": lambda: [nn.BatchNorm2d(channels)],
            "spectral": list,  # see `bounded`
            "none": list,
        }
        return [*norms[self.norm](), _ACTIVATIONS[self.activation]()]

    def bounded(self, convolution: nn.Conv2d) -> nn.Module:
        """The convolution, under spectral norm if that is the style's; it must not be zero."""
        return spectral_norm(convolution) if self.norm == "spectral" else convolution

    def _halving(self, before: int, after: int) -> nn.Module:
        convolution = self.bounded(nn.Conv2d(before, after, 3, stride=2, padding=1))
        if self.stage == "dilated":
            dilated = nn.Conv2d(before, after, 3, stride=2, padding=3, dilation=3, bias=False)
            return DilatedHalving(convolution, self.bounded(dilated))
        return DeformableHalving(before, convolution) if self.stage == "deformable" else convolution

    def _gate(self, channels: int) -> list[nn.Module]:
        gates: dict[str, Callable[[int], nn.Module]] = {
            "cbam": BlockAttention,
            "spatial_channel": SpatialChannelAttention,
        }
        return [gates[self.attention](channels)] if self.attention != "none" else []


def _groups(channels: int) -> int:
    return max(group for group in (8, 4, 2, 1) if channels % group == 0)


_REDUCTION = 4
_FEWEST = 4  # a single unit may be dead from the start


class BlockAttention(nn.Module):
    """First which channels matter, then where: CBAM (Woo et al., 2018, arXiv 1807.06521).

    Channels are judged by their mean and their peak over the picture, through one shared small network; places by mean
    and peak over channels, through a 7×7 convolution.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel = _channel_network(channels)
        self.place = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, features: Tensor) -> Tensor:
        """`[N, C, H, W]`, same shape out."""
        judged = self.channel(features.mean((2, 3))) + self.channel(features.amax((2, 3)))
        features = features * torch.sigmoid(judged)[:, :, None, None]
        summary = torch.cat([features.mean(1, keepdim=True), features.amax(1, keepdim=True)], dim=1)
        return features * torch.sigmoid(self.place(summary))


class SpatialChannelAttention(nn.Module):
    """Places weighed by two separable 9×9 branches, channels by squeeze and excitation.

    After Zhao and Wu, Pyramid feature attention network (2019, arXiv 1903.00179), and Hu et al. (2018, arXiv
    1709.01507); both gates stand in every stage, so that it does not matter how many there are.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = _hidden(channels)
        wide, high = ((1, 9), (0, 4)), ((9, 1), (4, 0))
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, hidden, first[0], padding=first[1]),
                nn.ReLU(),
                nn.Conv2d(hidden, 1, second[0], padding=second[1]),
            )
            for first, second in ((wide, high), (high, wide))
        )
        self.channel = _channel_network(channels)

    def forward(self, features: Tensor) -> Tensor:
        """`[N, C, H, W]`, same shape out."""
        across, along = (branch(features) for branch in self.branches)
        channels = torch.sigmoid(self.channel(features.mean((2, 3))))
        return features * torch.sigmoid(across + along) * channels[:, :, None, None]


def _channel_network(channels: int) -> nn.Module:
    return nn.Sequential(nn.Linear(channels, _hidden(channels)), nn.ReLU(), nn.Linear(_hidden(channels), channels))


def _hidden(channels: int) -> int:
    return max(_FEWEST, channels // _REDUCTION)
