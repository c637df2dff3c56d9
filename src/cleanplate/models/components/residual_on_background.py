"""A network whose output is added to an initial background."""

from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.components.downsampling import luminance
from cleanplate.models.components.encoder_decoder import resized

# The initial plate explains the scene; a larger gap than this (on 0 … 1) is an object, and must not rule the code.
_SQUASH = 0.1
_LEVEL = 1 / 255


class Core(Protocol):
    """What a `ResidualOnBackground` needs of an autoencoder (an `nn.Module`); codes are its own business."""

    def encode(self, pictures: Tensor) -> Any:
        """Pictures at working size to codes: the gap to the plate, or the frame; further streams behind."""

    def decode(self, codes: Any) -> Tensor:
        """Codes to `[N, 3, h, w]` (one channel on grey), or one channel more for an expected error."""


class ResidualOnBackground(nn.Module):
    """Initial plate at full resolution plus a residual decoded at working resolution.

    The encoder sees the frame's gap to the plate, squashed by tanh: an object weighs no more than a light change.
    Without an initial plate (`anchored=False`) the whole picture is learnt: what stays of it as a weight per pixel and
    channel, which starts at medium grey, what varies by the core.
    Channels beyond the third are further streams (optical flow, a mask) and reach the core as they are.
    On grey (`grey=True`) frames have three equal channels, and what the core gives is added to all three of the plate.

    Shapes: frames `[N, 3+, h, w]` float RGB in 0 … 1 at working size; full size is `plate`'s.
    """

    plate: Tensor
    small_plate: Tensor

    def __init__(
        self, size: tuple[int, int], working: tuple[int, int], core: nn.Module, *, anchored: bool, grey: bool = False
    ) -> None:
        """Args: `core` fulfils `Core`."""
        super().__init__()
        self.working = working
        self.anchored = anchored
        self.grey = grey
        self.core: Any = core
        self.constant = None if anchored else nn.Parameter(torch.zeros(1, 1 if grey else 3, *working))
        self.register_buffer("plate", torch.full((1, 3, *size), 0.5))
        self.register_buffer("small_plate", torch.full((1, 3, *working), 0.5))

    def anchor(self, plate: Tensor) -> None:
        """Sets the initial plate, float RGB `[3, H, W]` in 0 … 1."""
        self.plate.copy_(plate[None])
        small = F.interpolate(plate[None], size=self.working, mode="area")
        self.small_plate.copy_(luminance(small) if self.grey else small)

    def seen(self, frames: Tensor) -> Tensor:
        """What the core is shown of frames at working size."""
        plate = self.small_plate if self.constant is None else self.small_plate + self.constant.detach()
        gap = torch.tanh((frames[:, :3] - plate) / _SQUASH)
        return gap if frames.shape[1] == 3 else torch.cat([gap, frames[:, 3:]], dim=1)

    def encode(self, frames: Tensor) -> Any:
        """Codes of frames at working size."""
        return self.core.encode(self.seen(frames))

    def decode(self, codes: Any) -> tuple[Tensor, Tensor | None]:
        """Background `[N, 3, h, w]` and expected error `[N, 1, h, w]` (`None` without noise), at working size."""
        return self.onto_plate(self.core.decode(codes))

    def onto_plate(self, output: Tensor, *, held: bool = False) -> tuple[Tensor, Tensor | None]:
        """A core's output at working size, as background and expected error; `held`: what stays is not to learn."""
        residual, noise = self._parts(output, held=held)
        return self.small_plate + residual, noise

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """As `decode`, but at full size: the residual is smooth, the plate keeps its detail."""
        output = resized(self.core.decode(self.encode(frames)), (self.plate.shape[-2], self.plate.shape[-1]))
        residual, noise = self._parts(output)
        return (self.plate + residual).clamp(0, 1), noise

    def _parts(self, output: Tensor, *, held: bool = False) -> tuple[Tensor, Tensor | None]:
        colours = 1 if self.grey else 3
        if self.constant is not None:
            constant = self.constant.detach() if held else self.constant
            constant = resized(constant, (output.shape[-2], output.shape[-1]))
            output = output + F.pad(constant, (0, 0, 0, 0, 0, output.shape[1] - colours))
        if output.shape[1] == colours:
            return output, None
        # softplus keeps it positive; it starts at one grey level and moves on the scale of grey levels
        return output[:, :colours], F.softplus(output[:, colours:] + 0.54) * _LEVEL
