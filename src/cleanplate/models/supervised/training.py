"""Training from labels: examples drawn by other processes, losses that ignore unknown pixels, averaged weights."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryF1Score, BinaryJaccardIndex, BinaryPrecision, BinaryRecall

from cleanplate.data.sequence import evenly_spaced
from cleanplate.data.training import MOVING, UNKNOWN, NumberedBatches
from cleanplate.metrics.cdnet import BoundaryF
from cleanplate.models.components.losses.segmentation import segmentation_loss
from cleanplate.models.supervised.examples import Examples, LabelledOptions
from cleanplate.models.training import scheduled

_IGNORED = -1


class LabelledTask(pl.LightningModule):
    """Trains the network of a model on examples; validates by IoU, F-measure, precision, recall and boundary F.

    If weights are averaged, the average is validated, and becomes the result at the end.

    Args:
        network: what is trained; it stays the model's.
        options: see `LabelledOptions`.
        logits: maps inputs to logits by the network, see `SupervisedModel.logits`.
        examples: training and validation examples.
    """

    steps_done: int

    def __init__(
        self,
        network: nn.Module,
        options: LabelledOptions,
        logits: Callable[[Tensor], Tensor],
        examples: Examples,
    ) -> None:
        super().__init__()
        self.network = network.train()  # Lightning does not set the mode
        self.options = options
        self.averaged: AveragedModel | None = None
        if self.options.ema_decay:
            self.averaged = AveragedModel(
                self.network, multi_avg_fn=_moving_average(self.options.ema_decay), use_buffers=True
            ).requires_grad_(False)
        self._logits = logits
        self._examples = examples
        self.metrics = MetricCollection(
            {
                "iou": BinaryJaccardIndex(ignore_index=_IGNORED),
                "f_measure": BinaryF1Score(ignore_index=_IGNORED),
                "precision": BinaryPrecision(ignore_index=_IGNORED),
                "recall": BinaryRecall(ignore_index=_IGNORED),
                "boundary_f": BoundaryF(ignore_index=_IGNORED),
            },
            prefix="val/",
            compute_groups=False,
        )
        self.steps_done = 0

    @property
    def result(self) -> str:
        """Prefix of the resulting weights in a training checkpoint."""
        return "network." if self.averaged is None else "averaged.module."

    # Data

    def train_dataloader(self) -> Any:
        """One epoch of `epoch_steps` batches, drawn by other processes."""
        options, workers = self.options, self.options.workers
        epoch = self.steps_done // options.epoch_steps  # a resumed training goes on with the epoch it stopped before
        return DataLoader(
            self._examples,
            batch_sampler=NumberedBatches(options.batch_size, options.epoch_steps, epoch),
            num_workers=workers,
            # Forked, so that examples in memory need not be copied.
            multiprocessing_context="fork" if workers else None,
            persistent_workers=workers > 0,
            prefetch_factor=4 if workers else None,
            pin_memory=torch.cuda.is_available(),
        )

    def val_dataloader(self) -> Any:
        """The held-out examples."""
        return DataLoader(self._examples.validation(), batch_size=None)  # type: ignore[arg-type]  # a list will do

    def held_out(self, count: int) -> list[tuple[Tensor, Tensor]]:
        """Evenly spaced held-out examples: inputs and labels as in a batch of one."""
        examples: Any = self._examples.validation()
        return evenly_spaced(examples, count)

    def probability(self, pictures: Tensor) -> Tensor:
        """Probability of foreground by the resulting weights, `[N, 1, h, w]` in 0 … 1."""
        with self._result_weights():
            return torch.sigmoid(self._logits(pictures).float())

    # Steps

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """One step on a batch of examples."""
        loss = self._loss(*batch)[0]
        self.log("train/loss", loss.detach(), batch_size=len(batch[0]), prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Loss and metrics on held-out examples."""
        with self._result_weights():
            loss, logits, target, known = self._loss(*batch)
        self.log("val/loss", loss.detach(), batch_size=len(batch[0]), prog_bar=True, sync_dist=True)
        self.metrics.update(torch.sigmoid(logits), torch.where(known > 0, target, _IGNORED).long())

    def on_validation_epoch_end(self) -> None:
        """Logs the metrics."""
        self.log_dict(self.metrics.compute(), sync_dist=True)
        self.metrics.reset()

    def _loss(self, pictures: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        logits = self._logits(pictures).float()
        target, known = (labels == MOVING).float(), (labels != UNKNOWN).float()
        return segmentation_loss(self.options.loss, logits, target, known), logits, target, known

    def _result_weights(self) -> "_BorrowedWeights":
        return _BorrowedWeights(self.network, None if self.averaged is None else self.averaged.module)

    def hand_over(self) -> None:
        """Copies the resulting weights into the network."""
        if self.averaged is not None:
            self.network.load_state_dict(self.averaged.module.state_dict())

    # Bookkeeping

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Counts batches and updates the average."""
        self.steps_done += 1
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Saves the count of batches."""
        checkpoint["steps_done"] = self.steps_done

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restores the count of batches."""
        self.steps_done = checkpoint["steps_done"]

    def configure_optimizers(self) -> Any:
        """One optimizer over the trainable weights, with the learning rate set at every step."""
        options = self.options
        free = [weight for weight in self.network.parameters() if weight.requires_grad]
        decay = {"weight_decay": options.weight_decay} if options.optimizer == "adamw" else {}
        optimizer, schedule = scheduled(options, free, **decay)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _moving_average(kept: float) -> Callable[..., None]:
    """An exponential moving average with a shorter memory at first, to forget the initial weights."""

    def update(averaged: Any, current: Any, count: Any) -> None:
        share = min(kept, (1 + int(count)) / (10 + int(count)))
        get_ema_multi_avg_fn(share)(averaged, current, count)  # type: ignore[no-untyped-call]  # missing in torch

    return update


class _BorrowedWeights:
    """A context in which a network has the weights of another one."""

    def __init__(self, network: nn.Module, source: nn.Module | None) -> None:
        self.network = network
        self.source = source

    def __enter__(self) -> None:
        if self.source is not None:
            self._own = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
            self.network.load_state_dict(self.source.state_dict())

    def __exit__(self, *_: object) -> None:
        if self.source is not None:
            self.network.load_state_dict(self._own)
