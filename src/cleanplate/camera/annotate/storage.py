"""Reads and writes the mask and the polygons of an image. Every file appears complete or not at all."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

import numpy as np

from cleanplate.camera.annotate.images import LabelledImage
from cleanplate.camera.annotate.labels import Document
from cleanplate.data.datasets.labels.coco_file import CocoImage, write_coco
from cleanplate.data.datasets.labels.labelme_file import read_labelme, write_labelme
from cleanplate.data.datasets.labels.polygons import Polygon, draw_mask, outlines_of
from cleanplate.data.datasets.layout import FOREGROUND
from cleanplate.data.io.images import is_picture, picture_size, read_gray, replace_image
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

Json = Literal["labelme", "coco", "both", "none"]
_HALF = 127


class Storage:
    """Reads and writes labels beside the images."""

    def __init__(self, json: Json = "labelme", label: str = "person") -> None:
        """Takes which JSON is written beside the mask, and the label of the polygons in it."""
        self.json = json
        self.label = label

    def is_labelled(self, image: LabelledImage) -> bool:
        """Returns whether an image has a mask."""
        return image.mask.is_file()

    def read(self, image: LabelledImage, size: tuple[int, int]) -> tuple[Document, str]:
        """Returns the labels of an image: the JSON file's polygons if they make its mask, else the mask's outlines.

        Args:
            image: what to read.
            size: its height and width.

        Returns:
            The labels, and what is wrong with the files, empty if nothing.
        """
        stored = read_labelme(image.labelme, self.label, size)
        if not image.mask.is_file():
            return Document(size, stored or (), masked=False), ""
        try:
            mask = _binary(read_gray(image.mask))
        except DataError as error:
            return Document(size, stored or (), masked=False), f"{error}; it will be written anew"
        if mask.shape != size:
            sizes = f"{mask.shape[1]}×{mask.shape[0]}, the picture {size[1]}×{size[0]}"
            return Document(size, (), masked=False), f"{image.mask.name} is {sizes}; it will be written anew"
        exact = stored is not None and np.array_equal(draw_mask(stored, *size), mask)
        polygons = stored if exact and stored is not None else outlines_of(mask)
        return Document(size, polygons, masked=True), ""

    def write(self, image: LabelledImage, polygons: Sequence[Polygon], size: tuple[int, int]) -> None:
        """Writes mask and JSON.

        Args:
            image: what was labelled.
            polygons: in the order in which they are drawn; none says that nobody is there.
            size: height and width of the image.

        Raises:
            DataError: if a file cannot be written; it is unchanged then.
        """
        try:
            replace_image(image.mask, draw_mask(polygons, *size))
            if self.json in ("labelme", "both"):
                write_labelme(image.labelme, polygons, self.label, image.path.name, size)
            if self.json in ("coco", "both"):
                changed = CocoImage(image.path.name, size, polygons)
                write_coco(image.coco, self.label, changed, partial(self._others, image))
        except OSError as error:
            raise DataError(f"{image.name}: not saved: {error.strerror or error}; make room, then go on") from error

    def _others(self, image: LabelledImage, named: frozenset[str]) -> Iterator[CocoImage]:
        """Yields labelled images of the same folder that a COCO file does not name yet."""
        for path in sorted(image.path.parent.iterdir()):
            other = LabelledImage(path)
            if not is_picture(path) or path.name in named or not self.is_labelled(other):
                continue
            with contextlib.suppress(DataError):
                size = picture_size(path)
                document, _ = self.read(other, size)
                if document.masked:
                    yield CocoImage(path.name, size, document.labels.closed)


def _binary(mask: Image) -> Image:
    # Some tools store 1 for foreground; JPEG and resizing leave grey edges.
    threshold = 0 if mask.max(initial=0) == 1 else _HALF
    return np.where(mask > threshold, np.uint8(FOREGROUND), np.uint8(0))
