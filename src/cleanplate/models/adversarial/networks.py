"""Networks of the GANs, as in DCGAN: strided convolutions down, resizing and convolutions up.

Papers: Radford et al., DCGAN (2016, arXiv 1511.06434); for the discriminator that reconstructs what it sees, Schönfeld
et al., A U-Net based discriminator for GANs (CVPR 2020, arXiv 2002.12655).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import (
    Decoder,
    Encoder,
    resized,
    stage_widths,
    zero_convolution,
)

# No norm: it would hide from the opponent how bright a picture is, and a gradient penalty wants pictures judged alone.
_PLAIN = Style("none", "leaky_relu")
_SPECTRAL = Style("spectral", "leaky_relu")

_FIRST_SPREAD = 0.003


class GenerativeCore(nn.Module):
    """Encoder and generator; see `Core` in `plate_network`."""

    def __init__(self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style) -> None:
        """See `ConvAutoencoder`."""
        super().__init__()
        self.encoder = Encoder(size, 3, latent_dim, width, style)
        self.generator = Decoder(size, outputs, latent_dim, width, style)
        # Not zero as elsewhere: with one picture for all codes nobody could tell which way to change it.
        nn.init.normal_(self.generator.output.weight, std=_FIRST_SPREAD)

    def encode(self, pictures: Tensor) -> Tensor:
        """`[N, 3, H, W]` to codes `[N, latent_dim]`."""
        return self.encoder(pictures)  # type: ignore[no-any-return]

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[N, latent_dim]` to `[N, outputs, H, W]`."""
        return self.generator(codes)  # type: ignore[no-any-return]


class Discriminator(Encoder):
    """Pictures `[N, 3, H, W]` to logits `[N, 1]`, positive for real ones."""

    def __init__(self, size: tuple[int, int], width: int, *, spectral: bool) -> None:
        """Args: `spectral` bounds every layer by its spectral norm (Miyato et al., 2018, arXiv 1802.05957)."""
        super().__init__(size, 3, 1, width, _SPECTRAL if spectral else _PLAIN)
        if spectral:
            spectral_norm(self.to_code)


class UNetDiscriminator(nn.Module):
    """Judges a picture, and reconstructs it from what it noticed: pictures to logits `[N, 1]` and pictures."""

    def __init__(self, size: tuple[int, int], width: int, *, spectral: bool) -> None:
        """See `Discriminator`."""
        super().__init__()
        self.judge = Discriminator(size, width, spectral=spectral)
        widths = stage_widths(size, width)
        # From the coarsest: features come up a stage and meet the skip of their size, at last the picture.
        above, beside = [*widths[-2::-1], widths[0]], [*widths[-2::-1], 3]
        self.stages = nn.ModuleList(
            _PLAIN.refine(before + skip, after)
            for before, skip, after in zip([widths[-1], *above[:-1]], beside, above, strict=True)
        )
        self.output = zero_convolution(widths[0], 3)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        features = self.judge.features(pictures)
        logits = self.judge.to_code(features[-1].flatten(1))
        rising = features[-1]
        for stage, skip in zip(self.stages, [*features[-2::-1], pictures], strict=True):
            rising = stage(torch.cat([resized(rising, (skip.shape[-2], skip.shape[-1])), skip], dim=1))
        return logits, self.output(rising)
