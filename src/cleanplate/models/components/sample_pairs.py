"""Pairs of consecutive frames, and the selection of samples without motion around them."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

_ROWS = 240  # motion is looked at in pictures no larger than this
_WINDOWS = (3, 6, 12)  # of the shorter side: the largest objects that are to be seen whole, and smaller ones
_QUIETEST = 0.1
_BEYOND = 1.5
_STILL_LEVELS = 3  # differences that every camera has
_FULL_LEVELS = 30  # differences from here on count alike
_SHARE = 0.1
_LEAST = 8
_BYTES = 1_500_000_000  # of frames held at once


@dataclass(frozen=True)
class FramePairs:
    """Frames evenly spaced over a sequence, each with the one after it: what motion is seen by.

    Attributes:
        frames: uint8 BGR `[N, H, W, 3]`.
        following: the same shape, `following[i]` is the frame after `frames[i]`.
        indices: of `frames` in the sequence; empty where the pairs are no longer the sequence's own.
    """

    frames: Image
    following: Image
    indices: tuple[int, ...] = ()

    @classmethod
    def of(cls, sequence: FrameSequence, count: int) -> "FramePairs":
        """Reads at most `count` pairs, fewer of large frames; a single frame is its own successor.

        Raises:
            DataError: if none of the frames can be decoded.
        """
        height, width = sequence.size
        count = max(2, min(count, _BYTES // (6 * height * width)))
        last = max(len(sequence) - 1, 1)
        first = evenly_spaced(range(last), count)
        wanted = sorted({index for start in first for index in (start, min(start + 1, len(sequence) - 1))})
        read = dict(sequence.frames(wanted))
        if not read:
            raise DataError(f"{sequence.name}: none of the {len(wanted)} frames looked at can be decoded")
        # A frame beside itself would look as still as none other: only where there is nothing else.
        whole = [(start, start + 1) for start in first if start in read and start + 1 in read]
        whole = whole or [(index, index) for index in read]
        return cls(
            np.stack([read[one] for one, _ in whole]),
            np.stack([read[other] for _, other in whole]),
            tuple(one for one, _ in whole),
        )

    @cached_property
    def quiet(self) -> NDArray[np.intp]:
        """For each pixel the indices of the tenth of the frames (at least 8) with the least motion, `[K, h, w]`.

        Motion is the difference to the following frame beyond what this pixel shows at its quietest, averaged over
        windows of a third, a sixth and a twelfth of the picture's shorter side.
        """
        scale = min(1.0, _ROWS / min(self.frames.shape[1:3]))
        differences = np.stack(
            [_difference(one, other, scale) for one, other in zip(self.frames, self.following, strict=True)]
        )
        # Water and leaves move at their quietest too; where people come and go all day, the quietest tenth is still.
        rank = int(_QUIETEST * (len(differences) - 1))
        restless = _BEYOND * np.partition(differences, rank, axis=0)[rank] + _STILL_LEVELS
        sides = [max(3, round(min(differences.shape[1:]) / window) | 1) for window in _WINDOWS]
        motion = np.empty(differences.shape, np.float32)
        for index, difference in enumerate(differences):
            moved = np.clip(difference - restless, 0, _FULL_LEVELS).astype(np.float32)
            motion[index] = sum(cv2.blur(moved, (side, side)) for side in sides)
        kept = min(len(motion), max(_LEAST, round(_SHARE * len(motion))))
        chosen: NDArray[np.intp] = np.argpartition(motion, kept - 1, axis=0)[:kept]
        return chosen

    def taken(self, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The quiet ones of samples `[N, H, W]` or `[N, H, W, C]`, one per frame: `[K, H, W]` or `[K, H, W, C]`."""
        height, width = samples.shape[1:3]
        columns = np.arange(width) * self.quiet.shape[2] // width
        rows = np.arange(height) * self.quiet.shape[1] // height
        picked = np.stack([chosen[rows][:, columns] for chosen in self.quiet])
        if samples.ndim == 4:
            picked = picked[..., None]
        return np.take_along_axis(samples, picked, axis=0)


def _difference(one: Image, other: Image, scale: float) -> Image:
    gap = cv2.absdiff(one, other)
    if scale < 1:
        gap = cv2.resize(gap, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    blue, green, red = cv2.split(cv2.GaussianBlur(gap, (3, 3), 0))
    return np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)
