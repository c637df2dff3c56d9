"""What can be made of a frame and its mask to look at, quickly enough for a camera."""

from collections.abc import Callable, Mapping
from functools import cache

import cv2
import numpy as np

from cleanplate.report.colours import tinted
from cleanplate.report.frame_result import FrameResult, blurred, center_crop, on_background
from cleanplate.report.text import Colour
from cleanplate.utils.arrays import Image

PLAIN: Colour = (64, 177, 0)
"""The green that video programs take for transparent."""

_COARSE = 4  # a picture out of focus has no detail that a quarter of its pixels could not hold

View = Callable[[FrameResult], Image]


def views(scenery: Image | None = None) -> Mapping[str, View]:
    """The ways to look at a shot, by name, in the order in which a key goes through them.

    Args:
        scenery: a picture to put the foreground before; without one there is no `replaced`.
    """
    found: dict[str, View] = {
        "overlay": lambda shot: tinted(shot.frame, shot.mask),
        "mask": lambda shot: np.asarray(cv2.cvtColor(shot.mask, cv2.COLOR_GRAY2BGR), np.uint8),
        "cut out": lambda shot: on_background(shot.frame, shot.mask, _plain(shot.frame.shape[:2])),
        "blurred": lambda shot: on_background(
            shot.frame, shot.mask, _out_of_focus(shot.frame if shot.background is None else shot.background)
        ),
    }
    if scenery is not None:
        fitted = cache(lambda height, width: center_crop(scenery, (height, width)))
        found["replaced"] = lambda shot: on_background(shot.frame, shot.mask, fitted(*shot.frame.shape[:2]))
    return found


@cache
def _plain(size: tuple[int, int]) -> Image:
    return np.full((*size, 3), PLAIN, np.uint8)


def _out_of_focus(picture: Image) -> Image:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // _COARSE), max(1, height // _COARSE)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(blurred(np.asarray(small, np.uint8)), (width, height)), np.uint8)
