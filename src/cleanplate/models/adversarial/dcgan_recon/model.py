"""DCGAN whose discriminator gives back what it sees, with a reconstruction in both losses.

The discriminator is a U-Net: its encoder judges, its decoder reconstructs the picture from the encoder's features, and
learns to on real pictures. The generator is held to real pictures through that decoder, which draws it to what
they have in common. Frames reach their background as in `dcgan`.

Papers: Radford et al. (2016, arXiv 1511.06434); for the discriminator, Schönfeld et al., A U-Net based discriminator
for generative adversarial networks (CVPR 2020, arXiv 2002.12655); for its reconstruction, Zhao et al., Energy-based GAN
(2017, arXiv 1609.03126).

Example: `cleanplate.create("dcgan_recon", reconstruction=0.5).fit(sequence).apply(frame)`. See also `dcgan`.
"""

from dataclasses import dataclass

from torch import nn

from cleanplate.errors import ConfigError
from cleanplate.models.adversarial.dcgan.model import Dcgan, DcganOptions
from cleanplate.models.adversarial.networks import UNetDiscriminator
from cleanplate.models.adversarial.objectives import Objective, Reconstructing
from cleanplate.models.registry import register


@dataclass(frozen=True)
class DcganReconOptions(DcganOptions):
    """What it has beyond DCGAN.

    Attributes:
        discriminator_width: channels of its first stage; fewer, for it also decodes.
        reconstruction: weight of the reconstruction in both losses.
    """

    discriminator_width: int = 8
    reconstruction: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reconstruction <= 0:
            raise ConfigError(f"reconstruction: {self.reconstruction} is not positive; without it, choose dcgan")


@register
class DcganRecon(Dcgan):
    """See the module."""

    name = "dcgan_recon"
    paper = "Radford et al. 2016 (arXiv 1511.06434); Schönfeld et al. 2020 (arXiv 2002.12655)"
    Options = DcganReconOptions
    options: DcganReconOptions

    def discriminator(self) -> nn.Module:
        """See `Gan.discriminator`."""
        options = self.options
        return UNetDiscriminator(self.network.working, options.discriminator_width, spectral=options.spectral)

    def objective(self) -> Objective:
        """See `Gan.objective`."""
        return Reconstructing(self.options.penalty, self.options.reconstruction)
