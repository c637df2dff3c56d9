"""Difference between frame and background, and the score computed from it, in grey levels."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.foreground.options import ForegroundOptions
from cleanplate.utils.arrays import Image, Score

# A pixel this close to the background is taken as background when the light is measured.
LIGHT_SAMPLE_LEVELS = 20
_LEVELS = np.arange(256.0)[:, None]
# A glaring spot must not raise all around it.
SUPPORT_CAP = 60.0
SUPPORT_SIDE = 21
SUPPORT_OWN = 0.6
_BANDS = 3
_OTHER_ALGORITHM = 1 << 22  # pixels from which on OpenCV filters by another way, which is faster still


def difference_score(frame: Image, background: Image, options: ForegroundOptions) -> Score:
    """Two-sided colour difference between frame and background.

    Args:
        frame: uint8 BGR `[H, W, 3]`.
        background: uint8 BGR `[H, W, 3]`.
        options: see `ForegroundOptions`.

    Returns:
        float32 `[H, W]` in grey levels, 0 to 255, higher is more foreground.
    """
    background = compensate_light(frame, background, options.gain)
    gap = cv2.absdiff(frame, background)
    if options.blur:
        gap = cv2.GaussianBlur(gap, (options.blur, options.blur), 0)
    score = _one_channel(np.asarray(gap, dtype=np.uint8), options)
    if options.score_median:
        # Filters over 5 exist for uint8 only, and whole levels are what the differences are made of.
        whole = np.asarray(score if score.dtype == np.uint8 else np.rint(score), np.uint8)
        return np.asarray(median_filtered(whole, options.score_median), np.float32)
    return np.asarray(score, np.float32)


def less_noise(score: Score, noise: Score | None, options: ForegroundOptions) -> Score:
    """A score less what the scene shows of itself: the noise beyond `noise_floor`, `noise_scale` times.

    Args:
        score: float32 `[H, W]` in grey levels.
        noise: the same for the background at rest, or `None`.
        options: `noise_scale` and `noise_floor` are read.

    Returns:
        float32 `[H, W]`, 0 or more.
    """
    if noise is None or options.noise_scale == 0:
        return score
    return np.asarray(np.clip(score - options.noise_scale * np.clip(noise - options.noise_floor, 0, None), 0, None))


def supported(score: Score, support: float) -> Score:
    """Adds what the surroundings say: objects are larger than noise.

    Args:
        score: float32 `[H, W]` in grey levels.
        support: share of the local mean that is added; .6 times as much of the pixel's own score is taken off.

    Returns:
        float32 `[H, W]`.
    """
    surroundings = cv2.blur(np.minimum(score, SUPPORT_CAP), (SUPPORT_SIDE, SUPPORT_SIDE))
    return np.asarray(score + support * (surroundings - SUPPORT_OWN * score), dtype=np.float32)


def compensate_light(frame: Image, background: Image, gain: str) -> Image:
    """Brings the background to the frame's light, measured on the pixels that differ least.

    A lamp or a cloud changes the whole picture; objects change a part of it. The median over the pixels that already
    look like background is blind to objects as long as they do not fill most of the picture.

    Args:
        frame: uint8 BGR `[H, W, 3]`.
        background: uint8 BGR `[H, W, 3]`.
        gain: `none`, `offset` (added per channel) or `gain` (multiplied per channel).

    Returns:
        uint8 BGR `[H, W, 3]`.
    """
    if gain == "none":
        return background
    step = max(1, min(frame.shape[:2]) // 60)  # a few thousand pixels settle a median
    # Channel by channel in memory: statistics over pixels take half of the time.
    seen, plate = (
        np.ascontiguousarray(picture[::step, ::step].reshape(-1, 3).T).astype(np.int16)
        for picture in (frame, background)
    )
    change = seen - plate
    lit = plate + _medians(change) if gain == "offset" else plate * _medians((seen + 1.0) / (plate + 1.0))
    still = (np.abs(seen - lit) < LIGHT_SAMPLE_LEVELS).all(axis=0)
    if still.mean() < 0.1:  # nothing to measure on
        return background
    if gain == "offset":
        return _mapped(background, _LEVELS + (change * still).sum(axis=1) / np.count_nonzero(still))
    factor = ((seen * still).sum(axis=1) + 1.0) / ((plate * still).sum(axis=1) + 1.0)
    return _mapped(background, _LEVELS * factor)


def _medians(values: NDArray[Any]) -> NDArray[np.float64]:
    """Median of each row as a column; sorting a few thousand numbers is several times as fast as `np.median`."""
    ordered = np.sort(values, axis=1)
    middle = ordered.shape[1] // 2
    inmost = ordered[:, (ordered.shape[1] - 1) // 2 : middle + 1]
    return np.asarray(inmost.mean(axis=1, keepdims=True, dtype=np.float64))


def median_filtered(picture: Image, side: int) -> Image:
    """`cv2.medianBlur` of a picture with one channel, in half of its time where the side is 7 or more.

    OpenCV counts levels pixel after pixel, each of which waits for the one before; the channels of a picture do not
    wait for each other. So three bands of the picture, each with its neighbours' edge rows, go in as three channels.

    Args:
        picture: uint8 `[H, W]`.
        side: of the window, odd.

    Returns:
        uint8 `[H, W]`, the same in every pixel.
    """
    height, width = picture.shape
    if side < 7 or height < _BANDS * side or picture.size >= _OTHER_ALGORITHM:
        return np.asarray(cv2.medianBlur(picture, side), np.uint8)
    edge, band = side // 2, -(-height // _BANDS)
    grown = cv2.copyMakeBorder(picture, edge, edge + _BANDS * band - height, 0, 0, cv2.BORDER_REPLICATE)
    starts = range(0, _BANDS * band, band)
    filtered = cv2.medianBlur(cv2.merge([grown[start : start + band + 2 * edge] for start in starts]), side)
    whole = np.empty((_BANDS * band, width), np.uint8)
    cv2.split(filtered[edge:-edge], [whole[start : start + band] for start in starts])
    return whole[:height]


def _mapped(picture: Image, levels: NDArray[np.float64]) -> Image:
    """Each level of each channel replaced by that of a table, `[256, 3]`: ten times as fast as arithmetic on floats."""
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[:, None]), np.uint8)


def _one_channel(gap: Image, options: ForegroundOptions) -> Image | Score:
    if options.channels == "max":
        blue, green, red = cv2.split(gap)
        return np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)
    if options.channels == "mean":
        return np.asarray(cv2.transform(gap.astype(np.float32), np.full((1, 3), 1 / 3, np.float32)), np.float32)
    return np.asarray(cv2.cvtColor(gap, cv2.COLOR_BGR2GRAY), np.uint8)


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
