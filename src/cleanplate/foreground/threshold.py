"""From score to mask: the rules that draw the line."""

import cv2
import numpy as np

from cleanplate.foreground.difference import Image, Score
from cleanplate.foreground.options import ForegroundOptions


def binarize(score: Score, options: ForegroundOptions) -> Image:
    """Draws the line between background and foreground.

    Args:
        score: float32 `[H, W]` in grey levels.
        options: `rule`, `threshold` and `low` are read.

    Returns:
        uint8 `[H, W]`: 255 where the score exceeds the line, 0 elsewhere.
    """
    match options.rule:
        case "fixed":
            return _above(score, options.threshold)
        case "noise":
            return _above(score, options.threshold * frame_noise(score))
        case "otsu":
            return _above(score, max(otsu_level(score), options.threshold))
        case "hysteresis":
            return _hysteresis(score, options.low, options.threshold)


def frame_noise(score: Score) -> float:
    """The frame's own noise: 1.4826 times the median score, at least one grey level.

    The median absolute deviation estimates a normal distribution's deviation and ignores up to half of the picture
    being foreground (Rousseeuw and Croux, 1993).
    """
    return max(1.0, 1.4826 * float(np.median(score)))


def otsu_level(score: Score) -> float:
    """Otsu's level (1979): splits the histogram of scores into the two tightest classes; in grey levels.

    The histogram has a bin per whole level, so the line lies half a level above the last bin of the lower class.
    """
    level, _ = cv2.threshold(np.clip(np.rint(score), 0, 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    return float(level) + 0.5


def _above(score: Score, level: float) -> Image:
    return (score > level).view(np.uint8) * np.uint8(255)


def _hysteresis(score: Score, low: float, high: float) -> Image:
    """Regions above `low` that hold at least one pixel above `high` (Canny, 1986)."""
    count, regions = cv2.connectedComponents((score > low).astype(np.uint8), connectivity=8)
    strong = np.zeros(count, dtype=bool)
    strong[np.unique(regions[score > high])] = True
    strong[0] = False
    return np.where(strong[regions], 255, 0).astype(np.uint8)
