"""Training of the denoising autoencoder: spoilt frames in, clean ones wanted."""

import torch
from torch import Tensor

from cleanplate.models.autoencoder.dae.corruption import corrupted
from cleanplate.models.autoencoder.dae.model import DenoisingAutoencoder
from cleanplate.models.autoencoder.training import ReconstructionTask


class DenoisingTask(ReconstructionTask):
    """Reconstructs clean frames from corrupted ones, on request in two passes; validation sees frames as they are."""

    def __init__(self, model: DenoisingAutoencoder, frames: Tensor) -> None:
        super().__init__(model, frames)
        self.denoising_options = model.options

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """One step on an index batch."""
        frames = self.jittered(self.training_frames(batch))
        network = self.plate_network
        background, noise = network.decode(network.encode(self.corrupted(frames)))
        loss = self.weighted(frames, background, noise, "train")
        if self.denoising_options.two_pass:
            again = network.decode(network.encode(background))
            loss = loss + self.weighted(frames, *again, "train/second_pass")
        return loss

    def corrupted(self, frames: Tensor) -> Tensor:
        """Frames under this step's corruption; patches come from frames drawn from the whole scene."""
        generator = self.step_generator()
        drawn = torch.randint(len(self._train_indices), (len(frames),), generator=generator, device=frames.device)
        return corrupted(frames, self.training_frames(drawn), self.denoising_options.corruption, generator)
