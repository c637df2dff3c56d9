"""Measures the speed of a training and the time it waits for its input."""

import time
from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor


class Throughput(Callback):
    """Logs at every logging step, over the steps since the last: learning rate, frames/s, steps/s, share of waiting.

    Waiting is wall-clock time between the end of one step and the start of the next, validation excepted: reading,
    decoding and moving frames. On a GPU steps end when they are launched, so waiting there is an upper bound.
    """

    def __init__(self, batch_size: int | None = None) -> None:
        """Args: `batch_size` frames of a step in one process; `None` counts what the batches hold."""
        self.batch_size = batch_size
        self._restart()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """An epoch starts to wait for its first batch."""
        self._restart()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """The input has come."""
        self._waited += time.perf_counter() - self._idle_since

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A step is done."""
        self._idle_since = time.perf_counter()
        self._steps += 1
        self._frames += (self.batch_size or _batch_size(batch)) * trainer.world_size
        step = trainer.fit_loop.epoch_loop._batches_that_stepped
        if (step + 1) % max(int(getattr(trainer, "log_every_n_steps", 1)), 1):
            return
        seconds = max(self._idle_since - self._begun, 1e-9)
        values = {
            "speed/frames_per_second": self._frames / seconds,
            "speed/steps_per_second": self._steps / seconds,
            "speed/waiting_share": min(self._waited / seconds, 1.0),
            **_learning_rates(trainer),
        }
        for logger in trainer.loggers:
            logger.log_metrics(values, step)
        self._restart()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validation is neither work nor waiting."""
        self._restart()

    def _restart(self) -> None:
        self._begun = self._idle_since = time.perf_counter()
        self._waited = 0.0
        self._steps = self._frames = 0


def _learning_rates(trainer: Trainer) -> dict[str, float]:
    """`train/learning_rate`, numbered where several optimizers (a GAN's) have one each."""
    rates = [float(optimizer.param_groups[0]["lr"]) for optimizer in trainer.optimizers]
    if len(rates) == 1:
        return {"train/learning_rate": rates[0]}
    return {f"train/learning_rate_{index}": rate for index, rate in enumerate(rates)}


def _batch_size(batch: Any) -> int:
    """Length of the first tensor in a batch, whatever it is packed in."""
    if isinstance(batch, Tensor):
        return len(batch) if batch.ndim else 1
    parts = batch.values() if isinstance(batch, Mapping) else batch if isinstance(batch, list | tuple) else ()
    return next((size for size in map(_batch_size, parts) if size), 0)
