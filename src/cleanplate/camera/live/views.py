"""What can be made of a frame and its mask to look at, quickly enough for a camera."""

from collections.abc import Callable, Mapping
from functools import cache

import cv2
import numpy as np

from cleanplate.apps.apply.compositing import before, blurred, covering
from cleanplate.apps.apply.shot import Shot
from cleanplate.report.text import Colour
from cleanplate.utils.arrays import Image

TINT: Colour = (60, 210, 60)
PLAIN: Colour = (64, 177, 0)
"""The green that video programs take for transparent."""

_COARSE = 4  # a picture out of focus has no detail that a quarter of its pixels could not hold

View = Callable[[Shot], Image]


def views(scenery: Image | None = None) -> Mapping[str, View]:
    """The ways to look at a shot, by name, in the order in which a key goes through them.

    Args:
        scenery: a picture to put the foreground before; without one there is no `replaced`.
    """
    found: dict[str, View] = {
        "overlay": lambda shot: overlay(shot.frame, shot.mask),
        "mask": lambda shot: np.asarray(cv2.cvtColor(shot.mask, cv2.COLOR_GRAY2BGR), np.uint8),
        "cut out": lambda shot: before(shot.frame, shot.mask, _plain(shot.frame.shape[:2])),
        "blurred": lambda shot: before(
            shot.frame, shot.mask, _out_of_focus(shot.frame if shot.background is None else shot.background)
        ),
    }
    if scenery is not None:
        fitted = cache(lambda height, width: covering(scenery, (height, width)))
        found["replaced"] = lambda shot: before(shot.frame, shot.mask, fitted(*shot.frame.shape[:2]))
    return found


def overlay(frame: Image, mask: Image) -> Image:
    """The frame with its foreground tinted and outlined, uint8 BGR: `report.colours.tinted` at a tenth of its cost."""
    found = np.where(mask == 255, np.uint8(255), np.uint8(0))
    # Half of the frame, half of the tint.
    mixed = cv2.LUT(frame, _halves())
    picture = np.asarray(cv2.copyTo(mixed, found, frame.copy()), np.uint8)
    outlines, _ = cv2.findContours(found, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(picture, outlines, -1, TINT, 1), np.uint8)


@cache
def _halves() -> Image:
    levels = np.arange(256)[:, None]
    return np.asarray((levels + np.asarray(TINT)) // 2, np.uint8)[None]


@cache
def _plain(size: tuple[int, int]) -> Image:
    return np.full((*size, 3), PLAIN, np.uint8)


def _out_of_focus(picture: Image) -> Image:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // _COARSE), max(1, height // _COARSE)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(blurred(np.asarray(small, np.uint8)), (width, height)), np.uint8)
