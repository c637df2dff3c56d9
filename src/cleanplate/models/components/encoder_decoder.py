"""Convolutional encoder and decoder between pictures of any size and a latent code.

Stages halve the picture until its shorter side is at most 8; channels double up to 128. The decoder resizes to the very
sizes that the encoder passed through, so any height and width come back exactly.
"""

from itertools import pairwise
from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.components.blocks import Style

_SMALLEST_SIDE = 8
_WIDEST = 128


def stage_sizes(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Height and width before the first stage and after each one; there is at least one stage."""
    sizes = [size]
    while min(sizes[-1]) > _SMALLEST_SIDE or len(sizes) == 1:
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def stage_widths(size: tuple[int, int], width: int) -> list[int]:
    """Channels after each stage."""
    return [min(width * 2**stage, _WIDEST) for stage in range(len(stage_sizes(size)) - 1)]


class Encoder(nn.Module):
    """`[N, inputs, H, W]` to codes `[N, latent_dim]`.

    The code is linear, not squashed: an adversarial prior must be able to match it.
    The style may give the first stage the luminance of the pictures' colours, or leave it that alone.
    """

    def __init__(self, size: tuple[int, int], inputs: int, latent_dim: int, width: int, style: Style) -> None:
        """Args: `size` height and width, `width` channels of the first stage."""
        super().__init__()
        widths = stage_widths(size, width)
        height, breadth = stage_sizes(size)[-1]
        self.frozen = False
        self.stages = nn.ModuleList([style.first(inputs, widths[0])])
        self.stages.extend(style.down(before, after) for before, after in pairwise(widths))
        self.to_code = nn.Linear(widths[-1] * height * breadth, latent_dim)

    def freeze(self) -> None:
        """Nothing in it changes any more, be it weights or the statistics of a norm."""
        self.frozen = True
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """See `nn.Module.train`; a frozen encoder stays out of it."""
        return super().train(mode and not self.frozen)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """What each stage gives, the finest first."""
        found = []
        for stage in self.stages:
            pictures = stage(pictures)
            found.append(pictures)
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        return self.to_code(self.features(pictures)[-1].flatten(1))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """Codes `[N, latent_dim]` to `[N, outputs, H, W]`.

    The last convolution starts at zero, so that before training the output is zero: with an initial background behind
    it, learning starts from there.
    """

    def __init__(self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style) -> None:
        """Args: `size` height and width, `width` channels of the last stage."""
        super().__init__()
        self.sizes = stage_sizes(size)
        widths = stage_widths(size, width)[::-1]
        self.bottom = (widths[0], *self.sizes[-1])
        self.from_code = nn.Linear(latent_dim, widths[0] * self.sizes[-1][0] * self.sizes[-1][1])
        self.stages = nn.ModuleList(
            style.refine(before, after) for before, after in zip(widths, [*widths[1:], widths[-1]], strict=True)
        )
        self.output = zero_convolution(widths[-1], outputs)

    def start(self, codes: Tensor) -> Tensor:
        """The coarsest features, `[N, C, h, w]`."""
        return self.from_code(codes).unflatten(1, self.bottom)  # type: ignore[no-any-return]

    def features(self, codes: Tensor) -> list[Tensor]:
        """What each stage gives, the coarsest first; the last has full size."""
        found, features = [], self.start(codes)
        for stage, size in zip(self.stages, self.sizes[-2::-1], strict=True):
            features = stage(resized(features, size))
            found.append(features)
        return found

    def forward(self, codes: Tensor) -> Tensor:
        """See the class."""
        return self.output(self.features(codes)[-1])  # type: ignore[no-any-return]


class ConvAutoencoder(nn.Module):
    """Encoder and decoder around one code: the plain core of an autoencoder.

    Every core has these two methods; what passes between them is its own business.
    """

    def __init__(
        self,
        size: tuple[int, int],
        outputs: int,
        latent_dim: int,
        width: int,
        style: Style = Style(),  # noqa: B008  # frozen
        *,
        inputs: int = 3,
    ) -> None:
        """Args: `size` height and width, `width` channels of the first stage."""
        super().__init__()
        self.encoder = Encoder(size, inputs, latent_dim, width, style)
        self.decoder = Decoder(size, outputs, latent_dim, width, style)

    def encode(self, pictures: Tensor) -> Tensor:
        """`[N, inputs, H, W]` to codes `[N, latent_dim]`."""
        return self.encoder(pictures)  # type: ignore[no-any-return]

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[N, latent_dim]` to `[N, outputs, H, W]`."""
        return self.decoder(codes)  # type: ignore[no-any-return]


def resized(features: Tensor, size: tuple[int, int]) -> Tensor:
    """Features at another height and width, bilinear."""
    return F.interpolate(features, size=size, mode="bilinear", align_corners=False)


def zero_convolution(before: int, after: int) -> nn.Conv2d:
    """A 3×3 convolution that gives zero until it has learnt."""
    convolution = nn.Conv2d(before, after, 3, padding=1)
    nn.init.zeros_(convolution.weight)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # a convolution has a bias by default
    return convolution
