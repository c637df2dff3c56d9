"""Picture arithmetic that is bit-identical on every x86 machine.

Floating-point filters round differently with and without fused multiply-add, so everything here is integer: OpenCV's
uint8 filters that are documented as bit-exact, fixed-point resampling, and tables that are rounded when they are built.
No other module of the package resamples or filters.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from cleanplate.utils.arrays import Image

Grid = npt.NDArray[np.int32]
"""int32 H×W, a coordinate in 1/32 pixel."""

SUBPIXEL = 32
"""Parts of a pixel that :func:`sample` tells apart; OpenCV's fixed-point remap has this many."""
TURN = 1024
"""Entries of one period of :data:`SINE`."""
SINE: npt.NDArray[np.int32] = np.array([round(4096 * math.sin(2 * math.pi * i / TURN)) for i in range(TURN)], np.int32)
"""One period of the sine, scaled by 4096; indexed by ``phase & (TURN - 1)``."""


def sine(turns: float) -> float:
    """Sine of an angle in turns, rounded to 6 decimals so that it does not depend on the C library."""
    return round(math.sin(2 * math.pi * turns), 6)


def power(base: float, exponent: float) -> float:
    """``base ** exponent`` rounded to 6 decimals, for the same reason as :func:`sine`."""
    return round(math.pow(base, exponent), 6)


def blur(image: Image, sigma: float) -> Image:
    """Gaussian blur of a uint8 picture; ``sigma`` in pixels, 0 or less returns the picture itself."""
    if sigma <= 0:
        return image
    size = 2 * math.ceil(2.5 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)


def resize(image: Image, height: int, width: int) -> Image:
    """Bilinear resize to ``height``×``width`` pixels; shrink by at most two at a time or it aliases."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)


def halve(image: Image) -> Image:
    """Mean of each 2×2 block; an odd last row or column is dropped."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    part = image[:height, :width].astype(np.uint16)
    total = part[0::2, 0::2] + part[1::2, 0::2] + part[0::2, 1::2] + part[1::2, 1::2]
    return np.asarray((total + 2) >> 2, np.uint8)


def sample(image: Image, columns: Grid, rows: Grid, outside: int | None = None) -> Image:
    """Sample a picture bilinearly at fractional coordinates.

    Args:
        image: uint8 H×W or H×W×C, C up to 4.
        columns: x of every output pixel in 1/32 pixel of ``image``.
        rows: y of every output pixel in 1/32 pixel of ``image``.
        outside: value beyond the border; None repeats the border.

    Returns:
        uint8 of the shape of ``columns``, with the channels of ``image``.
    """
    whole = np.stack([columns >> 5, rows >> 5], axis=-1).astype(np.int16)
    part = (((rows & 31) << 5) | (columns & 31)).astype(np.uint16)
    mode = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    fill = (outside or 0,) * 4
    return np.asarray(
        cv2.remap(image, whole, part, cv2.INTER_LINEAR, borderMode=mode, borderValue=fill),
        np.uint8,
    )


def lookup(image: Image, table: Image) -> Image:
    """Apply a table of 256 levels (or 256×1×3, one column per channel) to every pixel."""
    return np.asarray(cv2.LUT(image, table), np.uint8)


def times(image: Image, weight: Image) -> Image:
    """``image * weight / 255``, rounded; both uint8, broadcast against each other."""
    product = image.astype(np.uint16) * weight + 128
    return np.asarray((product + (product >> 8)) >> 8, np.uint8)


def over(under: Image, colour: Image, alpha: Image) -> Image:
    """Paint premultiplied ``colour`` with opacity ``alpha`` (H×W, or H×W×1 for colour) over ``under``."""
    rest = times(under, 255 - alpha)
    return np.asarray(np.minimum(rest.astype(np.uint16) + colour, 255), np.uint8)


def mix(first: Image, second: Image, weight: Image) -> Image:
    """``first`` where ``weight`` is 0, ``second`` where it is 255, a blend between."""
    return over(first, times(second, weight), weight)


def clip(values: npt.NDArray[np.integer]) -> Image:
    """Cut signed levels to 0..255."""
    return np.asarray(np.clip(values, 0, 255), np.uint8)
