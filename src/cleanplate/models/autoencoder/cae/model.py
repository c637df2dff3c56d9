"""Coupled autoencoders: the second reconstructs what the first made of the frame; its picture is the background.

What slips through the first bottleneck is a faint ghost of an object; the second, which never sees a frame, has only
ghosts to learn from and loses them the same way. Both learn at the same time, each from its own loss: what the first
gives is passed on without its gradient.

The cascade is after stacked autoencoders (Vincent et al., Stacked denoising autoencoders, JMLR 2010), which train one
upon the other; there the next one learns codes, here pictures.

Example: `cleanplate.create("cae").fit(sequence).apply(frame)`. See also `ae`, and `dae` with `two_pass`, which sends
the picture through the same network twice.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.components.encoder_decoder import ConvAutoencoder
from cleanplate.models.components.residual_on_background import PlateNetwork
from cleanplate.models.registry import register

if TYPE_CHECKING:
    from cleanplate.models.autoencoder.cae.training import CoupledTask


class CoupledNetwork(PlateNetwork):
    """A `PlateNetwork`, the second of the pair, that is shown what `first` makes of the frames; both on one plate."""

    def __init__(self, second: PlateNetwork, first: nn.Module) -> None:
        """Args: `second` gives plate and core; `first` is a core without an expected error."""
        size = (second.plate.shape[-2], second.plate.shape[-1])
        super().__init__(size, second.working, second.core, anchored=second.anchored, grey=second.grey)
        self.first: ConvAutoencoder = first  # type: ignore[assignment]  # any core will do

    def precede(self, frames: Tensor) -> Tensor:
        """The first's background `[N, 3, h, w]` of frames, both at working size."""
        return self.onto_plate(self.first.decode(self.first.encode(self.seen(frames))))[0]

    def decode(self, codes: Any) -> tuple[Tensor, Tensor | None]:
        """See `PlateNetwork.decode`.

        From scratch, what stays of the picture is for the first to learn: the second, which has the first's picture for
        a goal, would hold it where it is.
        """
        return self.onto_plate(self.core.decode(codes), held=True)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `PlateNetwork.forward`; the first's picture, then the second's of it."""
        return super().forward(self.precede(frames))


@register
class CoupledAutoencoder(Autoencoder):
    """See the module."""

    name = "cae"
    paper = "after Vincent et al. 2010 (stacked denoising autoencoders)"
    network: CoupledNetwork

    def build(self, size: tuple[int, int]) -> None:
        """See `LearnedModel.build`."""
        super().build(size)
        options = self.options
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed + 1)
            channels = 1 if options.grey else 3
            first = ConvAutoencoder(self.network.working, channels, options.latent_dim, options.width, self.style)
        self.network = CoupledNetwork(self.network, first)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs

    def task(self, sequence: FrameSequence) -> "CoupledTask":
        """See `LearnedModel.task`."""
        from cleanplate.models.autoencoder.cae.training import CoupledTask

        return CoupledTask(self, self._frames_of(sequence))
