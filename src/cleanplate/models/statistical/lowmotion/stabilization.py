"""Stabilization of a shaking camera: the shift of each frame against the scene.

Only translation is estimated, by phase correlation (Kuglin and Hines, 1975). On shaking cameras it works better than
richer motion models, which are distorted by passing objects. It is used only if it clearly helps; on still scenes it
would lower the accuracy.
"""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.utils.arrays import Image

Shift = tuple[float, float]
Grey = NDArray[np.float32]
Kind = TypeVar("Kind", np.uint8, np.float32)

_ROWS = 120  # enough for a tenth of a pixel, and a frame takes half a millisecond
_FARTHEST = 0.15  # of the shorter side: larger shifts are mistakes, or another view
_CAPPED_LEVELS = 30  # an object counts no more than that
_BETTER_FRAME = 0.03
_BETTER_SCENE = 0.1
_MOVED_PIXELS = 0.7
_MOVED_SHARE = 0.2
_ROUNDS = 3


class Registration:
    """The shift of frames against a reference picture.

    Args:
        reference: grey float32 `[h, w]` at working size.
        scale: working size by full size.
    """

    def __init__(self, reference: Grey, scale: float) -> None:
        self.reference = reference
        self.scale = scale
        self._window = cv2.createHanningWindow((reference.shape[1], reference.shape[0]), cv2.CV_32F)

    @classmethod
    def learned(cls, frames: Image | Sequence[Image]) -> "Registration | None":
        """From frames spread over a sequence; `None` where the camera stands still.

        A frame's shift is accepted if it takes 3 % off what differs from the reference; the camera is taken to shake if
        a fifth of the frames move by more than .7 pixels and shifting takes off 10 %.
        """
        scale = min(1.0, _ROWS / min(frames[0].shape[:2]))
        greys = [small_grey(frame, scale).astype(np.float32) for frame in frames]
        still = cls(np.median(np.stack(greys), axis=0).astype(np.float32), scale)
        moving = still
        for _ in range(_ROUNDS):
            aligned = [shifted(grey, (-dx, -dy)) for grey in greys for dx, dy in [moving._found(grey)]]
            moving = cls(np.median(np.stack(aligned), axis=0).astype(np.float32), scale)
        shifts = [moving._found(grey) for grey in greys]
        before = sum(_apart(grey, still.reference) for grey in greys)
        after = sum(_apart(grey, shifted(moving.reference, by)) for grey, by in zip(greys, shifts, strict=True))
        moved = np.mean([np.hypot(*by) / scale > _MOVED_PIXELS for by in shifts])
        return moving if moved >= _MOVED_SHARE and after <= (1 - _BETTER_SCENE) * before else None

    def shift(self, frame: Image) -> Shift:
        """How far the scene lies to the right and down in this frame, in pixels; zero where shifting does not help."""
        dx, dy = self._found(small_grey(frame, self.scale).astype(np.float32))
        return dx / self.scale, dy / self.scale

    def _found(self, grey: Grey) -> Shift:
        # Copies: at some sizes OpenCV applies the window to its inputs in place.
        (dx, dy), _ = cv2.phaseCorrelate(self.reference.copy(), grey.copy(), self._window.copy())
        if np.hypot(dx, dy) > _FARTHEST * min(grey.shape):
            return 0.0, 0.0
        better = _apart(grey, shifted(self.reference, (dx, dy))) <= (1 - _BETTER_FRAME) * _apart(grey, self.reference)
        return (dx, dy) if better else (0.0, 0.0)


def shifted(picture: NDArray[Kind], by: Shift) -> NDArray[Kind]:
    """A picture moved by so many pixels to the right and down, bilinear, its border repeated."""
    if by == (0.0, 0.0):
        return picture
    height, width = picture.shape[:2]
    motion = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float32)
    moved = cv2.warpAffine(picture, motion, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, picture.dtype)


def small_grey(frame: Image, scale: float) -> Image:
    """A frame in grey, uint8 `[h, w]`, made smaller by `scale` where it is below one."""
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def _apart(grey: Grey, reference: Grey) -> float:
    return float(np.minimum(np.abs(grey - reference), _CAPPED_LEVELS).mean())
