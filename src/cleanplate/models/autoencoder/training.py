"""Lightning module that trains autoencoders; the loss comes from the model's criterion."""

from typing import Any

import torch
from torch import Tensor

from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.training import FramesTask


class AutoencoderTask(FramesTask):
    """Trains an autoencoder on frames under random light, with the loss of `criterion`.

    Args:
        network: what is trained; it stays the model's.
        options: the model's options.
        frames: uint8 RGB at working size, further streams behind the colours: `[N, 3+, h, w]`.
        criterion: the loss.
    """

    network: Any
    options: Any

    def __init__(self, network: Any, options: Any, frames: Tensor, criterion: ReconstructionCriterion) -> None:
        super().__init__(network, frames, options)
        self.criterion = criterion

    def training_step(self, batch: Tensor, batch_idx: int) -> Any:
        """One step on an index batch."""
        loss = self.criterion.training(self.jittered(self.training_frames(batch)), self)
        self.log_parts(len(batch))
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """The loss of held-out frames."""
        self.criterion.validation(self.validation_frames(batch))
        self.log_parts(len(batch))

    def log_parts(self, batch: int) -> None:
        """Logs what the criterion has collected.

        Validation values are shared between processes: a checkpoint is chosen by them, so all must see the same number.
        """
        for name, value in self.criterion.logged.items():
            shown = name.endswith("/loss")
            self.log(name, value, batch_size=batch, prog_bar=shown, sync_dist=name.startswith("val/"))
        self.criterion.logged.clear()

    def random_frames(self, count: int, generator: torch.Generator) -> Tensor:
        """Training frames drawn from the whole scene as float RGB in 0 … 1."""
        drawn = torch.randint(len(self._train_indices), (count,), generator=generator, device=self._frames.device)
        return self.training_frames(drawn)

    def jittered(self, frames: Tensor) -> Tensor:
        """Frames under random light: one factor per frame, a weaker one per channel on top."""
        jitter = self.options.light_jitter
        if jitter == 0:
            return frames
        draw = torch.rand((len(frames), 4, 1, 1), generator=self.step_generator(), device=frames.device) * 2 - 1
        factor = (1 + jitter * draw[:, :1]) * (1 + 0.25 * jitter * draw[:, 1:])
        lit = (frames[:, :3] * factor).clamp(0, 1)
        return torch.cat([lit, frames[:, 3:]], dim=1)  # further streams are no light
