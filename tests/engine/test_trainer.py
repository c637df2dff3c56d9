"""The trainer keeps two checkpoints, the best and the latest; a killed training goes on from the latest."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from cleanplate.engine.trainer import build_trainer
from cleanplate.models.options import TrainingOptions

CPU: dict[str, Any] = {
    "accelerator": "cpu",
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "precision": "32-true",
    "progress": False,
}
EPOCHS, EPOCH_STEPS = 5, 2


class Worsening(pl.LightningModule):
    """One weight that counts steps; its validation loss is best in the epoch `best`, and grows from there."""

    def __init__(self, best: int) -> None:
        super().__init__()
        self.best = best
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return -self.weight

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/loss", float(abs(self.current_epoch - self.best)))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def train_dataloader(self) -> DataLoader[Tensor]:
        return DataLoader(torch.zeros(EPOCH_STEPS))

    def val_dataloader(self) -> DataLoader[Tensor]:
        return DataLoader(torch.zeros(1))


class PowerCutError(Exception):
    pass


class PullPlug(pl.Callback):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epoch:
            raise PowerCutError


def trainer(folder: Path, *callbacks: pl.Callback, **options: Any) -> pl.Trainer:
    options = {"steps": EPOCHS * EPOCH_STEPS, "epoch_steps": EPOCH_STEPS} | options
    return build_trainer(TrainingOptions(**options), CPU, folder, callbacks=callbacks)


def kept(folder: Path) -> dict[str, tuple[int, float]]:
    """Epoch and weight in each checkpoint."""
    found = {path.stem: torch.load(path, weights_only=False) for path in folder.glob("*.ckpt")}
    return {name: (content["epoch"], float(content["state_dict"]["weight"])) for name, content in found.items()}


@pytest.mark.parametrize("best", [0, 2, 4])
def test_the_best_and_the_latest_epoch_are_kept_whatever_the_loss_does(best: int, tmp_path: Path) -> None:
    made = trainer(tmp_path)
    made.fit(Worsening(best))
    assert kept(tmp_path) == {"best": (best, (best + 1) * EPOCH_STEPS), "last": (EPOCHS - 1, EPOCHS * EPOCH_STEPS)}
    assert Path(made.checkpoint_callback.best_model_path).name == "best.ckpt"


def test_a_training_that_was_killed_while_its_loss_grew_loses_no_epoch(tmp_path: Path) -> None:
    with pytest.raises(PowerCutError):
        trainer(tmp_path, PullPlug(3)).fit(Worsening(best=0))
    assert kept(tmp_path) == {"best": (0, 2), "last": (2, 6)}
    task, again = Worsening(best=0), trainer(tmp_path)
    again.fit(task, ckpt_path=tmp_path / "last.ckpt", weights_only=False)
    assert task.weight.item() == EPOCHS * EPOCH_STEPS
    assert kept(tmp_path) == {"best": (0, 2), "last": (4, 10)}
    assert Path(again.checkpoint_callback.best_model_path).name == "best.ckpt"


def test_patience_is_counted_over_an_interruption(tmp_path: Path) -> None:
    with pytest.raises(PowerCutError):
        trainer(tmp_path, PullPlug(2), patience=3).fit(Worsening(best=0))
    again = trainer(tmp_path, patience=3)
    again.fit(Worsening(best=0), ckpt_path=tmp_path / "last.ckpt", weights_only=False)
    assert kept(tmp_path)["last"] == (3, 8)
