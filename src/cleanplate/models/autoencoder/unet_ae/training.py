"""Training of the U-Net autoencoder: the final background and the provisional one, each against the frame."""

from typing import Any

from torch import Tensor

from cleanplate.models.autoencoder.training import ReconstructionTask
from cleanplate.models.autoencoder.unet_ae.model import UNetAutoencoder
from cleanplate.models.components.losses import background_weight, mixed


class UNetTask(ReconstructionTask):
    """Adds the provisional background to the reconstruction; see `cleanplate.models.autoencoder.unet_ae.model`."""

    def __init__(self, model: UNetAutoencoder, frames: Tensor) -> None:
        super().__init__(model, frames)
        self.provisional = model.options.provisional

    def reconstruction(self, frames: Tensor, codes: Any, stage: str) -> Tensor:
        """The usual loss, and that of what the code alone says; `<stage>/loss` stays the final background's."""
        loss = super().reconstruction(frames, codes, stage)
        options, frames = self.autoencoder_options, frames[:, :3]
        picture, _ = self.plate_network.onto_plate(codes.provisional)
        weight = background_weight(picture, frames, options.foreground_suppression, self.box)
        provisional = (weight * mixed(options.loss, picture, frames)).sum() / weight.sum()
        self.log(f"{stage}/provisional", provisional.detach(), batch_size=len(frames), sync_dist=stage == "val")
        return loss + self.provisional * provisional
