"""Network of `unet_ae`: a provisional background from the code alone gates the skip connections."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import Decoder, Encoder, resized, stage_widths, zero_convolution

# `ResidualOnBackground` shows of a frame the hyperbolic tangent of ten times its gap to what stays of the picture.
_STEEPNESS = 10.0


class HeldBackCodes(NamedTuple):
    """What passes from encoder to decoder.

    Attributes:
        code: `[N, latent_dim]`.
        provisional: what the code alone decodes to, `[N, outputs, H, W]`.
        skips: the cleaned picture and features of it, the finest first, as many as there are sizes.
    """

    code: Tensor
    provisional: Tensor
    skips: list[Tensor]


class UNetCore(nn.Module):
    """A plain encoder and decoder, and on top a U-Net decoder that corrects what they give.

    Both passes of the encoder share their weights.
    """

    def __init__(
        self,
        size: tuple[int, int],
        outputs: int,
        latent_dim: int,
        width: int,
        style: Style,
        *,
        tolerance: float,
    ) -> None:
        """Args: `tolerance` on 0 … 1; the others as in `Decoder`."""
        super().__init__()
        self.encoder = Encoder(size, 3, latent_dim, width, style)
        self.decoder = Decoder(size, outputs, latent_dim, width, style)
        self.tolerance = tolerance * _STEEPNESS
        self.colours = 1 if style.grey else 3
        widths = stage_widths(size, width)
        # From the coarsest: what comes from below, what the skip brings, what is left.
        below, beside = [2 * widths[-1], *widths[-2::-1]], [*widths[-2::-1], 3]
        self.corrections = nn.ModuleList(
            style.refine(before + skip, after)
            for before, skip, after in zip(below, beside, [*widths[-2::-1], widths[0]], strict=True)
        )
        self.correction = zero_convolution(widths[0], outputs)

    def encode(self, pictures: Tensor) -> HeldBackCodes:
        """`[N, 3, H, W]`, as the `ResidualOnBackground` shows it, to code and skips."""
        code = self.encoder(pictures)
        provisional = self.decoder(code)
        cleaned = self.cleaned(pictures, provisional.detach()[:, : self.colours])
        return HeldBackCodes(code, provisional, [cleaned, *self.encoder.features(cleaned)])

    def cleaned(self, pictures: Tensor, provisional: Tensor) -> Tensor:
        """The pictures where they agree with the provisional background, and that background elsewhere.

        Compared is what the encoder sees of both: what it cannot tell apart it cannot pass on either.
        """
        known = torch.tanh(_STEEPNESS * provisional)
        gap = pictures - known
        # A pixel's neighbours must agree too: objects have soft edges.
        worst = F.max_pool2d(gap.abs().amax(dim=1, keepdim=True), 3, stride=1, padding=1)
        return known + gap * torch.exp(-(worst / self.tolerance).square())

    def decode(self, codes: HeldBackCodes) -> Tensor:
        """Code and skips to `[N, outputs, H, W]`."""
        features = torch.cat([self.decoder.start(codes.code), codes.skips[-1]], dim=1)
        for stage, skip in zip(self.corrections, codes.skips[-2::-1], strict=True):
            features = stage(torch.cat([resized(features, (skip.shape[-2], skip.shape[-1])), skip], dim=1))
        return codes.provisional + self.correction(features)  # type: ignore[no-any-return]
