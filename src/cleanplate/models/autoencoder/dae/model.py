"""Denoising autoencoder: it receives corrupted frames and reconstructs the clean ones.

The corruptions are noise, erased boxes and misplaced patches of other frames. A network that removes them has learnt
what belongs where, and removes people in the same way. The loss compares the output with the uncorrupted frame.

`two_pass`: in training the reconstruction goes through the network a second time, and the second picture must match the
frame, too; a background then stays what it is when it is reconstructed again. In use one pass is made.

Papers: Vincent et al., Extracting and composing robust features with denoising autoencoders (ICML 2008); patches after
Li et al., CutPaste (2021, arXiv 2104.04015).

Example: `cleanplate.create("dae", two_pass=True).fit(sequence).apply(frame)`. See also `ae`, `cae`, `corruption`.
"""

from pydantic import Field
from torch import Tensor

from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion, Step
from cleanplate.models.autoencoder.dae.corruption import check_corruption, corrupted
from cleanplate.models.registry import register


def _default_corruption() -> dict[str, float]:
    return {"gaussian": 0.02, "salt_and_pepper": 0.02, "erased": 0.05, "pasted": 0.1}


class DenoisingOptions(AutoencoderOptions):
    """What the denoising autoencoder has beyond the plain one."""

    corruption: dict[str, float] = Field(default_factory=_default_corruption)
    """A rate per corruption, 0 leaves it out. `gaussian`: standard deviation on 0 … 1; `salt_and_pepper`: share of
    pixels; `erased`, `pasted`: share of the picture's area."""
    two_pass: bool = False
    """The reconstruction is reconstructed again and compared again."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        check_corruption(self.corruption)
        if not any(self.corruption.values()) and not self.two_pass:
            raise ConfigError("corruption: nothing has a rate; give one to at least one, or choose `two_pass: true`")


class DenoisingCriterion(ReconstructionCriterion):
    """Reconstruction of clean frames from corrupted ones, on request in two passes; validation frames stay clean."""

    def training(self, frames: Tensor, step: Step) -> Tensor:
        """See `ReconstructionCriterion.training`."""
        network = self.network
        background, noise = network.decode(network.encode(self.corrupted(frames, step)))
        loss = self.weighted(frames, background, noise, "train")
        if self.options.two_pass:
            again = network.decode(network.encode(background))
            loss = loss + self.weighted(frames, *again, "train/second_pass")
        return loss

    def corrupted(self, frames: Tensor, step: Step) -> Tensor:
        """Frames under this step's corruption; patches come from frames drawn from the whole scene."""
        generator = step.step_generator()
        return corrupted(frames, step.random_frames(len(frames), generator), self.options.corruption, generator)


@register
class DenoisingAutoencoder(Autoencoder):
    """See the module."""

    name = "dae"
    paper = "Vincent et al. 2008"
    Options = DenoisingOptions
    Criterion = DenoisingCriterion
    options: DenoisingOptions
