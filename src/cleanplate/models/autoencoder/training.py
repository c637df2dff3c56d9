"""Training of an autoencoder: weighted reconstruction, and an expected error where the model learns one."""

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.models.components.losses import background_weight, mixed
from cleanplate.models.training import FramesTask

if TYPE_CHECKING:
    from cleanplate.models.autoencoder.ae.model import Autoencoder

# AE-NE's box has a side of a 37th of the picture's width; it is scaled with the working resolution.
_BOXES_PER_WIDTH = 75


class ReconstructionTask(FramesTask):
    """Reconstructs frames; see `cleanplate.models.autoencoder.ae.model`.

    Args:
        model: the model that is trained; the task borrows its network.
        frames: uint8 RGB at working size, further streams behind: `[N, 3+, h, w]`.
    """

    def __init__(self, model: "Autoencoder", frames: Tensor) -> None:
        super().__init__(model.network, frames, model.options)
        self.plate_network = model.network
        self.autoencoder_options = model.options
        self.box = 2 * (frames.shape[-1] // _BOXES_PER_WIDTH) + 1

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """One step on an index batch."""
        frames = self.jittered(self.training_frames(batch))
        return self.reconstruction(frames, self.plate_network.encode(frames), "train")

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """The same loss on held-out frames."""
        frames = self.validation_frames(batch)
        self.reconstruction(frames, self.plate_network.encode(frames), "val")

    def reconstruction(self, frames: Tensor, codes: Any, stage: str) -> Tensor:
        """Weighted loss of decoding `codes` against `frames`; logs it part by part under `stage`."""
        return self.weighted(frames[:, :3], *self.plate_network.decode(codes), stage)

    def weighted(self, frames: Tensor, background: Tensor, noise: Tensor | None, stage: str) -> Tensor:
        """Loss of a background and its expected error against frames, foreground-like regions weighing little."""
        options = self.autoencoder_options
        weight = background_weight(background, frames, options.foreground_suppression, self.box)
        loss = (weight * mixed(options.loss, background, frames)).sum() / weight.sum()
        parts = {"reconstruction": loss}
        if noise is not None:
            error = (background.detach() - frames).abs().mean(dim=1, keepdim=True)
            parts["noise"] = (weight * F.smooth_l1_loss(noise, error, reduction="none", beta=3 / 255)).mean()
            loss = loss + parts["noise"]
        if options.initial_weight > 0:
            # What the frames leave open is as in the initial background.
            initial = F.interpolate(self.plate_network.small_plate, background.shape[-2:], mode="area")
            parts["initial"] = mixed(options.loss, background, initial.expand_as(background)).mean()
            loss = loss + options.initial_weight * parts["initial"]
        batch = len(frames)
        shared = stage == "val"  # a checkpoint is chosen by it, so all processes must see the same number
        logged = {f"{stage}/{name}": part.detach() for name, part in parts.items()}
        self.log_dict(logged, batch_size=batch, sync_dist=shared)
        self.log(f"{stage}/loss", loss.detach(), batch_size=batch, prog_bar=True, sync_dist=shared)
        return loss

    def jittered(self, frames: Tensor) -> Tensor:
        """Frames under random light: one factor per frame, a weaker one per channel on top."""
        jitter = self.autoencoder_options.light_jitter
        if jitter == 0:
            return frames
        draw = torch.rand((len(frames), 4, 1, 1), generator=self.step_generator(), device=frames.device) * 2 - 1
        factor = (1 + jitter * draw[:, :1]) * (1 + 0.25 * jitter * draw[:, 1:])
        lit = (frames[:, :3] * factor).clamp(0, 1)
        return torch.cat([lit, frames[:, 3:]], dim=1)  # further streams know no light
