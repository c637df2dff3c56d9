"""Rows of a benchmark and their CSV file, written atomically one at a time."""

import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cleanplate.errors import DataError
from cleanplate.utils.files import replacing


@dataclass(frozen=True)
class Row:
    """What one model reached on one scene.

    Attributes:
        model: its name.
        family: its family.
        options: where its options differ from the defaults, as `key=value` words.
        scene: `category/video`.
        f_measure: official, 0 to 1; `None` without ground truth, as `precision` and `recall`.
        age: mean grey-level error of the background; `None` where the true one is not known.
        train_seconds: of fitting, decoding of the frames included; processor time where there is no GPU.
        frames_per_second: of prediction, without decoding.
        parameters: learnt weights.
        frames: of the scene, all of them.
        options_digest: of all options and foreground parameters.
        scene_digest: of the names and sizes of the scene's files.
        version: of cleanplate.
        hardware: accelerators or processor.
        error: why there is no result, in one line; empty if there is one.
    """

    model: str
    family: str
    options: str
    scene: str
    f_measure: float | None = None
    precision: float | None = None
    recall: float | None = None
    age: float | None = None
    train_seconds: float | None = None
    frames_per_second: float | None = None
    parameters: int | None = None
    frames: int | None = None
    options_digest: str = ""
    scene_digest: str = ""
    version: str = ""
    hardware: str = ""
    error: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What a result depends on; a row with the same key need not be made again."""
        return self.model, self.options_digest, self.scene, self.scene_digest, self.version

    @property
    def label(self) -> str:
        """What a table calls the model: its name, and the options it was given."""
        return f"{self.model} ({self.options})" if self.options else self.model


_COLUMNS = [field.name for field in fields(Row)]
_WHOLE = {"parameters", "frames"}
_REAL = {"f_measure", "precision", "recall", "age", "train_seconds", "frames_per_second"}
_DIGITS = {"age": 3, "train_seconds": 1, "frames_per_second": 1}


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, in its order; none if there is no file. A last line that a kill cut off is passed over.

    Raises:
        DataError: if the file is no table of a benchmark.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines:
        return []
    if lines[0].split(",") != _COLUMNS:
        raise DataError(f"{path}: its columns are not those of a benchmark; give another file or remove it")
    try:
        return [_row(cells) for cells in csv.DictReader(lines, strict=True)]
    except (ValueError, TypeError, csv.Error) as error:
        raise DataError(f"{path}: holds a row that is none of a benchmark's: {error}") from error


def append_row(path: Path, row: Row) -> None:
    """Adds a row at the end in one write; what a kill left of a row before it is cut off first.

    Raises:
        DataError: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            _cut_torn_line(file)
            head = "" if file.tell() else ",".join(_COLUMNS) + "\n"
            file.write((head + _line(row)).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error


def latest(rows: Iterable[Row]) -> list[Row]:
    """One row per model, options and scene, the last; a result is not displaced by a failure of the same key."""
    kept: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        place = (row.model, row.options, row.scene)
        before = kept.get(place)
        if before is None or not (row.error and not before.error and row.key == before.key):
            kept[place] = row
    return list(kept.values())


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes the file anew, whole or not at all.

    Raises:
        DataError: if it cannot be written.
    """
    try:
        with replacing(path) as temporary:
            temporary.write_text(",".join(_COLUMNS) + "\n" + "".join(_line(row) for row in rows), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error


def _cut_torn_line(file: Any) -> None:
    file.seek(0)
    content = file.read()
    whole = content.rfind(b"\n") + 1
    if whole != len(content):
        file.truncate(whole)
    file.seek(0, os.SEEK_END)


def _line(row: Row) -> str:
    cells = [_cell(name, value) for name, value in asdict(row).items()]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _REAL:
        return f"{value:.{_DIGITS.get(name, 6)}f}"
    # A line of the file is a row: an error must not bring line breaks along.
    return " ".join(str(value).split()) if isinstance(value, str) else str(value)


def _row(cells: Mapping[str, str]) -> Row:
    values: dict[str, Any] = {}
    for name in _COLUMNS:
        text = cells[name]
        if name in _WHOLE:
            values[name] = int(text) if text else None
        elif name in _REAL:
            values[name] = float(text) if text else None
        else:
            values[name] = str(text)
    return Row(**values)
