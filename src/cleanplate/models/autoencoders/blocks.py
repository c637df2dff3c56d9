"""What encoders and decoders are made of: one stage down, one stage of refinement, in a chosen style."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from cleanplate.models.autoencoders.gates import BlockAttention, SpatialChannelAttention
from cleanplate.models.autoencoders.halving import DeformableHalving, DilatedHalving, Luminance

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
