"""What all learned models share: a network, a training task, and frames brought to the network and back."""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.models.base import BackgroundModel
from cleanplate.utils.arrays import Image
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


def as_tensor(frames: Sequence[Image], device: torch.device | str = "cpu") -> Tensor:
    """Frames, uint8 BGR `[H, W, 3]` each, as uint8 RGB `[N, 3, H, W]` on a device. The one place that converts."""
    height, width = frames[0].shape[:2]
    batch = np.empty((len(frames), height, width, 3), np.uint8)
    for frame, place in zip(frames, batch, strict=True):
        cv2.cvtColor(frame, cv2.COLOR_BGR2RGB, dst=place)  # many times as fast as turning the axis round
    return torch.from_numpy(batch).to(device).permute(0, 3, 1, 2)


def as_image(picture: Tensor) -> Image:
    """Brings float RGB `[3, H, W]` in 0 … 1 back to uint8 BGR `[H, W, 3]`."""
    levels = picture.detach().float().mul(255).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.flip(0).permute(1, 2, 0).cpu().numpy())


def shrunk(frame: Image, size: tuple[int, int]) -> Image:
    """A frame at `size` (height, width), each pixel the mean of what it covers."""
    if frame.shape[:2] == size:
        return frame
    return np.asarray(cv2.resize(frame, (size[1], size[0]), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def bf16_autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Autocast to bf16 where the hardware computes in it, which doubles the speed; elsewhere it would halve it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=supports_bf16(device))


def supports_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16."""
    if device.type == "cpu":
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return device.type == "cuda" and torch.cuda.is_bf16_supported()
