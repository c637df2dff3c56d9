"""What all learned models share: a network, a training task, and frames brought to the network and back."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.models.base import BackgroundModel
from cleanplate.utils.worker import check_cancelled

if TYPE_CHECKING:  # Lightning takes seconds to import and prediction does not need it
    from pytorch_lightning import LightningModule

    from cleanplate.models.training import FramesTask


class LearnedModel(BackgroundModel):
    """A background model with a network, trained by Lightning.

    A subclass builds its network for a frame size (`build`), gives the Lightning module that trains it (`task`) and
    estimates from network outputs (`_estimate`). The network lives in the model; the task borrows it.
    """

    options: Any
    network: nn.Module

    @abstractmethod
    def build(self, size: tuple[int, int]) -> None:
        """Makes the network for frames of `size` (height, width), weights drawn from the seed."""

    @abstractmethod
    def task(self, sequence: FrameSequence) -> "FramesTask":
        """Reads the sequence, builds the network and returns the task that trains it, data loaders included."""

    def _fit(self, sequence: FrameSequence) -> None:
        """Trains with a plain Lightning `Trainer`; the pipeline brings its own, with checkpoints and logging."""
        train_plainly(self.task(sequence), self.options.epochs)
        self.finish(sequence)

    def finish(self, sequence: FrameSequence) -> None:
        """What is measured once the network has learnt; whoever trains calls it last."""
        self.network.eval()

    @property
    def parameters(self) -> int:
        """Number of learnt weights."""
        return sum(weight.numel() for weight in self.network.parameters()) if self.fitted else 0

    def to(self, device: torch.device | str) -> Self:
        """Moves the network, and so prediction, to a device."""
        self.network.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the network's weights."""
        return super().state_dict() | {
            "network": {key: value.cpu() for key, value in self.network.state_dict().items()}
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        if self._size is not None:
            self.build(self._size)
            self.network.load_state_dict(state["network"])
            self.network.eval()


def train_plainly(task: "LightningModule", epochs: int) -> None:
    """Trains without checkpoints and logging, on one device.

    Raises:
        CancelledError: if the training is cancelled, see `cleanplate.utils.worker`.
    """
    import pytorch_lightning as pl

    class CancelCallback(pl.Callback):
        """Ends a training that nobody waits for any more."""

        def on_train_batch_start(self, *_: Any) -> None:
            check_cancelled()

    trainer = pl.Trainer(
        max_epochs=epochs,
        callbacks=[CancelCallback()],
        precision="bf16-mixed" if torch.cuda.is_available() else "32-true",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(task)
