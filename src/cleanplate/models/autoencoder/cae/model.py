"""Coupled autoencoders: the second one reconstructs the output of the first; its output is the background.

The first bottleneck lets faint ghosts of objects through. The second autoencoder sees only the output of the first and
removes them in the same way. Both train at the same time, each with its own loss; no gradient passes between them.

The cascade is after stacked autoencoders (Vincent et al., Stacked denoising autoencoders, JMLR 2010), which train one
upon the other; there the next one learns codes, here pictures.

Example: `cleanplate.create("cae").fit(sequence).apply(frame)`. See also `ae`, and `dae` with `two_pass`, which sends
the picture through the same network twice.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion, Step
from cleanplate.models.components.encoder_decoder import ConvAutoencoder
from cleanplate.models.components.residual_on_background import ResidualOnBackground
from cleanplate.models.registry import register


class CoupledNetwork(ResidualOnBackground):
    """The second autoencoder, which sees the output of `first`; both add to the same initial background."""

    def __init__(self, second: ResidualOnBackground, first: nn.Module) -> None:
        """Args: `second` gives plate and core; `first` is a core without an expected error."""
        size = (second.plate.shape[-2], second.plate.shape[-1])
        super().__init__(size, second.working, second.core, anchored=second.anchored, grey=second.grey)
        self.first: ConvAutoencoder = first  # type: ignore[assignment]  # any core will do

    def precede(self, frames: Tensor) -> Tensor:
        """The first's background `[N, 3, h, w]` of frames, both at working size."""
        return self.onto_plate(self.first.decode(self.first.encode(self.seen(frames))))[0]

    def decode(self, codes: Any) -> tuple[Tensor, Tensor | None]:
        """See `ResidualOnBackground.decode`.

        From scratch, what stays of the picture is for the first to learn: the second, which has the first's picture for
        a goal, would hold it where it is.
        """
        return self.onto_plate(self.core.decode(codes), held=True)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `ResidualOnBackground.forward`; the first's picture, then the second's of it."""
        return super().forward(self.precede(frames))


class CoupledCriterion(ReconstructionCriterion):
    """Loss of both autoencoders: of the first against frames, of the second against the first's output.

    No gradient passes between the two, so one optimiser over both does what two would. The expected error, where it is
    learnt, is that of the second's output against the frame.
    """

    network: CoupledNetwork

    def training(self, frames: Tensor, step: Step) -> Tensor:
        """See `ReconstructionCriterion.training`."""
        first = self.network.precede(frames)
        target = first.detach()
        second, noise = self.network.decode(self.network.encode(target))
        loss = self.weighted(frames, first, None, "train") + self.weighted(target, second, None, "train/second")
        if noise is not None:
            error = (second.detach() - frames).abs().mean(dim=1, keepdim=True)
            loss = loss + F.smooth_l1_loss(noise, error, beta=3 / 255)
        return loss

    def validation(self, frames: Tensor) -> None:
        """Logs how well the second's output, the background, matches held-out frames."""
        self.weighted(frames, *self.network.decode(self.network.encode(self.network.precede(frames))), "val")


@register
class CoupledAutoencoder(Autoencoder):
    """See the module."""

    name = "cae"
    Criterion = CoupledCriterion
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
