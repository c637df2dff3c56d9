"""Training of the autoencoder with several heads: the loss of each depth against the frame at its size."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from cleanplate.models.autoencoder.multi_decoder_ae.model import MultiDecoderAutoencoder, MultiDecoderCore
from cleanplate.models.autoencoder.training import ReconstructionTask
from cleanplate.models.components.losses import background_weight, mixed


class MultiDecoderTask(ReconstructionTask):
    """Adds the coarser heads to the reconstruction; see `cleanplate.models.autoencoder.multi_decoder_ae.model`."""

    def __init__(self, model: MultiDecoderAutoencoder, frames: Tensor) -> None:
        super().__init__(model, frames)
        self.head_weights = model.options.head_weights
        self.colours = model.outputs - model.options.learned_noise

    def reconstruction(self, frames: Tensor, codes: Any, stage: str) -> Tensor:
        """The weighted sum over all heads; `<stage>/loss` stays the finest one's, which gives the background."""
        core: MultiDecoderCore = self.plate_network.core
        finest, coarser = core.decode_all(codes)
        total = self.head_weights[0] * self.weighted(frames[:, :3], *self.plate_network.onto_plate(finest), stage)
        for depth, output in coarser.items():
            loss = self._coarse(frames[:, :3], output[:, : self.colours])
            total = total + self.head_weights[depth] * loss
            self.log(f"{stage}/depth_{depth}", loss.detach(), batch_size=len(frames), sync_dist=stage == "val")
        return total

    def _coarse(self, frames: Tensor, output: Tensor) -> Tensor:
        size = (output.shape[-2], output.shape[-1])
        target = F.interpolate(frames, size, mode="area")
        picture = F.interpolate(self._constant(), size, mode="area") + output
        box = 2 * (self.box * size[1] // (2 * frames.shape[-1])) + 1
        weight = background_weight(picture, target, self.autoencoder_options.foreground_suppression, box)
        return (weight * mixed(self.autoencoder_options.loss, picture, target)).sum() / weight.sum()

    def _constant(self) -> Tensor:
        """What all depths draw on: the initial plate, or the constant picture that is learnt in its place."""
        network = self.plate_network
        return network.small_plate if network.constant is None else network.small_plate + network.constant
