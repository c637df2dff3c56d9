"""Wasserstein GAN with gradient penalty: a critic measures how far the generated backgrounds are from the scene's.

Its measure falls smoothly as the pictures come nearer, where a classifier that always wins has nothing more to say.
Frames reach their background through an encoder: see `cleanplate.models.adversarial.gan`.

Papers: Arjovsky et al., Wasserstein GAN (2017, arXiv 1701.07875); Gulrajani et al., Improved training of Wasserstein
GANs (2017, arXiv 1704.00028).

Example: `cleanplate.create("wgan", critic_steps=5).fit(sequence).apply(frame)`. See also `dcgan`.
"""

from dataclasses import dataclass

from torch import nn

from cleanplate.errors import ConfigError
from cleanplate.models.adversarial.gan import Gan, GanOptions
from cleanplate.models.adversarial.networks import Discriminator
from cleanplate.models.adversarial.objectives import Objective, Wasserstein
from cleanplate.models.registry import register


@dataclass(frozen=True)
class WganOptions(GanOptions):
    """What the Wasserstein GAN has beyond what all GANs have.

    Attributes:
        penalty: weight of the critic's slope being other than 1.
        critic_steps: of the critic, each on a batch of its own, for one of the generator.
    """

    penalty: float = 10.0
    critic_steps: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.penalty <= 0:
            raise ConfigError(f"penalty: {self.penalty} is not positive; without it the critic measures no distance")
        if self.critic_steps < 1:
            raise ConfigError(f"critic_steps: {self.critic_steps} is not positive")


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
