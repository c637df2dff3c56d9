"""Denoising autoencoder: it is shown spoilt frames and must give the clean ones.

Noise, erased boxes and patches of other frames in the wrong place: whoever learns to undo them has learnt what belongs
where, and undoes a person in the same way. The loss compares with the uncorrupted frame.

`two_pass`: in training the reconstruction goes through the network a second time, and the second picture must match the
frame, too; a background then stays what it is when it is reconstructed again. In use one pass is made.

Papers: Vincent et al., Extracting and composing robust features with denoising autoencoders (ICML 2008); patches after
Li et al., CutPaste (2021, arXiv 2104.04015).

Example: `cleanplate.create("dae", two_pass=True).fit(sequence).apply(frame)`. See also `ae`, `cae`, `corruption`.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.autoencoder.dae.corruption import check_corruption
from cleanplate.models.registry import register

if TYPE_CHECKING:
    from cleanplate.models.autoencoder.dae.training import DenoisingTask


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


@register
class DenoisingAutoencoder(Autoencoder):
    """See the module."""

    name = "dae"
    paper = "Vincent et al. 2008"
    Options = DenoisingOptions
    options: DenoisingOptions

    def task(self, sequence: FrameSequence) -> "DenoisingTask":
        """See `LearnedModel.task`."""
        from cleanplate.models.autoencoder.dae.training import DenoisingTask

        return DenoisingTask(self, self._frames_of(sequence))
