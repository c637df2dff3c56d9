"""Fits any model; a learned one with checkpoints, so that a killed training resumes."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.models import BackgroundModel
from cleanplate.models.learned import LearnedModel
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.utils.files import remove

if TYPE_CHECKING:
    from pytorch_lightning import Trainer
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers import Logger

    from cleanplate.data.training import LabelledFrames
    from cleanplate.models.supervised.training import LabelledTask
    from cleanplate.models.training import FramesTask

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """How a fit went.

    Attributes:
        seconds: of this process; a resumed run counts from where it took up.
        steps: batches trained in all, 0 for models that are not trained.
        resumed: whether an earlier run was taken up.
        is_writer: whether this process writes outputs; of several, one does.
    """

    seconds: float
    steps: int = 0
    resumed: bool = False
    is_writer: bool = True


def fit(
    model: BackgroundModel,
    material: "FrameSequence | Sequence[LabelledFrames]",
    machine: dict[str, Any],
    folder: Path,
    identity: dict[str, Any],
    *,
    logger: "Logger | None" = None,
    callbacks: "Callable[[], Sequence[Callback]]" = lambda: (),
) -> Fitted:
    """Fits `model` to a scene, or has it learn from labels.

    Args:
        model: not yet fitted.
        material: the scene; for a model that learns from labels, labelled frames.
        machine: see `build_trainer`.
        folder: where an interrupted training keeps its checkpoints.
        identity: what a training in `folder` must agree on to be taken up: configuration and data.
        logger: where curves go beside the plain files.
        callbacks: makes further Lightning callbacks; called for learned models only, after the network is built.

    Raises:
        ModelError: if the material is of the other kind.
    """
    start = time.perf_counter()
    if isinstance(model, SupervisedModel):
        if isinstance(material, FrameSequence):
            raise ModelError(f"{model.name}: learns from labels, not from a scene; give it labelled frames")
        task: FramesTask | LabelledTask = model.task(material)
        finish = model.finish
    else:
        if not isinstance(material, FrameSequence):
            raise ModelError(f"{model.name}: learns a scene, without labels; give it one sequence")
        if not isinstance(model, LearnedModel):
            model.fit(material)
            return Fitted(time.perf_counter() - start)
        task = model.task(material)
        finish = partial(model.finish, material)
    from cleanplate.engine.trainer import build_trainer

    last = _taken_up(folder, identity)
    trainer = build_trainer(
        model.options,
        machine,
        folder,
        by_hand=not task.automatic_optimization,
        logger=logger,
        callbacks=callbacks(),
    )
    trainer.fit(task, ckpt_path=last, weights_only=False)
    if trainer.is_global_zero:
        _take_best(model.network, trainer, task.result)
        finish()
    return Fitted(time.perf_counter() - start, task.steps_done, last is not None, trainer.is_global_zero)


def _taken_up(folder: Path, identity: dict[str, Any]) -> Path | None:
    """The checkpoint to go on from; the folder is emptied where it belongs to another configuration or data."""
    from cleanplate.utils.parallel import is_first_process

    digest = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()
    marker, last = folder / "identity.sha256", folder / "last.ckpt"
    if marker.is_file() and marker.read_text() == digest:
        return last if last.is_file() else None
    if is_first_process():  # of several processes, one cleans
        remove(folder)
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(digest)
    return None


def _take_best(network: torch.nn.Module, trainer: "Trainer", prefix: str) -> None:
    """The network takes the weights with the lowest validation loss."""
    best = getattr(trainer.checkpoint_callback, "best_model_path", "")
    if best and Path(best).is_file():
        weights = torch.load(best, map_location="cpu", weights_only=False)["state_dict"]
        network.load_state_dict(
            {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
        )
    network.to("cpu")
