"""The foreground head, which all models share: from frame, background and noise to score and mask.

A score becomes a mask in three steps: a threshold by one of several rules, removal of specks, gaps and holes, and a
test for shadow, which is darkened background of unchanged colour.
"""

import cv2
import numpy as np

from cleanplate.foreground.difference import compensate_light, difference_score, less_noise, supported
from cleanplate.foreground.options import ForegroundOptions
from cleanplate.utils.arrays import Image, Score


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


def clean(mask: Image, options: ForegroundOptions) -> Image:
    """Applies the steps that are switched on: median, opening, closing, filling of holes, removal of small objects.

    Args:
        mask: uint8 `[H, W]` of 0 and 255.
        options: see `ForegroundOptions`.

    Returns:
        uint8 `[H, W]` of 0 and 255.
    """
    if options.mask_median:
        mask = majority(mask, options.mask_median)
    if options.opening:
        mask = _morphology(mask, cv2.MORPH_OPEN, options.opening)
    if options.closing:
        mask = _morphology(mask, cv2.MORPH_CLOSE, options.closing)
    if options.fill_holes > 0:
        mask = fill_holes(mask, options.fill_holes)
    if options.smallest > 0:
        mask = remove_small(mask, options.smallest)
    return mask


def majority(mask: Image, side: int) -> Image:
    """The median of a mask over windows of `side`×`side` pixels, by counting: of two levels it is what most have.

    As `cv2.medianBlur`, borders included, but the time does not grow with the side.

    Args:
        mask: uint8 `[H, W]` of 0 and 255, or 0 and 1.
        side: odd.

    Returns:
        uint8 `[H, W]` of 0 and 255.
    """
    count = cv2.boxFilter(mask & 1, cv2.CV_16U, (side, side), normalize=False, borderType=cv2.BORDER_REPLICATE)
    return (np.asarray(count) > side * side // 2).view(np.uint8) * np.uint8(255)


def fill_holes(mask: Image, largest: float) -> Image:
    """Fills holes, regions of background that do not touch the border, up to `largest` share of the picture."""
    count, regions, stats, _ = cv2.connectedComponentsWithStats((mask == 0).astype(np.uint8), connectivity=4)
    height, width = mask.shape
    left, top, wide, high, area = (stats[:, column] for column in range(5))
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    hole = inside & (area <= largest * mask.size)
    hole[0] = False  # region 0 is the foreground itself
    return np.where(hole[regions], 255, mask).astype(np.uint8) if count > 1 else mask


def remove_small(mask: Image, smallest: float) -> Image:
    """Removes objects (8-connected) of less than `smallest` share of the picture."""
    _, regions, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= smallest * mask.size
    keep[0] = False
    return np.where(keep[regions], 255, 0).astype(np.uint8)


def _morphology(mask: Image, operation: int, side: int) -> Image:
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(mask, operation, ellipse), dtype=np.uint8)


SHADOW = 127


def mark_shadows(mask: Image, frame: Image, background: Image, options: ForegroundOptions) -> Image:
    """Marks as 127 the foreground that looks like shaded background.

    A shadow scales the three channels alike: the ratio of frame to background lies between `shadow_darkest` and one,
    and the chromaticity (each channel's share of the sum) stays (after Horprasert et al., 1999; Prati et al., 2003).

    Args:
        mask: uint8 `[H, W]` of 0 and 255.
        frame: uint8 BGR `[H, W, 3]`.
        background: uint8 BGR `[H, W, 3]`.
        options: `shadow_darkest` and `shadow_chroma` are read.

    Returns:
        uint8 `[H, W]` of 0, 127 and 255.
    """
    seen = cv2.blur(frame, (3, 3)).astype(np.float32) + 1.0
    plate = cv2.blur(background, (3, 3)).astype(np.float32) + 1.0
    seen_sum, plate_sum = seen.sum(axis=2), plate.sum(axis=2)
    ratio = seen_sum / plate_sum
    chroma = np.abs(seen / seen_sum[..., None] - plate / plate_sum[..., None]).max(axis=2)
    shaded = (ratio >= options.shadow_darkest) & (ratio < 1.0) & (chroma <= options.shadow_chroma)
    return np.where((mask == 255) & shaded, SHADOW, mask).astype(np.uint8)


class ForegroundHead:
    """Scores and cuts with one set of options; holds no state between frames."""

    def __init__(self, options: ForegroundOptions) -> None:
        self.options = options

    def difference(self, frame: Image, background: Image) -> Score:
        """How far the frame is from its background, float32 `[H, W]` in grey levels. See `difference_score`."""
        return difference_score(frame, background, self.options)

    def score(self, frame: Image, background: Image, noise: Score | None = None) -> Score:
        """Evidence of foreground per pixel, float32 `[H, W]` in grey levels: the difference, less noise, supported."""
        return self.weighed(self.difference(frame, background), noise)

    def weighed(self, difference: Score, noise: Score | None = None) -> Score:
        """The score that a difference makes."""
        score = less_noise(difference, noise, self.options)
        return supported(score, self.options.support) if self.options.support > 0 else score

    def mask(self, score: Score, frame: Image, background: Image) -> Image:
        """Cuts a score: threshold, cleaning, shadow test. uint8 `[H, W]`: 255 foreground, 127 shadow, 0 background."""
        mask = clean(binarize(score, self.options), self.options)
        if not self.options.shadows:
            return mask
        return mark_shadows(mask, frame, compensate_light(frame, background, self.options.gain), self.options)
