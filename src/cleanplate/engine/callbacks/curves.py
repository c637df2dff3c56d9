"""Writes every logged scalar to a CSV file, which DVC plots and spreadsheets read."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only

Row = dict[str, str]

KEYS = ("step", "epoch")
VOLATILE = ("speed/", "trainer/")
"""Prefixes of what differs from run to run; kept out, so that equal trainings write equal files."""


class CurveFile:
    """A table of scalars by step, whole on disk after every change.

    Scalars logged at one step (training loss, validation loss, epoch means) share a row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: list[str] = list(KEYS)
        self.rows: dict[int, Row] = {}
        self._tail: tuple[int, int] | None = None  # step of the last row on disk, and where it begins

    def add(self, step: int, values: Mapping[str, str]) -> None:
        """Adds scalars to the row of `step` and writes it."""
        row = self.rows.setdefault(step, {"step": str(step)})
        row.update(values)
        fresh = [name for name in values if name not in self.columns]
        self.columns += fresh
        last = self._tail
        if fresh or last is None or step < last[0]:
            self.write()
            return
        # The usual case costs one line: a new row is added, the last one overwritten.
        with self.path.open("r+", newline="") as file:
            start = last[1] if step == last[0] else file.seek(0, 2)
            file.seek(start)
            file.truncate()
            csv.DictWriter(file, self.columns).writerow(row)
        self._tail = (step, start)

    def write(self) -> None:
        """Writes the whole file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = dict(sorted(self.rows.items()))
        # Training columns first seen late (a validation loss) go where their names belong, whatever came first.
        self.columns = [*KEYS, *sorted(set(self.columns) - set(KEYS))]
        part = self.path.with_name(self.path.name + ".part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            for step, row in self.rows.items():
                self._tail = (step, file.tell())
                writer.writerow(row)
        part.replace(self.path)

    def resume(self, before: int, known: Mapping[int, Row]) -> None:
        """Takes up what an interrupted run wrote.

        Args:
            before: the first step that will be trained again; rows from there on are dropped.
            known: rows that the checkpoint carries. The file may hold more of them, or be gone.
        """
        rows = {int(step): dict(row) for step, row in known.items()}
        if self.path.is_file():
            with self.path.open(newline="") as file:
                for line in csv.DictReader(file):
                    if (line.get("step") or "").isdigit():
                        values = {name: value for name, value in line.items() if name and value}
                        rows.setdefault(int(line["step"]), {}).update(values)
        self.rows = {step: row for step, row in rows.items() if step < before}
        self.columns = list({name: None for row in [dict.fromkeys(KEYS, ""), *self.rows.values()] for name in row})
        self.write()


class Curves(Callback):
    """Writes every scalar that the training logs to `path`.

    Columns are `step` (batches trained before it), `epoch` and the metrics' names. A resumed training continues the
    file so that it ends as the uninterrupted one's would.
    """

    def __init__(self, path: Path, volatile: tuple[str, ...] = VOLATILE) -> None:
        self.file = CurveFile(path)
        self.volatile = volatile
        self._known: dict[int, Row] | None = None
        self._started = False

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Joins the trainer's loggers: they alone are told every scalar, at its step, once."""
        if not any(isinstance(logger, _CurveLogger) and logger.curves is self for logger in trainer.loggers):
            trainer.loggers = [*trainer.loggers, _CurveLogger(self)]

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Before the first step: now the trainer knows with which one it resumes."""
        if self._started or trainer.global_rank != 0:
            return
        self._started = True
        step = trainer.fit_loop.epoch_loop._batches_that_stepped
        if self._known is not None or step > 0:
            self.file.resume(step, self._known or {})
        else:
            self.file.write()

    def state_dict(self) -> dict[str, Any]:
        """The rows so far: the file may be gone when a training is resumed elsewhere."""
        return {"rows": {step: dict(row) for step, row in self.file.rows.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See `state_dict`."""
        self._known = state_dict["rows"]

    def add(self, step: int, metrics: Mapping[str, float]) -> None:
        """Called for every logging step."""
        values = {name: _written(value) for name, value in metrics.items() if not name.startswith(self.volatile)}
        if values.keys() - set(KEYS):
            self.file.add(step, values)


class _CurveLogger(Logger):
    """Passes on what Lightning tells its loggers."""

    def __init__(self, curves: Curves) -> None:
        super().__init__()
        self.curves = curves

    @property
    def name(self) -> str:
        return "curves"

    @property
    def version(self) -> str:
        return ""

    def log_hyperparams(self, params: Any, *_: Any, **__: Any) -> None:
        """Not ours to keep."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if step is not None:
            self.curves.add(step, metrics)


def _written(value: float) -> str:
    number = float(value)
    # Seven digits are what a float32 holds.
    return (
        str(int(number)) if math.isfinite(number) and number == int(number) and abs(number) < 1e6 else f"{number:.7g}"
    )
