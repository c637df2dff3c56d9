"""The convolutional autoencoder: frames of any size through a code of a few numbers."""

import torch.nn.functional as F
from torch import Tensor, nn

_SMALLEST_SIDE = 8
_WIDEST = 128


class ConvAutoencoder(nn.Module):
    """Encoder and decoder around a linear code.

    Stages halve the picture until its shorter side is at most 8; channels double up to 128. The decoder resizes to the
    very sizes that the encoder passed through, so any height and width come back exactly. The code is not squashed:
    an adversarial prior must be able to match it. The last convolution starts at zero, so that before training the
    output is zero: with an initial background behind it, learning starts from there.
    """

    def __init__(self, size: tuple[int, int], channels: int, latent_dim: int, width: int) -> None:
        """Args: `size` height and width, `channels` of the output, `width` channels of the first stage."""
        super().__init__()
        self.size = size
        sizes = [size]
        while min(sizes[-1]) > _SMALLEST_SIDE:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        if len(sizes) == 1:  # a very small picture still gets one stage
            sizes.append(((size[0] + 1) // 2, (size[1] + 1) // 2))
        widths = [min(width * 2**stage, _WIDEST) for stage in range(len(sizes) - 1)]
        self.sizes = sizes
        self.encoder = nn.Sequential(
            *(_down(before, after) for before, after in zip([3, *widths[:-1]], widths, strict=True))
        )
        self.bottom = (widths[-1], *sizes[-1])
        flat = widths[-1] * sizes[-1][0] * sizes[-1][1]
        self.to_code = nn.Linear(flat, latent_dim)
        self.from_code = nn.Linear(latent_dim, flat)
        reversed_widths = widths[::-1]
        self.decoder = nn.ModuleList(
            _refine(before, after)
            for before, after in zip(reversed_widths, [*reversed_widths[1:], widths[0]], strict=True)
        )
        self.output = nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]  # a convolution has a bias by default

    def encode(self, pictures: Tensor) -> Tensor:
        """`[N, 3, H, W]` to codes `[N, latent_dim]`."""
        return self.to_code(self.encoder(pictures).flatten(1))  # type: ignore[no-any-return]

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[N, latent_dim]` to `[N, channels, H, W]`."""
        features = self.from_code(codes).unflatten(1, self.bottom)
        for stage, size in zip(self.decoder, self.sizes[-2::-1], strict=True):
            features = stage(F.interpolate(features, size=size, mode="bilinear", align_corners=False))
        return self.output(features)  # type: ignore[no-any-return]

    def forward(self, pictures: Tensor) -> Tensor:
        """Decodes the codes of `pictures`."""
        return self.decode(self.encode(pictures))


def _down(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride=2, padding=1), _norm(after), nn.SiLU())


def _refine(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1), _norm(after), nn.SiLU())


def _norm(channels: int) -> nn.Module:
    # Statistics per picture: the result does not depend on what else is in the batch.
    return nn.GroupNorm(max(group for group in (8, 4, 2, 1) if channels % group == 0), channels)
