"""DCGAN whose discriminator also reconstructs its input; both losses contain the reconstruction error.

The discriminator is a U-Net: its encoder classifies, and its decoder, trained on real pictures, reconstructs the input
from the features of the encoder. The reconstruction of generated pictures is compared with real ones, which pulls the
generator towards what real pictures have in common. Frames are mapped to backgrounds as in `dcgan`.

Papers: Radford et al. (2016, arXiv 1511.06434); for the discriminator, Schönfeld et al., A U-Net based discriminator
for generative adversarial networks (CVPR 2020, arXiv 2002.12655); for its reconstruction, Zhao et al., Energy-based GAN
(2017, arXiv 1609.03126).

Example: `cleanplate.create("dcgan_recon", reconstruction=0.5).fit(sequence).apply(frame)`. See also `dcgan`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.adversarial.dcgan.model import Dcgan, DcganOptions, NonSaturating
from cleanplate.models.adversarial.networks import UNetDiscriminator
from cleanplate.models.adversarial.objectives import Discriminator as Judge
from cleanplate.models.adversarial.objectives import Objective
from cleanplate.models.registry import register
from cleanplate.utils.options import Count, Positive


class DcganReconOptions(DcganOptions):
    """What it has beyond DCGAN."""

    discriminator_width: Count = 8
    """Channels of its first stage; fewer, for it also decodes."""
    reconstruction: Positive = 0.5
    """Weight of the reconstruction in both losses."""


@dataclass(frozen=True)
class Reconstructing:
    """The non-saturating game with a discriminator that also gives back what it sees.

    It learns to reconstruct real pictures. The generator is drawn to where these reconstructions of its own pictures
    meet real ones: on average over frames that is the scene without what passes through it.

    Attributes:
        penalty: as in `NonSaturating`.
        weight: of the reconstruction, in both losses.
    """

    penalty: float
    weight: float

    def discriminator_loss(
        self, discriminator: Judge, real: Tensor, made: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """See `Objective`."""
        seen: list[Tensor] = []

        def judged(pictures: Tensor) -> Tensor:
            logits, reconstruction = discriminator(pictures)
            seen.append(reconstruction)
            return logits  # type: ignore[no-any-return]

        parts = NonSaturating(self.penalty).discriminator_loss(judged, real, made, generator)
        return parts | {"reconstruction": self.weight * _distance(seen[-1], real.detach())}

    def generator_loss(self, discriminator: Judge, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """See `Objective`."""
        logits, reconstruction = discriminator(made)
        fooling = F.softplus(-logits.float()).mean()
        return {"fooling": fooling, "reconstruction": self.weight * _distance(reconstruction, real)}


def _distance(one: Tensor, other: Tensor) -> Tensor:
    # Absolute, not squared: the nearest picture to many frames is then their median, not their mean.
    return (one.float() - other.float()).abs().mean()


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
