"""Wasserstein GAN with gradient penalty: a critic estimates the distance between generated and real pictures.

The estimated distance decreases smoothly as the pictures improve, while a perfect classifier would give no gradient. An
encoder maps frames to backgrounds, see `cleanplate.models.adversarial.gan`.

Papers: Arjovsky et al., Wasserstein GAN (2017, arXiv 1701.07875); Gulrajani et al., Improved training of Wasserstein
GANs (2017, arXiv 1704.00028).

Example: `cleanplate.create("wgan", critic_steps=5).fit(sequence).apply(frame)`. See also `dcgan`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cleanplate.models.adversarial.gan import Gan, GanOptions
from cleanplate.models.adversarial.networks import Discriminator
from cleanplate.models.adversarial.objectives import Discriminator as Judge
from cleanplate.models.adversarial.objectives import Objective, input_gradient
from cleanplate.models.registry import register
from cleanplate.utils.options import Count, Positive


class WganOptions(GanOptions):
    """What the Wasserstein GAN has beyond what all GANs have."""

    penalty: Positive = 10.0
    """Weight of the critic's slope being other than 1."""
    critic_steps: Count = 3
    """Of the critic, each on a batch of its own, for one of the generator."""


@dataclass(frozen=True)
class Wasserstein:
    """The critic estimates how far generated pictures are from real ones, in the earth mover's distance.

    Attributes:
        penalty: weight of the critic's slope being other than 1 between real and generated pictures.
    """

    penalty: float

    def discriminator_loss(
        self, discriminator: Judge, real: Tensor, made: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """See `Objective`; `distance` is the estimate, negated."""
        distance = discriminator(made).float().mean() - discriminator(real).float().mean()
        shares = torch.rand((len(real), 1, 1, 1), generator=generator, device=real.device)
        between = torch.lerp(made, real, shares).requires_grad_()
        slope = input_gradient(discriminator(between).float(), between).norm(dim=1)
        return {"distance": distance, "penalty": self.penalty * (slope - 1).square().mean()}

    def generator_loss(self, discriminator: Judge, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """See `Objective`."""
        return {"fooling": -discriminator(made).float().mean()}


@register
class Wgan(Gan):
    """See the module."""

    name = "wgan"
    paper = "Arjovsky et al. 2017 (arXiv 1701.07875); Gulrajani et al. 2017 (arXiv 1704.00028)"
    Options = WganOptions
    options: WganOptions

    def discriminator(self) -> nn.Module:
        """See `Gan.discriminator`."""
        return Discriminator(self.network.working, self.options.discriminator_width, spectral=False)

    def objective(self) -> Objective:
        """See `Gan.objective`."""
        return Wasserstein(self.options.penalty)

    @property
    def critic_steps(self) -> int:
        """See `Gan.critic_steps`."""
        return self.options.critic_steps
