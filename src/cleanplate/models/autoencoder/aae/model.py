"""Adversarial autoencoder: a discriminator pulls the latent codes towards a normal prior.

A code space without gaps has no region for single objects. The codes are linear outputs, because a squashed code could
not match a normal prior.

Paper: Makhzani et al., Adversarial autoencoders (2015, arXiv 1511.05644).

Example: `cleanplate.create("aae", adversarial=0.1).fit(sequence).apply(frame)`. See also `ae`.
"""

from typing import TYPE_CHECKING

from cleanplate.data.sequence import FrameSequence
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.registry import register
from cleanplate.utils.options import Count, NonNegative, Positive

if TYPE_CHECKING:
    from cleanplate.models.training import FramesTask


class AdversarialOptions(AutoencoderOptions):
    """What the adversarial autoencoder has beyond the plain one; it takes twice the steps, for two have to learn."""

    steps: Count = 600
    epoch_steps: Count = 50
    adversarial: Positive = 0.1
    """Weight of fooling the discriminator, beside the reconstruction."""
    discriminator_width: Count = 64
    """Units of its hidden layers."""
    discriminator_rate: Positive = 4.0
    """Its learning rate, as a factor of the autoencoder's."""
    penalty: NonNegative = 0.5
    """Weight of the discriminator's steepness on prior samples, which keeps it from running ahead."""


@register
class AdversarialAutoencoder(Autoencoder):
    """See the module."""

    name = "aae"
    paper = "Makhzani et al. 2015 (arXiv 1511.05644)"
    Options = AdversarialOptions
    options: AdversarialOptions

    def task(self, sequence: FrameSequence) -> "FramesTask":
        """See `LearnedModel.task`."""
        from cleanplate.models.autoencoder.aae.training import AdversarialTask

        frames = self._frames_of(sequence)
        return AdversarialTask(self.network, self.options, frames, self.criterion(frames))
