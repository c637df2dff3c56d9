"""Masks and outlines of a picture on disk. What bears a name is whole: nothing is written in place."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from cleanplate.camera.annotate.coco_file import Labelled, write_coco
from cleanplate.camera.annotate.labelme_file import read_labelme, write_labelme
from cleanplate.camera.annotate.outlines import outlines_of
from cleanplate.camera.annotate.pictures import Shot
from cleanplate.camera.annotate.shapes import Polygon, drawn
from cleanplate.data.datasets.layout import FOREGROUND
from cleanplate.data.io.images import is_picture, picture_size, read_gray, write_image
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

Json = Literal["labelme", "coco", "both", "none"]
_HALF = 127


@dataclass(frozen=True)
class Known:
    """What is known of a picture.

    Attributes:
        polygons: its outlines.
        masked: whether it has a mask that can be used.
        trouble: what is wrong with what lies there, in words; empty if nothing.
    """

    polygons: tuple[Polygon, ...] = ()
    masked: bool = False
    trouble: str = ""


class Storage:
    """Reads and writes labels beside the pictures."""

    def __init__(self, json: Json = "labelme", label: str = "person") -> None:
        """Args: which JSON is written beside the mask, and what is labelled there."""
        self.json = json
        self.label = label

    def labelled(self, shot: Shot) -> bool:
        """Whether somebody has looked at it."""
        return shot.mask.is_file()

    def read(self, shot: Shot, size: tuple[int, int]) -> Known:
        """The outlines of a picture: those of the JSON file where they make its mask, else the mask's own.

        Args:
            shot: the picture.
            size: its height and width.
        """
        stored = read_labelme(shot.labelme, self.label, size)
        if not shot.mask.is_file():
            return Known(stored or ())
        try:
            mask = _binary(read_gray(shot.mask))
        except DataError as error:
            return Known(stored or (), trouble=f"{error}; it will be written anew")
        if mask.shape != size:
            shape = f"{mask.shape[1]}×{mask.shape[0]}"
            return Known(
                trouble=f"{shot.mask.name} is {shape}, the picture {size[1]}×{size[0]}; it will be written anew"
            )
        if stored is not None and np.array_equal(drawn(stored, *size), mask):
            return Known(stored, masked=True)
        return Known(outlines_of(mask), masked=True)

    def write(self, shot: Shot, polygons: Sequence[Polygon], size: tuple[int, int]) -> None:
        """Writes mask and JSON.

        Args:
            shot: the picture.
            polygons: in the order in which they are drawn; none says that nobody is there.
            size: height and width of the picture.

        Raises:
            DataError: if anything cannot be written; each file is then as it was, or whole and new.
        """
        try:
            _write_mask(shot, drawn(polygons, *size))
            if self.json in ("labelme", "both"):
                write_labelme(shot.labelme, polygons, self.label, shot.path.name, size)
            if self.json in ("coco", "both"):
                write_coco(shot.coco, self.label, Labelled(shot.path.name, size, polygons), partial(self._others, shot))
        except OSError as error:
            raise DataError(f"{shot.name}: not saved: {error.strerror or error}; make room, then go on") from error

    def _others(self, shot: Shot, named: frozenset[str]) -> Iterator[Labelled]:
        """Labelled pictures of the same folder that a COCO file does not name yet."""
        for path in sorted(shot.path.parent.iterdir()):
            other = Shot(path)
            if not is_picture(path) or path.name in named or not self.labelled(other):
                continue
            with contextlib.suppress(DataError):
                size = picture_size(path)
                known = self.read(other, size)
                if known.masked:
                    yield Labelled(path.name, size, known.polygons)


def _write_mask(shot: Shot, mask: Image) -> None:
    temporary = shot.mask.with_name(f".{shot.mask.stem}.part.png")
    try:
        try:
            write_image(temporary, mask)
        except DataError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None  # it names the temporary file, which nobody knows
            raise
        temporary.replace(shot.mask)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _binary(mask: Image) -> Image:
    # Some tools store 1 for foreground; others leave grey seams (JPEG, resizing).
    threshold = 0 if mask.max(initial=0) == 1 else _HALF
    return np.where(mask > threshold, np.uint8(FOREGROUND), np.uint8(0))
