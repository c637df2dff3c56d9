"""The table of frames: how much of each is foreground, and where."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import unwritable

COLUMNS = ("frame", "seconds", "foreground", "objects", "boxes")
_SPECK = 0.0002
"""Smaller than this share of the picture, at least 4 pixels, a blob gets no box."""

Box = tuple[int, int, int, int]


def boxes(mask: Image) -> list[Box]:
    """Left, top, width and height of each connected piece of foreground, in pixels, the largest first."""
    foreground = (mask == 255).astype("uint8")
    count, _, stats, _ = cv2.connectedComponentsWithStats(foreground, connectivity=8)
    found = sorted((stats[index] for index in range(1, count)), key=lambda row: -int(row[cv2.CC_STAT_AREA]))
    least = max(4, _SPECK * mask.size)
    return [(int(row[0]), int(row[1]), int(row[2]), int(row[3])) for row in found if row[cv2.CC_STAT_AREA] >= least]


def row_of(result: FrameResult) -> list[Any]:
    """One line of the table; boxes are `left top width height`, with semicolons between them."""
    found = boxes(result.mask)
    places = ";".join(" ".join(map(str, box)) for box in found)
    return [result.number, f"{result.seconds:.3f}", f"{result.share:.6f}", len(found), places]


class TableWriter:
    """Writes a row per frame, each at once and whole: a table that was stopped is right as far as it goes."""

    def __init__(self, path: Path, keep: int = 0) -> None:
        """Args: `keep` rows of an earlier run stay, what follows them goes."""
        self.path = path
        self.completed = keep
        kept = _first_lines(path, keep) if keep else b""
        self._start = kept or _line(COLUMNS)

    def __call__(self, results: Iterator[FrameResult]) -> None:
        """Writes until there are no more."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beginning = self.path.with_name(f".part.{self.path.name}")
            beginning.write_bytes(self._start)
            beginning.replace(self.path)
            with self.path.open("ab", buffering=0) as file:
                for result in results:
                    end = file.tell()
                    line = _line(row_of(result))
                    try:
                        while line:  # a disk that fills up takes a part, and says why at the next attempt
                            line = line[file.write(line) :]
                    except OSError:
                        file.truncate(end)  # half a row would be taken for a whole one
                        raise
                    self.completed += 1
        except OSError as error:
            raise unwritable(self.path, error) from error


def _line(values: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode()


def _first_lines(path: Path, rows: int) -> bytes:
    with path.open("rb") as file:
        return b"".join(line for _, line in zip(range(rows + 1), file, strict=False))
