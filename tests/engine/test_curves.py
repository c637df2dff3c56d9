"""Curves on disk: every scalar, and a resumed training writes the file that the uninterrupted one writes."""

import csv
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from cleanplate.engine.callbacks import Curves, Throughput
from cleanplate.engine.callbacks.curves import CurveFile


class KilledError(Exception):
    pass


class Task(pl.LightningModule):
    """Its losses follow from the weights alone."""

    def __init__(self, die_at: int | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = torch.nn.Linear(2, 1)
        self.die_at = die_at

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        if self.global_step == self.die_at:
            raise KilledError
        loss = (self.network(batch) - 1).square().mean()
        self.log("train/loss", loss)
        self.log("train/mean", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: torch.Tensor, index: int) -> None:
        self.log("val/loss", (self.network(batch) - 1).square().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.05)

    def train_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(torch.ones(10, 2), batch_size=2)

    def val_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(torch.ones(2, 2), batch_size=2)


def trained(
    folder: Path, epochs: int = 4, die_at: int | None = None, resume: Path | None = None, every: int | None = None
) -> Path:
    checkpoints = ModelCheckpoint(folder, filename="{step}", save_top_k=-1, save_last=True, every_n_train_steps=every)
    trainer = pl.Trainer(
        max_epochs=epochs, logger=False, callbacks=[Curves(folder / "curves.csv"), Throughput(), checkpoints],
        accelerator="cpu", log_every_n_steps=2, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    with suppress(KilledError):
        trainer.fit(Task(die_at), ckpt_path=resume, weights_only=False)
    return folder / "curves.csv"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_scalar_is_there(tmp_path: Path) -> None:
    table = rows(trained(tmp_path))
    assert list(table[0]) == ["step", "epoch", "train/learning_rate", "train/loss", "train/mean", "val/loss"]
    assert [int(row["step"]) for row in table] == sorted({*range(1, 20, 2), 4, 9, 14, 19})
    ends = [row for row in table if row["val/loss"]]
    assert [row["step"] for row in ends] == ["4", "9", "14", "19"]
    assert [row["epoch"] for row in ends] == ["0", "1", "2", "3"]
    assert all(row["train/mean"] for row in ends)
    losses = [float(row["train/loss"]) for row in table if row["train/loss"]]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("die_at", [None, 13], ids=["ended", "killed"])
@pytest.mark.parametrize("lost", [False, True], ids=["file kept", "file lost"])
def test_a_resumed_training_ends_in_the_same_file(tmp_path: Path, die_at: int | None, lost: bool) -> None:
    whole = trained(tmp_path / "whole").read_text()
    path = trained(tmp_path / "parts", epochs=2 if die_at is None else 4, die_at=die_at)
    if lost:
        if die_at is None:
            pytest.skip("what is logged after the last checkpoint is lost with the file")
        path.unlink()
    resumed = trained(tmp_path / "parts", resume=tmp_path / "parts/last.ckpt").read_text()
    if lost:  # the epoch's own means come after its checkpoint
        drop = lambda text: [line.rsplit(",", 2)[0] for line in text.splitlines()]  # noqa: E731
        assert drop(resumed) == drop(whole)
    else:
        assert resumed == whole


def test_resuming_within_an_epoch(tmp_path: Path) -> None:
    whole = rows(trained(tmp_path / "whole", every=3))
    trained(tmp_path / "parts", die_at=13, every=3)
    resumed = rows(trained(tmp_path / "parts", resume=tmp_path / "parts/last.ckpt", every=3))
    for row in (*whole, *resumed):
        del row["train/mean"]  # Lightning forgets the first part of an epoch's mean
    assert resumed == whole


def test_a_late_column_and_an_earlier_step(tmp_path: Path) -> None:
    file = CurveFile(tmp_path / "deep/curves.csv")
    file.add(3, {"b": "1"})
    file.add(5, {"b": "2"})
    file.add(5, {"a": "3"})
    file.add(4, {"a": "4"})
    file.add(6, {"b": "5"})
    assert file.path.read_text().splitlines() == ["step,epoch,a,b", "3,,,1", "4,,4,", "5,,3,2", "6,,,5"]


def test_a_cut_last_line_is_survived(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text("step,epoch,a\n0,0,1\n1,0,2\n2,")
    file = CurveFile(path)
    file.resume(2, {})
    assert path.read_text().splitlines() == ["step,epoch,a", "0,0,1", "1,0,2"]
