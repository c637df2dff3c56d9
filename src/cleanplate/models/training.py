"""What every training task shares: frames on the device, optimiser and schedule from options, validation."""

import math
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from cleanplate.data.training import IndexBatches, OrderedBatches
from cleanplate.models.options import TrainingOptions

_WARM_UP = 0.05
_FINAL_RATE = 0.02
_OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}


def one_cycle(total: int | None) -> Callable[[int], float]:
    """Factor of the learning rate by step: up over a twentieth of `total` steps, down a cosine; `None`: always one."""

    def rate(step: int) -> float:
        if total is None:
            return 1.0
        warm = max(1, round(_WARM_UP * total))
        if step < warm:
            return (step + 1) / warm
        progress = min(1.0, (step - warm) / max(1, total - warm))
        return _FINAL_RATE + (1 - _FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * progress))

    return rate


def scheduled(
    options: TrainingOptions, parameters: Any, factor: float = 1.0, **more: Any
) -> tuple[Optimizer, LambdaLR]:
    """Optimiser and schedule from the options; `factor` scales the learning rate, `more` goes to the optimiser."""
    kind: Any = _OPTIMIZERS[options.optimizer]
    optimizer = kind(parameters, lr=options.learning_rate * factor, **more)
    total = options.epochs * options.epoch_steps if options.schedule == "one_cycle" else None
    return optimizer, LambdaLR(optimizer, one_cycle(total))


class FramesTask(pl.LightningModule):
    """Trains a network on the frames of one scene, held as uint8 on the device; a batch is a list of indices.

    Every tenth frame is kept for validation where there are at least twenty. Randomness in a step comes from
    `step_generator`, which follows from seed and step alone: a resumed run ends where the uninterrupted one ends.

    Args:
        network: what is trained; it stays the model's.
        frames: uint8 RGB `[N, 3, h, w]`.
        options: see `TrainingOptions`.
    """

    steps_done: int
    result = "network."
    """Prefix, among the weights of a checkpoint of the training, of those that are the result."""

    def __init__(self, network: nn.Module, frames: Tensor, options: TrainingOptions) -> None:
        super().__init__()
        self.network = network
        self.options = options
        # Neither parameter nor buffer: it must not travel in checkpoints or be broadcast between processes.
        self._frames = frames
        positions = torch.arange(len(frames))
        held_out = (positions % 10 == 9) & (len(frames) >= 20)
        self._train_indices = torch.nonzero(~held_out).flatten()
        self._val_indices = torch.nonzero(held_out).flatten() if held_out.any() else self._train_indices
        self.steps_done = 0

    # Data

    def train_dataloader(self) -> IndexBatches:
        """One epoch of `epoch_steps` index batches."""
        options = self.options
        return IndexBatches(len(self._train_indices), options.batch_size, options.epoch_steps, options.seed)

    def val_dataloader(self) -> OrderedBatches:
        """All held-out frames, in batches."""
        return OrderedBatches(len(self._val_indices), self.options.batch_size)

    def on_fit_start(self) -> None:
        """Brings the frames to the device, once: no step then waits for the host."""
        self._frames = self._frames.to(self.device)
        self._train_indices = self._train_indices.to(self.device)
        self._val_indices = self._val_indices.to(self.device)

    def training_frames(self, batch: Tensor) -> Tensor:
        """The frames of an index batch as float RGB in 0 … 1."""
        return self._frames[self._train_indices[batch]].float() / 255

    def validation_frames(self, batch: Tensor) -> Tensor:
        """The held-out frames of an index batch as float RGB in 0 … 1."""
        return self._frames[self._val_indices[batch]].float() / 255

    # Randomness and learning rate

    def step_generator(self) -> torch.Generator:
        """A generator for this step: from the seed, the step and, between processes, the rank."""
        generator = torch.Generator(device=self.device)
        return generator.manual_seed((self.options.seed * 1_000_003 + self.steps_done) * 4099 + self.global_rank)

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Counts batches; Lightning's `global_step` counts optimiser steps, of which there may be several."""
        self.steps_done += 1

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps the count of batches."""
        checkpoint["steps_done"] = self.steps_done

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes the count of batches back."""
        self.steps_done = checkpoint["steps_done"]

    def optimizer_for(self, parameters: Any, factor: float = 1.0) -> tuple[Optimizer, LambdaLR]:
        """Optimiser and schedule from the options; `factor` scales the learning rate."""
        return scheduled(self.options, parameters, factor)

    def configure_optimizers(self) -> Any:
        """One optimiser over the network, its rate set anew at every step."""
        optimizer, schedule = self.optimizer_for(self.network.parameters())
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
