"""How restless a pixel is: what the score shows there most of the time, whoever passes."""

from collections.abc import Iterable

import cv2
import numpy as np

from cleanplate.foreground.difference import Score

_SIDE = 9  # the neighbourhood of the score's own median filter


def temporal_noise(scores: Iterable[Score], quantile: float) -> Score:
    """A quantile over time of the score, smoothed over a small neighbourhood.

    Just under the median, it ignores whatever covers a pixel for less than half of the time and keeps what never rests:
    leaves, waves, flicker. Where people stay for longer it cannot tell them from leaves.

    Args:
        scores: float32 `[H, W]` each, in grey levels, of frames spread over the sequence.
        quantile: 0 to 1.

    Returns:
        float32 `[H, W]` in grey levels.
    """
    # Whole levels: a hundred frames fit in memory, and partial sorting bytes is fast.
    stack = np.stack([np.clip(np.rint(score), 0, 255).astype(np.uint8) for score in scores])
    rank = int(quantile * (len(stack) - 1))
    level = np.partition(stack, rank, axis=0)[rank].astype(np.float32)
    return np.asarray(cv2.blur(level, (_SIDE, _SIDE)), dtype=np.float32)
