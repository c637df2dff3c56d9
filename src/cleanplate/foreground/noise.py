"""How restless a pixel is: what the score shows there while nothing passes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.foreground.difference import Score

_SIDE = 9  # the neighbourhood of the score's own median filter


def resting_noise(quiet_scores: NDArray[np.uint8]) -> Score:
    """The median of the score over the samples around which nothing moves, smoothed over a small neighbourhood.

    What a pixel shows then is not an object: leaves, waves and flicker are there, whoever passes is not, however often
    people come. Whoever stays without moving is taken for noise only where no quieter samples exist.

    Args:
        quiet_scores: uint8 `[K, H, W]` in grey levels, of each pixel's quietest samples.

    Returns:
        float32 `[H, W]` in grey levels.
    """
    rank = (len(quiet_scores) - 1) // 2
    level = np.partition(quiet_scores, rank, axis=0)[rank].astype(np.float32)
    return np.asarray(cv2.blur(level, (_SIDE, _SIDE)), dtype=np.float32)
