"""DCGAN: a convolutional generator of backgrounds against a convolutional classifier of pictures.

What the frame's background is, an encoder tells that learns to invert the generator: see
`cleanplate.models.adversarial.gan`, also for what keeps the foreground out of the generator.

Paper: Radford et al., Unsupervised representation learning with deep convolutional generative adversarial networks
(2016, arXiv 1511.06434); against its restlessness, R1 (Mescheder et al., 2018) or spectral norm (Miyato et al., 2018).

Example: `cleanplate.create("dcgan", spectral=True, penalty=0.0).fit(sequence).apply(frame)`. See also `wgan`.
"""

from dataclasses import dataclass

from torch import nn

from cleanplate.errors import ConfigError
from cleanplate.models.adversarial.gan import Gan, GanOptions
from cleanplate.models.adversarial.networks import Discriminator
from cleanplate.models.adversarial.objectives import NonSaturating, Objective
from cleanplate.models.registry import register


@dataclass(frozen=True)
class DcganOptions(GanOptions):
    """What DCGAN has beyond what all GANs have.

    Attributes:
        penalty: weight of R1, the discriminator's squared steepness on real pictures; 0 leaves it out.
        spectral: bound the discriminator's layers by their spectral norm.
    """

    penalty: float = 10.0
    spectral: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.penalty < 0:
            raise ConfigError(f"penalty: {self.penalty} is negative; 0 leaves it out")


@register
class Dcgan(Gan):
    """See the module."""

    name = "dcgan"
    paper = "Radford et al. 2016 (arXiv 1511.06434)"
    Options = DcganOptions
    options: DcganOptions

    def discriminator(self) -> nn.Module:
        """See `Gan.discriminator`."""
        options = self.options
        return Discriminator(self.network.working, options.discriminator_width, spectral=options.spectral)

    def objective(self) -> Objective:
        """See `Gan.objective`."""
        return NonSaturating(self.options.penalty)
