"""Labelled pictures in the CDnet layout: links to the originals, masks, and a manifest.

`input/in%06d.*` are links; `groundtruth/gt%06d.png` holds 0, 255 and 170 (unknown); `pictures.csv` lists the file of
each number. Masks that an interrupted call left in the folder are used again.
"""

import csv
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.datasets.layout import FOREGROUND, MANIFEST, UNKNOWN, link
from cleanplate.data.io.images import picture_size, write_image
from cleanplate.data.io.label_png import read_labels
from cleanplate.data.sequence import OnCorrupt
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.parallel import mapped

COLUMNS = ("number", "file", "width", "height", "share", "split", "licence")
DEFECTS = "defects.txt"
_DEFECTS_SHOWN = 20


@dataclass(frozen=True)
class LabelOptions:
    """Which labels are foreground.

    Attributes:
        categories: names of foreground categories; empty means all.
        smallest: instances of fewer pixels are labelled unknown (170), neither foreground nor background.
        negatives: whether pictures without any of the categories are kept as pure background.
        on_corrupt: what happens on a broken picture or annotation: `error` raises, `skip` leaves the picture out and
            reports it.
        workers: number of processes; 0 means one per core.
    """

    categories: tuple[str, ...] = ("person",)
    smallest: int = 0
    negatives: bool = False
    on_corrupt: OnCorrupt = "error"
    workers: int = 0

    def __post_init__(self) -> None:
        if self.smallest < 0 or self.workers < 0:
            raise ValueError(f"smallest and workers must not be negative, are {self.smallest} and {self.workers}")


@dataclass(frozen=True)
class LabelledPicture(ABC):
    """One picture and its labels, in a form that can be sent to another process.

    Attributes:
        source: the original file.
        file: its name in the annotations.
        licence: its licence, or an empty string.
    """

    source: Path
    file: str
    licence: str

    @abstractmethod
    def draw(self, height: int, width: int) -> Image | None:
        """Returns the labels, uint8 `[H, W]` of 0, 170 and 255, or `None` if the picture is not labelled.

        Raises:
            ValueError: if the labels are invalid, or belong to a picture of another size.
        """


def labels_of(inside: NDArray[np.bool_], unsure: NDArray[np.bool_] | None = None) -> Image:
    """Returns labels: 255 inside, 170 where it is unsure and not inside, 0 elsewhere; all arrays `[H, W]`."""
    labels: Image = inside.view(np.uint8) * np.uint8(FOREGROUND)
    if unsure is not None:
        labels[unsure & ~inside] = UNKNOWN
    return labels


class Defects:
    """Collects the defects that were found, or raises at the first one if `on_corrupt` is `error`."""

    def __init__(self, on_corrupt: OnCorrupt) -> None:
        self.on_corrupt = on_corrupt
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Adds a defect; raises `DataError` instead if `on_corrupt` is `error`."""
        if self.on_corrupt == "error":
            raise DataError(f"{line}; mend it, or leave it out with data.on_corrupt=skip")
        self.lines.append(line)

    def summary(self, folder: Path) -> list[str]:
        """Returns the first defects and their number, and writes all of them to `defects.txt` in `folder`."""
        (folder / DEFECTS).unlink(missing_ok=True)
        if not self.lines:
            return []
        (folder / DEFECTS).write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        first, more = self.lines[:_DEFECTS_SHOWN], len(self.lines) - _DEFECTS_SHOWN
        return [f"left out as broken: {len(self.lines)}", *first, *([f"… and {more} more"] if more > 0 else [])]


@dataclass(frozen=True)
class _Job:
    number: int
    picture: LabelledPicture
    folder: Path


@dataclass(frozen=True)
class _Outcome:
    """The size of a picture and its share of foreground, or what is wrong with it."""

    size: tuple[int, int] = (0, 0)
    share: float | None = None
    defect: str = ""


def write_pictures(
    pictures: Sequence[LabelledPicture],
    folder: Path,
    split: str,
    options: LabelOptions,
    defects: Defects,
    progress: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """Writes the pictures into `folder`, numbered from 1 in the given order; a broken picture leaves a gap.

    Args:
        pictures: what to write.
        folder: may hold masks of an interrupted call with the same pictures and options.
        split: name of the split, written to the manifest.
        options: see `LabelOptions`.
        defects: defects found so far; more are added.
        progress: called with the number of pictures done.

    Returns:
        The defects in words.

    Raises:
        DataError: for a broken picture if `on_corrupt` is `error`, or if no picture is left.
    """
    (folder / "input").mkdir(parents=True, exist_ok=True)
    (folder / "groundtruth").mkdir(exist_ok=True)
    jobs = [_Job(number, picture, folder) for number, picture in enumerate(pictures, 1)]
    rows: list[tuple[object, ...]] = []
    for done, (job, outcome) in enumerate(zip(jobs, mapped(_write_picture, jobs, options.workers), strict=True), 1):
        progress(done)
        if outcome.defect:
            defects.add(outcome.defect)
            continue
        share = "" if outcome.share is None else f"{outcome.share:.6f}"
        rows.append((job.number, job.picture.file, *outcome.size[::-1], share, split, job.picture.licence))
    if not rows:
        raise DataError(f"{split}: no picture is left to use; {'; '.join(defects.lines[:3]) or 'none is labelled so'}")
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    for temporary in (folder / "groundtruth").glob(".*"):
        temporary.unlink()
    return defects.summary(folder)


def _write_picture(job: _Job) -> _Outcome:
    """Links one picture and writes its mask, unless an earlier call did; runs in any process."""
    target = job.folder / "groundtruth" / f"gt{job.number:06d}.png"
    source = job.picture.source
    try:
        size = picture_size(source)
        written = _written_before(target, size)
        labels = job.picture.draw(*size) if written is None else written
    except DataError as error:
        return _Outcome(defect=str(error))
    except ValueError as error:
        return _Outcome(defect=f"{source}: {error}")
    # A file that cannot be written (full disk) is no defect of the picture: it stops the work.
    link(source, job.folder / "input" / f"in{job.number:06d}{source.suffix.lower()}")
    if labels is None:
        return _Outcome(size)
    if written is None:
        _write_atomically(target, labels)
    return _Outcome(size, cv2.countNonZero((labels == FOREGROUND).view(np.uint8)) / labels.size)


def _written_before(target: Path, size: tuple[int, int]) -> Image | None:
    if not target.exists():
        return None
    try:
        labels = read_labels(target)
    except DataError:
        return None
    return labels if labels.shape == size else None


def _write_atomically(target: Path, labels: Image) -> None:
    # A file under its final name is complete, so that a later call need not check it again.
    temporary = target.with_name(f".{os.getpid()}-{target.name}")
    write_image(temporary, labels)
    temporary.replace(target)
