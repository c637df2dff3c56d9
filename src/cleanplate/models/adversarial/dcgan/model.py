"""DCGAN: a generator of backgrounds, trained against a discriminator.

An encoder trained to invert the generator maps a frame to its background; `cleanplate.models.adversarial.gan` describes
it, and what keeps the foreground out of the generator.

Paper: Radford et al., Unsupervised representation learning with deep convolutional generative adversarial networks
(2016, arXiv 1511.06434); against its restlessness, R1 (Mescheder et al., 2018) or spectral norm (Miyato et al., 2018).

Example: `cleanplate.create("dcgan", spectral=True, penalty=0.0).fit(sequence).apply(frame)`. See also `wgan`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.adversarial.gan import Gan, GanOptions
from cleanplate.models.adversarial.networks import Discriminator
from cleanplate.models.adversarial.objectives import Discriminator as Judge
from cleanplate.models.adversarial.objectives import Objective, input_gradient
from cleanplate.models.registry import register
from cleanplate.utils.options import NonNegative


class DcganOptions(GanOptions):
    """What DCGAN has beyond what all GANs have."""

    penalty: NonNegative = 10.0
    """Weight of R1, the discriminator's squared steepness on real pictures; 0 leaves it out."""
    spectral: bool = False
    """Bound the discriminator's layers by their spectral norm."""


@dataclass(frozen=True)
class NonSaturating:
    """Goodfellow's game: the discriminator classifies, the generator maximises the logarithm of being taken for real.

    Attributes:
        penalty: weight of the discriminator's squared steepness on real pictures, which lets the game converge: R1 of
            Mescheder et al., Which training methods for GANs do actually converge? (2018, arXiv 1801.04406).
    """

    penalty: float

    def discriminator_loss(
        self, discriminator: Judge, real: Tensor, made: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """See `Objective`."""
        parts = {"made": F.softplus(discriminator(made).float()).mean()}
        real = real.requires_grad_(self.penalty > 0)
        logits = discriminator(real).float()
        parts["real"] = F.softplus(-logits).mean()
        if self.penalty:
            parts["penalty"] = 0.5 * self.penalty * input_gradient(logits, real).square().sum(dim=1).mean()
        return parts

    def generator_loss(self, discriminator: Judge, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """See `Objective`."""
        return {"fooling": F.softplus(-discriminator(made).float()).mean()}


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
