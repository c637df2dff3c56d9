"""DCGAN: a convolutional generator of backgrounds against a convolutional classifier of pictures.

What the frame's background is, an encoder tells that learns to invert the generator: see
`cleanplate.models.adversarial.gan`, also for what keeps the foreground out of the generator.

Paper: Radford et al., Unsupervised representation learning with deep convolutional generative adversarial networks
(2016, arXiv 1511.06434); against its restlessness, R1 (Mescheder et al., 2018) or spectral norm (Miyato et al., 2018).

Example: `cleanplate.create("dcgan", spectral=True, penalty=0.0).fit(sequence).apply(frame)`. See also `wgan`.
"""

from torch import nn

from cleanplate.models.adversarial.gan import Gan, GanOptions
from cleanplate.models.adversarial.networks import Discriminator
from cleanplate.models.adversarial.objectives import NonSaturating, Objective
from cleanplate.models.registry import register
from cleanplate.utils.options import NonNegative


class DcganOptions(GanOptions):
    """What DCGAN has beyond what all GANs have."""

    penalty: NonNegative = 10.0
    """Weight of R1, the discriminator's squared steepness on real pictures; 0 leaves it out."""
    spectral: bool = False
    """Bound the discriminator's layers by their spectral norm."""


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
