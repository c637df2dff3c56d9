"""One statistic over time, per pixel and channel: pure functions of a stack of frames, uint8 `[N, H, W, 3]`.

The median shows the background wherever it is seen more than half of the time, the mode wherever it is seen more often
than any other colour; the mean keeps a ghost of everything that passed, the trimmed mean of what stayed for more than a
fifth of the time. N is at most 7000, the counters' limit.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.foreground.head import majority
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.utils.arrays import Image

TRIMMED_SHARE = 0.2
# Values taken at once: few enough for temporaries to stay in cache whatever the size of the picture.
_BLOCK = 16384
# Neighbouring levels vote too: noise spreads a background over several levels, and the highest alone is a lottery.
_MODE_VOTES = np.array([1, 2, 3, 2, 1], dtype=np.uint16)
_LEVELS = 256


def mean(frames: Image) -> Image:
    """Temporal mean, rounded (half to even)."""
    total = frames.sum(axis=0, dtype=np.uint32)
    return np.asarray(np.rint(total / len(frames)), np.uint8)


def trimmed_mean(frames: Image, share: float = TRIMMED_SHARE) -> Image:
    """Temporal mean without the lowest and the highest values of each pixel and channel, rounded (half to even).

    Args:
        frames: uint8 `[N, H, W, 3]`.
        share: of the values that is dropped at each end, 0 (the mean) to below .5 (near it the median).

    Raises:
        ConfigError: for a share out of range.
    """
    if not 0 <= share < 0.5:
        raise ConfigError(f"share: {share} is outside 0 … .5; choose one that leaves something")
    flat = frames.reshape(len(frames), -1)
    dropped = int(share * len(flat))
    result = np.empty(flat.shape[1], np.uint8)
    for part in _blocks(flat.shape[1]):
        block = flat[:, part]
        lowest = order_statistic(block, dropped)
        highest = order_statistic(block, len(block) - 1 - dropped)
        # What is to be dropped is drawn to the edge of what stays, and taken away again as a whole.
        total = np.clip(block, lowest, highest).sum(axis=0, dtype=np.int64)
        total -= dropped * (lowest.astype(np.int64) + highest)
        result[part] = np.rint(total / (len(block) - 2 * dropped))
    return result.reshape(frames.shape[1:])


def median(frames: Image) -> Image:
    """Exact temporal median, rounded (half to even, between the two middle values of an even number)."""
    flat = frames.reshape(len(frames), -1)
    result = np.empty(flat.shape[1], np.uint8)
    for part in _blocks(flat.shape[1]):
        lower = order_statistic(flat[:, part], (len(flat) - 1) // 2)
        upper = lower if len(flat) % 2 else order_statistic(flat[:, part], len(flat) // 2)
        result[part] = np.rint((lower.astype(np.uint16) + upper) / 2)
    return result.reshape(frames.shape[1:])


def quantile(frames: Image, share: float) -> Image:
    """The value of each pixel and channel that `share` (0 to 1) of its values lie below, one that it had."""
    flat = frames.reshape(len(frames), -1)
    result = np.empty(flat.shape[1], np.uint8)
    for part in _blocks(flat.shape[1]):
        result[part] = order_statistic(flat[:, part], round(share * (len(flat) - 1)))
    return result.reshape(frames.shape[1:])


def mode(frames: Image) -> Image:
    """Most frequent level per channel, after smoothing the histogram with a triangle five levels wide.

    Of equally frequent levels the darkest is taken.
    """
    flat = frames.reshape(len(frames), -1)
    result = np.empty(flat.shape[1], np.uint8)
    for part in _blocks(flat.shape[1]):
        block = flat[:, part]
        margin = len(_MODE_VOTES) // 2
        bins = _LEVELS + 2 * margin
        cells = block + (np.arange(block.shape[1], dtype=np.int64) * bins + margin)
        counts = np.bincount(cells.ravel(), minlength=block.shape[1] * bins).astype(np.uint16).reshape(-1, bins)
        votes = np.zeros((block.shape[1], _LEVELS), np.uint16)
        for shift, weight in enumerate(_MODE_VOTES):
            votes += weight * counts[:, shift : shift + _LEVELS]
        result[part] = votes.argmax(axis=1)
    return result.reshape(frames.shape[1:])


def _blocks(total: int) -> Iterator[slice]:
    for start in range(0, total, _BLOCK):
        yield slice(start, start + _BLOCK)


def masked_median(frames: Image, valid: NDArray[np.bool_]) -> Image:
    """Temporal median over the valid samples of each pixel (the lower of two middle ones).

    Args:
        frames: uint8 `[N, H, W, C]`.
        valid: `[N, H, W]`.

    Returns:
        uint8 `[H, W, C]`; 255 where no sample is valid.
    """
    rank = (np.maximum(valid.sum(axis=0), 1) - 1) // 2
    result = np.empty(frames.shape[1:], np.uint8)
    for row in range(0, frames.shape[1], max(1, _BLOCK // frames.shape[2])):
        rows = slice(row, row + max(1, _BLOCK // frames.shape[2]))
        for channel in range(frames.shape[3]):
            # What does not count is made the highest value and lies behind every rank that is asked for.
            samples = np.where(valid[:, rows], frames[:, rows, :, channel], np.uint8(255))
            result[rows, :, channel] = order_statistic(samples, rank[rows])
    return result


def order_statistic(values: Image, rank: int | NDArray[np.int_]) -> NDArray[np.uint8]:
    """The value of that rank (from 0) in each column of uint8 `[N, …]`; the rank may differ from column to column.

    Eight halvings of the grey levels, each one comparison and one sum: five times as fast as a partial sort.
    """
    level = np.zeros(values.shape[1:], np.uint8)
    for bit in (128, 64, 32, 16, 8, 4, 2, 1):
        trial = level + np.uint8(bit)
        below = np.add.reduce(values < trial, axis=0, dtype=np.uint32)
        level = np.where(below <= rank, trial, level)
    return level


_LEAST = 8
_ALIKE_LEVELS = 20
_ROUNDS = 2


def low_motion(sequence: FrameSequence, frames: int) -> Image:
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
