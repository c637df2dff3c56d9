"""What a model that learns from labels makes of the examples held out, while it learns: in W&B, beside their labels."""

from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from cleanplate.engine.callbacks.pictures import heat, listeners, overlaid, position, undisturbed
from cleanplate.models.supervised.task import LabelledTask

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
