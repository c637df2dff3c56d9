"""Training of the robust autoencoder: steps of the network alternate with proximal steps of the sparse pictures."""

from typing import Any

import torch
from torch import Tensor

from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.autoencoder.training import AutoencoderTask


class RobustTask(AutoencoderTask):
    """Per batch: a step on reconstructing X − S, then the proximal step on the S of these frames.

    The sparse pictures stay on the device in half precision, one per training frame. They are no buffer, for DDP would
    send all of them round in every step. Between processes the new ones of each step are exchanged, so that all hold
    the same: whoever sees a frame next goes on from its last S, and the first process's checkpoint serves all.
    """

    sparse: Tensor

    def __init__(self, network: Any, options: Any, frames: Tensor, criterion: ReconstructionCriterion) -> None:
        super().__init__(network, options, frames, criterion)
        self.plain_steps = round(options.warm_up * options.epochs * options.epoch_steps)
        self.sparse = torch.zeros((len(self._train_indices), *frames.shape[1:]), dtype=torch.half)

    def on_fit_start(self) -> None:
        """Brings the sparse pictures to the device, too."""
        super().on_fit_start()
        self.sparse = self.sparse.to(self.device)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """One step on an index batch."""
        frames = self.jittered(self.training_frames(batch))
        remaining = frames - self.sparse[batch].float()
        background, noise = self.network.decode(self.network.encode(remaining))
        if self.steps_done >= self.plain_steps:
            self._keep(batch, self.network.proximal(frames, background))
        loss = self.criterion.weighted(remaining, background, noise, "train")
        self.log_parts(len(batch))
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """The same loss on held-out frames, whose sparse part is found as in use."""
        frames = self.validation_frames(batch)
        remaining = frames - self.network.sparse(frames)
        self.criterion.reconstruction(remaining, self.network.encode(remaining), "val")
        self.log_parts(len(batch))

    def _keep(self, batch: Tensor, sparse: Tensor) -> None:
        """Takes the new sparse pictures of this process and of all others."""
        share = (sparse != 0).float().mean()
        batches, pictures = self.all_gather((batch, sparse.half()))
        # One process after the other: where two have drawn the same frame, the last one's stands in all of them.
        for indices, values in zip(batches.view(-1, len(batch)), pictures.view(-1, *sparse.shape), strict=True):
            self.sparse[indices] = values
        self.log("train/sparse_share", share, batch_size=len(batch))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps the sparse pictures: the network alone could not give them again."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["sparse"] = self.sparse.cpu()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes the sparse pictures back."""
        super().on_load_checkpoint(checkpoint)
        self.sparse = checkpoint["sparse"].to(self.sparse.device)
