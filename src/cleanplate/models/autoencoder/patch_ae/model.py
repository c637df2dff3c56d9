"""Patch-level autoencoder: the fine stages have own weights for each position in the picture.

A camera that stands still sees the same thing at the same place. Weights that belong to a place can hold what is there,
road or crown, where shared ones must do for all of them; the code then carries only how the scene varies.

Paper: for convolutions unshared between places, Taigman et al., DeepFace (2014); Chen et al., Locally-connected and
convolutional neural networks for small footprint speaker recognition (2015).

Example: `cleanplate.create("patch_ae", patch=16).fit(sequence).apply(frame)`. See also `patch_attention_ae`, `ae`.
"""

from torch import nn

from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.autoencoder.patch_ae.network import PatchAutoencoder
from cleanplate.models.registry import register
from cleanplate.utils.options import Count


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
