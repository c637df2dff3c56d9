"""A background for every frame: an initial plate and what the autoencoder adds to it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.autoencoders.network import ConvAutoencoder

# The initial plate explains the scene; a larger gap than this (on 0 … 1) is an object, and must not rule the code.
_SQUASH = 0.1
_LEVEL = 1 / 255


class PlateNetwork(nn.Module):
    """Initial plate at full resolution plus a residual decoded at working resolution.

    The encoder sees the frame's gap to the plate, squashed by tanh: an object weighs no more than a light change.
    Without an initial plate (`anchored=False`) the encoder sees the frame and the decoder gives the whole picture.

    Shapes: frames `[N, 3, h, w]` float RGB in 0 … 1 at working size; full size is `plate`'s.
    """

    plate: Tensor
    small_plate: Tensor

    def __init__(
        self,
        size: tuple[int, int],
        working: tuple[int, int],
        latent_dim: int,
        width: int,
        *,
        anchored: bool,
        noise: bool,
    ) -> None:
        super().__init__()
        self.working = working
        self.anchored = anchored
        self.autoencoder = ConvAutoencoder(working, 4 if noise else 3, latent_dim, width)
        self.register_buffer("plate", torch.full((1, 3, *size), 0.5))
        self.register_buffer("small_plate", torch.full((1, 3, *working), 0.5))

    def anchor(self, plate: Tensor) -> None:
        """Sets the initial plate, float RGB `[3, H, W]` in 0 … 1."""
        self.plate.copy_(plate[None])
        self.small_plate.copy_(F.interpolate(plate[None], size=self.working, mode="area"))

    def encode(self, frames: Tensor) -> Tensor:
        """Codes `[N, latent_dim]` of frames at working size."""
        if self.anchored:
            frames = torch.tanh((frames - self.small_plate) / _SQUASH)
        return self.autoencoder.encode(frames)

    def decode(self, codes: Tensor) -> tuple[Tensor, Tensor | None]:
        """Background `[N, 3, h, w]` and expected error `[N, 1, h, w]` (`None` without noise), at working size."""
        output = self.autoencoder.decode(codes)
        return self.small_plate + output[:, :3], _noise(output)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """As `decode`, but at full size: the residual is smooth, the plate keeps its detail."""
        output = self.autoencoder.decode(self.encode(frames))
        output = F.interpolate(output, size=self.plate.shape[-2:], mode="bilinear", align_corners=False)
        return (self.plate + output[:, :3]).clamp(0, 1), _noise(output)


def _noise(output: Tensor) -> Tensor | None:
    # softplus keeps it positive; it starts at one grey level and moves on the scale of grey levels
    return F.softplus(output[:, 3:] + 0.54) * _LEVEL if output.shape[1] > 3 else None
