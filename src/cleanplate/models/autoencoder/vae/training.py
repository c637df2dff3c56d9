"""Training of the variational autoencoder: samples of the code are decoded, and the divergence is paid for."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.models.autoencoder.training import ReconstructionTask
from cleanplate.models.autoencoder.vae.model import VariationalAutoencoder, divergence

# What the pixel loss counts as one unit of noise, see `vae`.
_NOISE = 3 / 255


class VariationalTask(ReconstructionTask):
    """Reconstruction from a sampled code, and the divergence per sample with linear warm-up.

    Validation decodes the mean, as the model does in use, and leaves the divergence out: while its weight rises, losses
    that hold it could not be compared.
    """

    def __init__(self, model: VariationalAutoencoder, frames: Tensor) -> None:
        super().__init__(model, frames)
        self.variational_options = model.options
        self.values = frames[0].numel()

    @property
    def kl_weight(self) -> float:
        """What one nat weighs in this step, against the pixel mean."""
        options = self.variational_options
        risen = min(1.0, self.steps_done / options.kl_warm_up) if options.kl_warm_up else 1.0
        return options.kl * risen * _NOISE / self.values

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """One step on an index batch."""
        frames = self.jittered(self.training_frames(batch))
        mean, log_variance = self.plate_network.core.posterior(self.plate_network.seen(frames))
        noise = torch.randn(mean.shape, generator=self.step_generator(), device=mean.device)
        codes = mean + (0.5 * log_variance).exp() * noise
        kl = divergence(mean, log_variance).mean()
        self.log_dict({"train/kl": kl.detach(), "train/kl_weight": self.kl_weight}, batch_size=len(frames))
        return self.at_all_scales(frames, codes) + self.kl_weight * kl

    def at_all_scales(self, frames: Tensor, codes: Tensor) -> Tensor:
        """Mean over the scales of the weighted loss of the decoded codes against the frames."""
        network = self.plate_network
        *coarse, finest = network.core.decoder.pyramid(codes)
        loss = self.weighted(frames, *network.onto_plate(finest), "train")
        for halvings, output in enumerate(reversed(coarse), start=1):
            target, plate = (
                F.interpolate(pictures, output.shape[-2:], mode="area") for pictures in (frames, network.small_plate)
            )
            background = plate + output[:, : 1 if network.grey else 3]
            loss = loss + self.weighted(target, background, None, f"train/{2**halvings}_times_smaller")
        return loss / (1 + len(coarse))
