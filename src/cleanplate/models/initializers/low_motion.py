"""The background from the samples around which nothing moves: a median that people do not outvote by coming often.

Where a pixel is covered more than half of the time, a median over all frames shows whoever covers it. A person who
covers it moves now and then, the wall behind does not: of each pixel the samples with the least motion in wide windows
around it are taken (the idea of LaBGen: Laugraud et al., 2017), then all samples that agree with them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.sequence import Sequence
from cleanplate.foreground.cleaning import majority
from cleanplate.foreground.difference import Image
from cleanplate.models.frame_pairs import FramePairs
from cleanplate.models.initializers.temporal import masked_median

_LEAST = 8
_ALIKE_LEVELS = 20
_ROUNDS = 2


def low_motion(sequence: Sequence, frames: int) -> Image:
    """The low-motion background of a sequence, from at most `frames` pairs; see the module."""
    return low_motion_background(FramePairs.of(sequence, frames))


def low_motion_background(pairs: FramePairs) -> Image:
    """Median of the quiet samples, then twice the median of all samples that differ from it by less than 20 levels.

    Returns:
        uint8 BGR `[H, W, 3]`.
    """
    chosen = pairs.taken(pairs.frames)
    plate = masked_median(chosen, np.ones(chosen.shape[:3], np.bool_))
    for _ in range(_ROUNDS):
        alike = np.stack([agrees(frame, plate) for frame in pairs.frames])
        better = masked_median(pairs.frames, alike)
        plate = np.where((alike.sum(axis=0) >= min(_LEAST, len(alike)))[..., None], better, plate)
    return plate


def agrees(frame: Image, plate: Image) -> NDArray[np.bool_]:
    """Where a frame shows the plate, `[H, W]`: their largest difference, median-filtered, is under 20 levels."""
    blue, green, red = cv2.split(cv2.absdiff(frame, plate))
    beyond = np.asarray(cv2.max(cv2.max(blue, green), red) >= _ALIKE_LEVELS)
    # A median filter commutes with a threshold, and of two levels the median is what most pixels have.
    return np.asarray(majority(beyond.view(np.uint8), 9) == 0)
