"""The clean plate of a few seconds before a camera: median over time, and what noise is left taken out."""

from collections.abc import Sequence

import cv2
import numpy as np

from cleanplate.models.components.initializers.temporal import median
from cleanplate.utils.arrays import Image

_OF_A_MEDIAN = 1.2533
"""A median of N values is this times as noisy as their mean: √(π/2)."""
_RANGE = 3.0  # deviations of the noise that is left; what differs by more is an edge
_NEAR = 1.5  # pixels
_SIDE = 5
_BLOCK = 16
_PAIRS = 20
_LEAST = 0.1  # grey levels; less than rounding leaves


def clean_plate(frames: Sequence[Image]) -> Image:
    """What most of the frames show at each place, denoised, uint8 BGR `[H, W, 3]`.

    The median of N frames keeps 1.25/√N of a camera's noise. A bilateral filter whose range is three times that takes
    out a quarter to a half of it and leaves edges alone, for 3 to 8 ms at 640×480. On a generated scene with a noise of
    5 levels, mean error without and with it: 2.12 and 1.23 levels from 5 frames, 1.08 and 0.71 from 20, 0.39 and 0.31
    from 120. Non-local means, which costs 200 ms, does worse.

    Args:
        frames: uint8 BGR `[H, W, 3]` of one size, one or more.
    """
    plate = median(np.stack(frames))
    left = _OF_A_MEDIAN * noise_level(frames) / np.sqrt(len(frames))
    if left < _LEAST:
        return plate
    return np.asarray(cv2.bilateralFilter(plate, _SIDE, _RANGE * left, _NEAR), np.uint8)


def noise_level(frames: Sequence[Image]) -> float:
    """A camera's noise, as a standard deviation in grey levels; 0 of a single frame.

    From the differences of consecutive frames, in most blocks of which nothing moves.
    """
    pairs = [(index, index + 1) for index in range(len(frames) - 1)][:: -(-len(frames) // _PAIRS)]
    levels = []
    for one, other in pairs:
        difference = cv2.absdiff(frames[one], frames[other]).astype(np.float32)
        height, width = (-(-length // _BLOCK) for length in difference.shape[:2])
        squares = cv2.resize(difference * difference, (width, height), interpolation=cv2.INTER_AREA)
        levels.append(np.median(squares) / 2)
    return float(np.sqrt(np.median(levels))) if levels else 0.0
