"""Patch-level autoencoder: its fine stages have separate weights for each position in the picture.

A still camera sees the same thing at the same place. Weights of their own for each place can represent what is there,
which shared weights cannot; the code then represents only how the scene varies.

Paper: for convolutions unshared between places, Taigman et al., DeepFace (2014); Chen et al., Locally-connected and
convolutional neural networks for small footprint speaker recognition (2015).

Example: `cleanplate.create("patch_ae", patch=16).fit(sequence).apply(frame)`. See also `patch_attention_ae`, `ae`.
"""

from math import ceil, prod
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.downsampling import Luminance
from cleanplate.models.components.encoder_decoder import Decoder, Encoder, stage_sizes, stage_widths
from cleanplate.models.registry import register
from cleanplate.utils.options import Count


class PatchConvolution(nn.Module):
    """A 3×3 convolution per patch position: `[N, before, h, w]` to `[N, after, ⌈h / stride⌉, ⌈w / stride⌉]`."""

    def __init__(self, size: tuple[int, int], before: int, after: int, patch: int, stride: int, style: Style) -> None:
        """Args: `size` height and width at the input; `patch` its side, even; `stride` 1 or 2."""
        super().__init__()
        self.patch = patch
        self.stride = stride
        self.grid = (ceil(size[0] / patch), ceil(size[1] / patch))
        count = prod(self.grid)
        self.convolution = style.bounded(nn.Conv2d(count * before, count * after, 3, stride=stride, groups=count))

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        height, width = pictures.shape[-2:]
        rows, columns = self.grid
        below, right = rows * self.patch - height, columns * self.patch - width
        padded = F.pad(pictures, (1, right + 1, 1, below + 1), mode="replicate")
        patches = padded.unfold(2, self.patch + 2, self.patch).unfold(3, self.patch + 2, self.patch)
        stacked = patches.permute(0, 2, 3, 1, 4, 5).flatten(1, 3)
        found = self.convolution(stacked).unflatten(1, (rows, columns, -1))
        whole = found.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
        return whole[..., : ceil(height / self.stride), : ceil(width / self.stride)]  # type: ignore[no-any-return]


class PatchEncoder(Encoder):
    """An encoder whose first stages are per patch position."""

    def __init__(
        self, size: tuple[int, int], inputs: int, latent_dim: int, width: int, style: Style, patch: int, stages: int
    ) -> None:
        """Args: as `Encoder`; `patch` side in pixels, `stages` number of stages per patch position."""
        super().__init__(size, inputs, latent_dim, width, style)
        sizes, widths = stage_sizes(size), stage_widths(size, width)
        for stage in range(min(stages, len(widths))):
            before = widths[stage - 1] if stage else inputs
            light: list[nn.Module] = []
            if stage == 0 and inputs >= 3 and (style.luminance or style.grey):
                light = [Luminance(beside=style.luminance)]
                before = inputs + 1 if style.luminance else inputs - 2
            convolution = PatchConvolution(sizes[stage], before, widths[stage], patch, 2, style)
            self.stages[stage] = nn.Sequential(*light, convolution, *style.finish(widths[stage]))


class PatchDecoder(Decoder):
    """A decoder whose last stages, and the output, are per patch position."""

    def __init__(
        self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style, patch: int, stages: int
    ) -> None:
        """Args: as `Decoder`; `patch` side in pixels, `stages` number of stages per patch position."""
        super().__init__(size, outputs, latent_dim, width, style)
        sizes, widths = stage_sizes(size), stage_widths(size, width)
        for stage in range(min(stages, len(widths))):
            after = widths[max(stage - 1, 0)]
            convolution = PatchConvolution(sizes[stage], widths[stage], after, patch, 1, style)
            self.stages[-1 - stage] = nn.Sequential(convolution, *style.finish(after))
        output = PatchConvolution(size, widths[0], outputs, patch, 1, Style())
        nn.init.zeros_(_weights(output).weight)
        nn.init.zeros_(_weights(output).bias)
        self.output = output  # type: ignore[assignment]  # a convolution all the same


def _weights(convolution: PatchConvolution) -> Any:
    return convolution.convolution


class PatchAutoencoder(nn.Module):
    """Encoder and decoder with own weights per patch position around one code."""

    def __init__(
        self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style, patch: int, stages: int
    ) -> None:
        """Args: see `PatchEncoder`."""
        super().__init__()
        self.encoder = PatchEncoder(size, 3, latent_dim, width, style, patch, stages)
        self.decoder = PatchDecoder(size, outputs, latent_dim, width, style, patch, stages)

    def encode(self, pictures: Tensor) -> Tensor:
        """See `Core`."""
        return self.encoder(pictures)  # type: ignore[no-any-return]

    def decode(self, codes: Tensor) -> Tensor:
        """See `Core`."""
        return self.decoder(codes)  # type: ignore[no-any-return]


class PatchOptions(AutoencoderOptions):
    """What the patch-level autoencoder has beyond the plain one."""

    width: Count = 8
    patch: int = 16
    """Side of a patch in pixels, at working size and at each stage below; even."""
    patch_stages: Count = 2
    """How many of the finest stages have own weights per patch."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.patch < 4 or self.patch % 2:
            raise ConfigError(f"patch: {self.patch} is no side of a patch; choose an even number from 4")


@register
class PatchLevelAutoencoder(Autoencoder):
    """See the module."""

    name = "patch_ae"
    paper = "Taigman et al. 2014 (locally connected layers)"
    Options = PatchOptions
    options: PatchOptions

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        return PatchAutoencoder(
            working,
            self.outputs,
            options.latent_dim,
            options.width,
            self.style,
            options.patch,
            options.patch_stages,
        )
