"""Training of coupled autoencoders: both at once, each from its own loss."""

import torch.nn.functional as F
from torch import Tensor

from cleanplate.models.autoencoder.cae.model import CoupledAutoencoder
from cleanplate.models.autoencoder.training import ReconstructionTask


class CoupledTask(ReconstructionTask):
    """The first learns the frames; the second the first's picture, which is both its input and its target.

    No gradient passes between the two, so one optimiser over both does what two would. The expected error, where it is
    learnt, is that of the second's picture against the frame.
    """

    def __init__(self, model: CoupledAutoencoder, frames: Tensor) -> None:
        super().__init__(model, frames)
        self.coupled = model.network

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """One step of both on an index batch."""
        frames = self.jittered(self.training_frames(batch))
        first = self.coupled.precede(frames)
        target = first.detach()
        second, noise = self.coupled.decode(self.coupled.encode(target))
        loss = self.weighted(frames, first, None, "train") + self.weighted(target, second, None, "train/second")
        if noise is not None:
            error = (second.detach() - frames).abs().mean(dim=1, keepdim=True)
            loss = loss + F.smooth_l1_loss(noise, error, beta=3 / 255)
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """How well the second's picture, the background, matches held-out frames."""
        frames = self.validation_frames(batch)
        self.weighted(frames, *self.coupled.decode(self.coupled.encode(self.coupled.precede(frames))), "val")
