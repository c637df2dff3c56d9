"""A first background from a stack of frames: one statistic over time, per pixel and channel.

Bouwmans et al., "Background subtraction in real applications", 2019, list them as background initialisation. Pure
functions: the statistical models show their result, learned models take it as an anchor.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ConfigError
from cleanplate.foreground.difference import Image

# Values taken at once: few enough for temporaries to stay in cache whatever the size of the picture.
_BLOCK = 16384
# Neighbouring levels vote too: noise spreads a background over several levels, and the highest alone is a lottery.
_MODE_VOTES = np.array([1, 2, 3, 2, 1], dtype=np.uint16)
_LEVELS = 256


def initial_background(name: str, frames: Image) -> Image:
    """The statistic of that name over time.

    Args:
        name: one of `INITIALIZERS`.
        frames: uint8 `[N, H, W, 3]`, N from 1 to 7000.

    Returns:
        uint8 `[H, W, 3]`.

    Raises:
        ConfigError: for an unknown name, naming the choices.
    """
    if name not in INITIALIZERS:
        raise ConfigError(f"initializer: {name!r} is unknown; choose one of {', '.join(INITIALIZERS)}")
    return INITIALIZERS[name](frames)


def mean(frames: Image) -> Image:
    """Temporal mean, rounded (half to even)."""
    total = frames.sum(axis=0, dtype=np.uint32)
    return np.asarray(np.rint(total / len(frames)), np.uint8)


def median(frames: Image) -> Image:
    """Exact temporal median, rounded (half to even, between the two middle values of an even number)."""
    flat = frames.reshape(len(frames), -1)
    result = np.empty(flat.shape[1], np.uint8)
    for part in _blocks(flat.shape[1]):
        lower = _order_statistic(flat[:, part], (len(flat) - 1) // 2)
        upper = lower if len(flat) % 2 else _order_statistic(flat[:, part], len(flat) // 2)
        result[part] = np.rint((lower.astype(np.uint16) + upper) / 2)
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


INITIALIZERS: dict[str, Callable[[Image], Image]] = {"mean": mean, "median": median, "mode": mode}


def _blocks(total: int) -> Iterator[slice]:
    for start in range(0, total, _BLOCK):
        yield slice(start, start + _BLOCK)


def _order_statistic(values: Image, rank: int) -> NDArray[np.uint8]:
    """The value of that rank (from 0) in each column of uint8 `[N, M]`.

    Eight halvings of the grey levels, each one comparison and one sum: five times as fast as a partial sort.
    """
    level = np.zeros(values.shape[1], np.uint8)
    for bit in (128, 64, 32, 16, 8, 4, 2, 1):
        trial = level + np.uint8(bit)
        below = np.add.reduce(values < trial, axis=0, dtype=np.uint32)
        level = np.where(below <= rank, trial, level)
    return level
