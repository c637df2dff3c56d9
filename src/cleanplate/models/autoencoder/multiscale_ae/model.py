"""Multi-scale autoencoder: one encoder per scale of the frame, one decoder for all their codes.

The encoder of a coarse scale has a large receptive field with few stages, and what it finds (light, shade) does not
depend on fine detail. The decoder receives all codes. Each scale has `latent_dim` numbers, fewer than `ae` has in
total: a longer code would represent objects.

Paper: Nah et al., Deep multi-scale convolutional neural network for dynamic scene deblurring (CVPR 2017, arXiv
1612.02177), for the scales; Hinton and Salakhutdinov (2006) for the autoencoder.

Example: `cleanplate.create("multiscale_ae", scales=[1, 4]).fit(sequence).apply(frame)`. See also `ae`.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import Decoder, Encoder
from cleanplate.models.registry import register
from cleanplate.utils.options import Count

_SMALLEST_SIDE = 2


class MultiScaleOptions(AutoencoderOptions):
    """What the multi-scale autoencoder has beyond the plain one."""

    latent_dim: Count = 8
    """Numbers in the code of each scale."""
    scales: list[int] = Field([1, 2, 4])
    """The encoders see the frame this many times smaller than the working size."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if not self.scales or min(self.scales) < 1:
            raise ConfigError(f"scales: {self.scales} is no list of whole numbers from 1 on; choose [1, 2, 4]")
        if len(set(self.scales)) < len(self.scales):
            raise ConfigError(f"scales: {self.scales} has a scale twice; name each once")


@register
class MultiScaleAutoencoder(Autoencoder):
    """See the module."""

    name = "multiscale_ae"
    paper = "Nah et al. 2017 (arXiv 1612.02177); Hinton and Salakhutdinov 2006"
    Options = MultiScaleOptions
    options: MultiScaleOptions

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        return MultiScaleCore(working, self.outputs, options.latent_dim, options.width, self.style, options.scales)


class MultiScaleCore(nn.Module):
    """An encoder per scale, and one decoder at the working size."""

    def __init__(
        self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style, scales: Sequence[int]
    ) -> None:
        """Args: `size` height and width, `latent_dim` numbers per scale, `width` channels of the first stages."""
        super().__init__()
        self.sizes = [(_side(size[0], scale), _side(size[1], scale)) for scale in scales]
        self.encoders = nn.ModuleList(Encoder(smaller, 3, latent_dim, width, style) for smaller in self.sizes)
        self.decoder = Decoder(size, outputs, latent_dim * len(scales), width, style)

    def encode(self, pictures: Tensor) -> Tensor:
        """`[N, 3, H, W]` to codes `[N, scales · latent_dim]`, in the order of the scales."""
        return torch.cat(
            [
                encoder(pictures if size == pictures.shape[-2:] else F.interpolate(pictures, size, mode="area"))
                for encoder, size in zip(self.encoders, self.sizes, strict=True)
            ],
            dim=1,
        )

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[N, scales · latent_dim]` to `[N, outputs, H, W]`."""
        return self.decoder(codes)  # type: ignore[no-any-return]


def _side(side: int, scale: int) -> int:
    return max(_SMALLEST_SIDE, round(side / scale))
