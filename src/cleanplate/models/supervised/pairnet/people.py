"""Pictures of people with masks, read on demand: `pairnet` pastes the people, and pastes into the pictures."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.coco import annotations_of, labelled_pictures
from cleanplate.data.datasets.picture_set import Defects, LabelledPicture, LabelOptions
from cleanplate.data.io.images import read_color
from cleanplate.data.training import MOVING, LabelledFrames
from cleanplate.errors import ConfigError, DataError
from cleanplate.models.components.pasting import Cutout
from cleanplate.utils.arrays import Image

Reader = Callable[[], tuple[Image, Image]]
"""Reads a picture, uint8 BGR `[H, W, 3]`, and its labels, uint8 `[H, W]` of 0, 170 and 255."""

_MOST = 8000
_SMALLEST_SHARE = 0.003
_CLEAN_EDGE = 24  # shorter side in pixels from which a mask is eroded by one, to leave out the old background


def stills_of(labelled: LabelledFrames) -> list[Reader]:
    """A reader for each picture of a set of still pictures."""
    return [partial(labelled.read, number) for number in labelled.numbers]


def people_below(folder: str) -> list[Reader]:
    """A reader for each picture of a folder; none if `folder` is empty.

    Args:
        folder: in the CDnet layout (`input/`, `groundtruth/`), as the stage `prepare` writes any labelled set; or a
            split of COCO with its annotations in `../annotations/instances_<split>.json`, of which pictures without
            people are left out.

    Raises:
        ConfigError: if it is neither.
        DataError: if its files cannot be used.
    """
    if not folder:
        return []
    place = Path(folder)
    if (place / "input").is_dir():
        return stills_of(LabelledFrames.of(read_cdnet(place)))
    if not annotations_of(place).is_file():
        raise ConfigError(
            f"people: {place} is neither a folder in the CDnet layout (input/, groundtruth/) nor a split of COCO with "
            f"its annotations in {annotations_of(place)}"
        )
    pictures = labelled_pictures(annotations_of(place), place, LabelOptions(), Defects("skip"))
    step = max(1, len(pictures) // _MOST)  # the masks of all of COCO would fill some hundred megabytes
    return [partial(_read, picture) for picture in pictures[::step]]


def _read(picture: LabelledPicture) -> tuple[Image, Image]:
    shown = read_color(picture.source)
    try:
        labels = picture.draw(*shown.shape[:2])
    except ValueError as error:
        raise DataError(f"{picture.source}: {error}") from error
    return shown, np.zeros(shown.shape[:2], np.uint8) if labels is None else labels


def cut_out(picture: Image, labels: Image) -> list[Cutout]:
    """The connected foreground regions of a labelled picture, without the smallest."""
    moving = (labels == MOVING).astype(np.uint8)
    count, regions, stats, _ = cv2.connectedComponentsWithStats(moving)
    found = []
    for region in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[region])
        if area >= _SMALLEST_SHARE * moving.size:
            window = np.s_[top : top + height, left : left + width]
            mask = (regions[window] == region).astype(np.uint8)
            if min(width, height) >= _CLEAN_EDGE:
                mask = np.asarray(cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=1), np.uint8)
            found.append(Cutout(picture[window].astype(np.float32), mask))
    return found


def resized_cutout(random: np.random.Generator, cutout: Cutout, height: int, max_width: int) -> Cutout:
    """A cutout `height` pixels high (fewer if it were wider than `max_width`), possibly mirrored, in another light."""
    rows, columns = cutout.mask.shape
    scale = min(height / rows, max_width / columns)
    size = max(3, round(columns * scale)), max(3, round(rows * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture, mask = cv2.resize(cutout.picture, size, interpolation=way), cv2.resize(cutout.mask * 255, size)
    if random.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    lit = picture * np.exp(random.normal(0, 0.25)) + random.normal(0, 10)
    return Cutout(np.clip(lit, 0, 255).astype(np.float32), np.ascontiguousarray(mask > 127).astype(np.uint8))


def read_random(random: np.random.Generator, readers: Sequence[Reader]) -> tuple[Image, Image]:
    """A random picture and its labels."""
    return readers[int(random.integers(len(readers)))]()
