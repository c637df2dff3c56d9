"""Labelled pictures brought into the CDnet layout: links to the originals, masks, and a manifest.

`input/in%06d.*` are links; `groundtruth/gt%06d.png` holds 0, 255 and 170 (does not count); `pictures.csv` says which
picture bears which number. A folder that holds masks of an attempt that was stopped is gone on with.
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

from cleanplate.data.io.images import picture_size, write_image
from cleanplate.data.io.label_png import read_labels
from cleanplate.data.sequence import OnCorrupt
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.parallel import mapped

UNKNOWN, FOREGROUND = 170, 255
MANIFEST = "pictures.csv"
COLUMNS = ("number", "file", "width", "height", "share", "split", "licence")
DEFECTS = "defects.txt"
_DEFECTS_TOLD = 20

Progress = Callable[[int], None]


@dataclass(frozen=True)
class LabelOptions:
    """Which labels make the foreground.

    Attributes:
        categories: names; what bears one of them is foreground. Empty means all.
        smallest: instances of fewer pixels do not count (170).
        negatives: whether pictures without any of them are kept, all background.
        on_corrupt: what a broken picture or annotation does: `error` stops, `skip` leaves the picture out and tells.
        workers: processes; 0 means one per core.
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
    """One picture and its labels, in a form that can be handed to another process.

    Attributes:
        source: the original.
        file: what the annotations call it.
        licence: its licence, or an empty word.
    """

    source: Path
    file: str
    licence: str

    @abstractmethod
    def draw(self, height: int, width: int) -> Image | None:
        """The labels, uint8 `[H, W]` of 0, 170 and 255, or `None` where there are none for it.

        Raises:
            ValueError: saying what is wrong with the labels, or that they are for a picture of another size.
        """


def labels_of(inside: NDArray[np.bool_], unsure: NDArray[np.bool_] | None = None) -> Image:
    """Labels of pixels: 255 inside, 170 where it is unsure and not inside, 0 elsewhere; all `[H, W]`."""
    labels: Image = inside.view(np.uint8) * np.uint8(FOREGROUND)
    if unsure is not None:
        labels[unsure & ~inside] = UNKNOWN
    return labels


class Defects:
    """What was met and survived; raises at the first where the options want that."""

    def __init__(self, on_corrupt: OnCorrupt) -> None:
        self.on_corrupt = on_corrupt
        self.lines: list[str] = []

    def meet(self, line: str) -> None:
        """Notes a defect; raises `DataError` where it must stop the work."""
        if self.on_corrupt == "error":
            raise DataError(f"{line}; mend it, or leave it out with data.on_corrupt=skip")
        self.lines.append(line)

    def told(self, folder: Path) -> list[str]:
        """The defects in a few lines; all of them are in `defects.txt` of `folder`."""
        (folder / DEFECTS).unlink(missing_ok=True)
        if not self.lines:
            return []
        (folder / DEFECTS).write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        first, more = self.lines[:_DEFECTS_TOLD], len(self.lines) - _DEFECTS_TOLD
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
    progress: Progress = lambda _: None,
) -> list[str]:
    """Writes the set into `folder`, numbered from 1 in the order given; a broken picture leaves a gap.

    Args:
        pictures: what to write.
        folder: may hold masks of an attempt that was stopped, of the same pictures and options.
        split: what the manifest says of all of them.
        options: see `LabelOptions`.
        defects: what was met before; more is added.
        progress: called with the number of pictures done.

    Returns:
        The defects in words.

    Raises:
        DataError: for a broken picture where that must stop the work, or if no picture is left.
    """
    (folder / "input").mkdir(parents=True, exist_ok=True)
    (folder / "groundtruth").mkdir(exist_ok=True)
    jobs = [_Job(number, picture, folder) for number, picture in enumerate(pictures, 1)]
    rows: list[tuple[object, ...]] = []
    for done, (job, outcome) in enumerate(zip(jobs, mapped(_finish, jobs, options.workers), strict=True), 1):
        progress(done)
        if outcome.defect:
            defects.meet(outcome.defect)
            continue
        share = "" if outcome.share is None else f"{outcome.share:.6f}"
        rows.append((job.number, job.picture.file, *outcome.size[::-1], share, split, job.picture.licence))
    if not rows:
        raise DataError(f"{split}: no picture is left to use; {'; '.join(defects.lines[:3]) or 'none is labelled so'}")
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    for left_over in (folder / "groundtruth").glob(".*"):
        left_over.unlink()
    return defects.told(folder)


def _finish(job: _Job) -> _Outcome:
    """Makes the mask of one picture, unless an earlier attempt has; runs in any process."""
    target = job.folder / "groundtruth" / f"gt{job.number:06d}.png"
    try:
        size = picture_size(job.picture.source)
        labels = _made_before(target, size)
        drawn = job.picture.draw(*size) if labels is None else labels
    except DataError as error:
        return _Outcome(defect=str(error))
    except ValueError as error:
        return _Outcome(defect=f"{job.picture.source}: {error}")
    # What cannot be written (a full disk) is no defect of the picture: it stops the work.
    source = job.picture.source
    link(job.folder / "input" / f"in{job.number:06d}{source.suffix.lower()}", source)
    if drawn is None:
        return _Outcome(size)
    if labels is None:
        _write_whole(target, drawn)
    return _Outcome(size, cv2.countNonZero((drawn == FOREGROUND).view(np.uint8)) / drawn.size)


def _made_before(target: Path, size: tuple[int, int]) -> Image | None:
    if not target.exists():
        return None
    try:
        labels = read_labels(target)
    except DataError:
        return None
    return labels if labels.shape == size else None


def _write_whole(target: Path, labels: Image) -> None:
    # Moved into place: what bears the name is whole, and who goes on need not look twice.
    temporary = target.with_name(f".{os.getpid()}-{target.name}")
    write_image(temporary, labels)
    temporary.replace(target)


def link(place: Path, source: Path) -> None:
    """Makes `place` a link to `source`, in place of what an earlier attempt left there."""
    place.unlink(missing_ok=True)
    place.symlink_to(source.resolve())
