"""Illumination: lamps and headlights at night, clouds, and tables that change brightness and colour."""

from collections.abc import Sequence

import numpy as np

from cleanplate.scenes.exact import SUBPIXEL, clip, power, resize, sample
from cleanplate.scenes.textures import patches
from cleanplate.utils.arrays import Image


def curve(gain: Sequence[float], gamma: float = 1.0, lift: Sequence[float] = (0.0, 0.0, 0.0)) -> Image:
    """Table for :func:`cleanplate.scenes.exact.lookup`: ``255 * gain * (v / 255) ** gamma + lift``.

    Args:
        gain: factors for blue, green and red.
        gamma: above 1 darkens the middle tones.
        lift: grey levels added to blue, green and red.

    Returns:
        uint8 256×1×3.
    """
    shape = np.array([255 * power(level / 255, gamma) for level in range(256)])
    columns = [np.clip(np.round(shape * part + add), 0, 255) for part, add in zip(gain, lift, strict=True)]
    return np.stack(columns, axis=-1).astype(np.uint8)[:, None, :]


def _disc(size: int) -> Image:
    """Return a soft disc of light: bright core, long tail, 0 at the border."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    middle = (size - 1) / 2
    square = ((x - middle) ** 2 + (y - middle) ** 2) / (middle * middle)
    core = np.clip(1 - square, 0, 1)
    return np.asarray(np.round(255 * core * core / (1 + 18 * square)), np.uint8)


_DISC = _disc(129)


def add_light(
    image: Image, x: float, y: float, width: float, height: float, colour: Sequence[int], lit: float = 0.0,
    unknown: Image | None = None,
) -> None:  # fmt: skip
    """Add a soft ellipse of light to a picture, in place.

    Args:
        image: uint8 H×W×3.
        x: column of the middle.
        y: row of the middle.
        width: columns of the ellipse.
        height: rows of the ellipse.
        colour: grey levels added in the middle, blue, green, red.
        lit: share of the light that illuminates the scene: 0 is glare in the lens, 1 doubles the levels of the picture.
        unknown: uint8 H×W map of unlabelled pixels, to which the strength of the light is added.
    """
    rows, columns = max(3, round(height)), max(3, round(width))
    top, left = round(y - rows / 2), round(x - columns / 2)
    y0, x0, y1, x1 = max(0, top), max(0, left), min(image.shape[0], top + rows), min(image.shape[1], left + columns)
    if y0 >= y1 or x0 >= x1:
        return
    grid_y = (np.arange(y0 - top, y1 - top, dtype=np.int32) * (128 * SUBPIXEL) // rows)[:, None]
    grid_x = (np.arange(x0 - left, x1 - left, dtype=np.int32) * (128 * SUBPIXEL) // columns)[None, :]
    shape = (y1 - y0, x1 - x0)
    strength = sample(_DISC, np.broadcast_to(grid_x, shape), np.broadcast_to(grid_y, shape)).astype(np.int32)[..., None]
    part = image[y0:y1, x0:x1]
    own = (part.astype(np.int32) * round(lit * 256)) >> 8
    part[:] = clip(part + (((own + np.array(colour, np.int32)) * strength) >> 8))
    if unknown is not None:
        # Times five: a pixel cannot be labelled long before the light reaches half its strength.
        np.maximum(unknown[y0:y1, x0:x1], clip(5 * strength[..., 0]), out=unknown[y0:y1, x0:x1])


class Clouds:
    """Drifting cloud shadows: a smooth factor per pixel."""

    def __init__(self, rng: np.random.Generator, height: int, width: int, depth: float) -> None:
        """Draw the clouds; ``depth`` is the share of light that the thickest one takes, 0 to 1."""
        field = patches(rng, height, 4 * width, width * 0.7)
        # The field is followed by its mirror image, so that its ends meet.
        self._field = np.concatenate([field, field[:, ::-1]], axis=1)
        self._depth = round(256 * depth)
        self._width = width

    def __call__(self, shift: float, image: Image) -> Image:
        """Return the picture below the clouds after they moved by ``shift`` pixels."""
        start = int(shift) % (self._field.shape[1] - self._width)
        window = self._field[:, start : start + self._width].astype(np.uint32)
        factor = 256 - ((window * self._depth) >> 8)
        return ((image.astype(np.uint32) * factor[..., None] + 128) >> 8).astype(np.uint8)


def columns(rng: np.random.Generator, height: int, width: int, depth: int) -> Image:
    """Fixed pattern of a cheap thermal camera: uneven columns, uint8 H×W, 0 to ``2 * depth`` levels."""
    line = rng.integers(0, 2 * depth + 1, (1, width), dtype=np.uint8)
    return np.broadcast_to(resize(line, 1, width), (height, width))
