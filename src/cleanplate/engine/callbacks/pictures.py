"""Logs frames with background, score and mask to W&B during training."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from cleanplate.engine.tracking import TrackingLogger
from cleanplate.models.base import BackgroundModel
from cleanplate.models.supervised.training import LabelledTask
from cleanplate.models.types import Prediction
from cleanplate.utils.arrays import Image

CLASSES = {0: "background", 1: "foreground", 2: "shadow", 3: "ignored"}
"""What W&B calls the values of a mask overlay; 0 stays transparent."""


class Pictures(Callback):
    """Every `every` epochs, and after the last: predicts fixed frames and logs frame, background, score and mask.

    The frame carries the mask, and the ground truth where there is one, as overlays to switch on and off. Training goes
    on as if nothing had been: modes of the layers and random numbers are as before. What else the model has to show
    (`BackgroundModel.extra_pictures`) is logged beside them.
    """

    def __init__(
        self,
        model: BackgroundModel,
        frames: Sequence[Image],
        captions: Sequence[str],
        truth: Sequence[Image | None] | None = None,
        every: int = 5,
        before: Sequence[Image] | None = None,
    ) -> None:
        """Pictures of some frames.

        Args:
            model: shares its network with the task.
            frames: uint8 BGR.
            captions: one per frame.
            truth: CDnet labels per frame.
            every: epochs.
            before: the frame before each one, for models that remember; the frame itself by default.
        """
        self.model = model
        self.frames = list(frames)
        self.captions = list(captions)
        self.truth = list(truth) if truth is not None else [None] * len(self.frames)
        self.every = every
        self.before = list(before) if before is not None else self.frames

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See the class."""
        loggers = listeners(trainer, self.every)
        if not loggers or not self.frames:
            return
        with undisturbed(pl_module):
            # A copy shares the network but keeps its own last background: pictures leave no trace in a checkpoint.
            model = copy.copy(self.model)
            predictions, extra = self._predicted(model), self._extra(model)
        for logger in loggers:
            logger.attempt(lambda run: run.log(self._panels(predictions) | self._shown(extra) | position(trainer)))

    def _predicted(self, model: BackgroundModel) -> list[Prediction]:
        if not model.remembers:
            return model.predict(self.frames)
        predictions = []
        for before, frame in zip(self.before, self.frames, strict=True):
            model.reset()
            predictions.append(model.predict([before, frame])[1])
        model.reset()
        return predictions

    def _extra(self, model: BackgroundModel) -> dict[str, list[Image]]:
        found: dict[str, list[Image]] = {}
        for before, frame in zip(self.before, self.frames, strict=True):
            for name, images in model.extra_pictures([before, frame]).items():
                found.setdefault(name, []).append(images[1])
        return found

    def _shown(self, extra: dict[str, list[Image]]) -> dict[str, Any]:
        import wandb

        return {
            f"pictures/{name}": [
                wandb.Image(image[..., ::-1], caption=caption)
                for image, caption in zip(images, self.captions, strict=True)
            ]
            for name, images in extra.items()
        }

    def _panels(self, predictions: list[Prediction]) -> dict[str, Any]:
        import wandb

        panels: dict[str, list[Any]] = {"frame": [], "background": [], "score": [], "mask": []}
        for frame, caption, truth, prediction in zip(self.frames, self.captions, self.truth, predictions, strict=True):
            panels["frame"].append(overlaid(frame[..., ::-1], caption, prediction.mask, truth))
            panels["background"].append(wandb.Image(prediction.background[..., ::-1], caption=caption))
            panels["score"].append(wandb.Image(heat(prediction.score)[..., ::-1], caption=caption))
            panels["mask"].append(wandb.Image(prediction.mask, caption=caption))
        return {f"pictures/{name}": images for name, images in panels.items()}


def listeners(trainer: Trainer, every: int) -> list[TrackingLogger]:
    """Who is to be shown pictures at the end of this epoch: every so many, and at the last; the first process alone."""
    number = trainer.current_epoch + 1
    last = number == trainer.max_epochs or trainer.should_stop
    if not trainer.is_global_zero or (number % every and not last):
        return []
    return [logger for logger in trainer.loggers if isinstance(logger, TrackingLogger) and not logger.silent]


def position(trainer: Trainer) -> dict[str, Any]:
    """The step at which W&B shows what is logged at the end of an epoch."""
    return {"trainer/global_step": trainer.fit_loop.epoch_loop._batches_that_stepped - 1}


def overlaid(picture: Image, caption: str, mask: Image, truth: Image | None) -> Any:
    """A picture (RGB) for W&B, with mask and CDnet labels as overlays to switch on and off."""
    import wandb

    masks = {"prediction": {"mask_data": prediction_classes(mask), "class_labels": CLASSES}}
    if truth is not None:
        masks["ground_truth"] = {"mask_data": truth_classes(truth), "class_labels": CLASSES}
    return wandb.Image(picture, caption=caption, masks=masks)


def prediction_classes(mask: Image) -> Image:
    """A mask (0, 127, 255) as `CLASSES`."""
    return np.select([mask == 255, mask == 127], [1, 2], 0).astype(np.uint8)


def truth_classes(truth: Image) -> Image:
    """CDnet labels (0, 50, 85, 170, 255) as `CLASSES`."""
    return np.select([truth == 255, truth == 50, (truth == 85) | (truth == 170)], [1, 2, 3], 0).astype(np.uint8)


def heat(score: Any) -> Image:
    """A score, 0 to 255, as a picture from black over red to yellow, BGR."""
    return np.asarray(cv2.applyColorMap(np.clip(score, 0, 255).astype(np.uint8), cv2.COLORMAP_INFERNO), np.uint8)


@contextmanager
def undisturbed(module: torch.nn.Module) -> Iterator[None]:
    """Inside, all layers are in evaluation mode and no gradient is kept; after it, all is as it was, randomness too."""
    modes = {part: part.training for part in module.modules()}
    devices = {parameter.device for parameter in module.parameters() if parameter.device.type == "cuda"}
    numpy_state = np.random.get_state()
    try:
        module.eval()
        with torch.random.fork_rng(devices=sorted(device.index or 0 for device in devices)), torch.no_grad():
            yield
    finally:
        for part, training in modes.items():
            part.training = training
        np.random.set_state(numpy_state)


Shown = tuple[torch.Tensor, torch.Tensor]


class HeldOutPictures(Callback):
    """Every `every` epochs, and after the last: logs frame, score and mask of some held-out examples.

    The frame carries mask and labels as overlays to switch on and off. The weights are those that are judged, the
    average where there is one; training goes on as if nothing had been, see `Pictures`.
    """

    def __init__(self, every: int = 5, count: int = 4) -> None:
        """Args: `count` examples at most, evenly spaced over those held out."""
        self.every = every
        self.count = count
        self._examples: list[Shown] | None = None

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See the class."""
        loggers = listeners(trainer, self.every)
        if not loggers or not isinstance(pl_module, LabelledTask):
            return
        if self._examples is None:
            self._examples = pl_module.held_out(self.count)
        with undisturbed(pl_module):
            scores = [pl_module.probability(pictures.to(pl_module.device)) * 255 for pictures, _ in self._examples]
        for logger in loggers:
            logger.attempt(lambda run: run.log(self._panels(self._examples or [], scores) | position(trainer)))

    def _panels(self, examples: list[Shown], scores: list[torch.Tensor]) -> dict[str, Any]:
        import wandb

        panels: dict[str, list[Any]] = {"frame": [], "score": [], "mask": []}
        for number, ((pictures, labels), found) in enumerate(zip(examples, scores, strict=True), 1):
            caption = f"held out, {number}"
            frame = np.ascontiguousarray(pictures[0, :3].permute(1, 2, 0).numpy())
            score = found[0, 0].cpu().numpy()
            mask = np.where(score > 127.5, 255, 0).astype(np.uint8)
            panels["frame"].append(overlaid(frame, caption, mask, labels[0, 0].numpy()))
            panels["score"].append(wandb.Image(heat(score)[..., ::-1], caption=caption))
            panels["mask"].append(wandb.Image(mask, caption=caption))
        return {f"pictures/{name}": images for name, images in panels.items()}
