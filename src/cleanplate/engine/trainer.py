"""Builds the Lightning `Trainer` from the configuration."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from pytorch_lightning.loggers import Logger

from cleanplate.models.options import TrainingOptions

BEST = "best"
LAST = "last"


def build_trainer(
    options: TrainingOptions,
    machine: dict[str, Any],
    folder: Path,
    *,
    by_hand: bool = False,
    logger: Logger | None = None,
    callbacks: Sequence[Callback] = (),
) -> pl.Trainer:
    """A trainer that keeps the latest epoch (`last.ckpt`) and the best by validation loss (`best.ckpt`) in `folder`.

    Args:
        options: of the model; epochs and patience are read.
        machine: accelerator, devices, num_nodes, strategy, precision, progress, as in `conf/trainer`.
        folder: for checkpoints, empty or of an interrupted run of the same configuration.
        by_hand: whether the task steps its optimisers itself, of which some rest in each backward pass.
        logger: where curves go beside the plain files.
        callbacks: further ones.
    """
    _quieten()
    best = ModelCheckpoint(dirpath=folder, filename=BEST, monitor="val/loss", enable_version_counter=False)
    # Not by `save_last`, which renews its file only where the loss improved: a killed training would go back there.
    last = ModelCheckpoint(dirpath=folder, filename=LAST, enable_version_counter=False)
    # Lightning asks the first for the best weights, and saves in this order: `last.ckpt` knows the best as well.
    watched: list[Callback] = [best, last, *callbacks]
    if options.patience:
        watched.append(EarlyStopping("val/loss", patience=options.patience))
    if machine["progress"]:
        watched.append(TQDMProgressBar(refresh_rate=10))
    return pl.Trainer(
        accelerator=machine["accelerator"],
        devices=machine["devices"],
        num_nodes=machine["num_nodes"],
        strategy=_strategy(machine, by_hand),
        precision=_precision(machine),
        max_epochs=options.epochs,
        logger=logger or False,
        callbacks=watched,
        enable_progress_bar=machine["progress"],
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        use_distributed_sampler=False,  # the index batches share themselves out
    )


def _precision(machine: dict[str, Any]) -> Any:
    if machine["precision"] != "auto":
        return machine["precision"]
    on_cuda = torch.cuda.is_available() and machine["accelerator"] in {"auto", "gpu", "cuda"}
    return "bf16-mixed" if on_cuda and torch.cuda.is_bf16_supported() else "32-true"


def _strategy(machine: dict[str, Any], by_hand: bool) -> str:
    """DDP must be told where some weights get no gradient in a pass, as when two optimisers take turns."""
    several = machine["num_nodes"] > 1 or machine["strategy"] == "ddp" or machine["devices"] not in {1, "auto"}
    if machine["devices"] == "auto" and torch.cuda.device_count() > 1 and machine["accelerator"] != "cpu":
        several = True
    if not several:
        return "auto"
    return "ddp_find_unused_parameters_true" if by_hand else "ddp"


def _quieten() -> None:
    """Lightning advertises and repeats itself on every run; what is wrong still gets through."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.accelerators.cuda").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*Checkpoint directory .* exists and is not empty.*")
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")
