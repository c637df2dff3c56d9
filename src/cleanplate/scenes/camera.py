"""The camera: its movement and view, air turbulence, lens blur and sensor noise."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cleanplate.scenes.exact import SUBPIXEL, Grid, blur, clip, lookup, resize, sample, sine
from cleanplate.utils.arrays import Image

_ONE = 1 << 16


@dataclass(frozen=True)
class Warp:
    """The place on the stage that every pixel of the frame shows, in 1/32 pixel.

    Attributes:
        columns: int32 H×W of the frame.
        rows: int32 H×W of the frame.
    """

    columns: Grid
    rows: Grid

    def apply(self, image: Image) -> Image:
        """Return the camera's view of a picture of the size of the stage."""
        return sample(image, self.columns, self.rows)


def view(height: int, width: int, x: float, y: float, zoom: float = 1.0, turns: float = 0.0) -> Warp:
    """Return the view of a camera that looks at a place of the stage.

    Args:
        height: rows of the frame.
        width: columns of the frame.
        x: column of the stage in the middle of the frame.
        y: row of the stage in the middle of the frame.
        zoom: pixels of the frame per pixel of the stage.
        turns: roll of the camera, in turns.
    """
    along, aside = (int(_ONE * part / zoom) for part in (sine(turns + 0.25), sine(turns)))
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.int64)
    right, down = 2 * grid_x - (width - 1), 2 * grid_y - (height - 1)
    # 2 * 65536 units per pixel become 32 per pixel.
    columns = (right * along - down * aside + int(2 * _ONE * x)) >> 12
    rows = (right * aside + down * along + int(2 * _ONE * y)) >> 12
    return Warp(columns.astype(np.int32), rows.astype(np.int32))


def shiver(rng: np.random.Generator, height: int, width: int, cell: float, reach: float) -> Warp:
    """Return a smooth random displacement of every pixel, as hot air causes it.

    Args:
        rng: random stream of this frame.
        height: rows of the frame.
        width: columns of the frame.
        cell: size of a swirl in pixels.
        reach: largest displacement in pixels.
    """
    size = (max(3, round(height / cell)), max(3, round(width / cell)), 2)
    field = rng.integers(0, 256, size, dtype=np.uint8)
    smooth = blur(resize(field, height, width), max(0.8, cell / 3)).astype(np.int32) - 128
    amount = int(reach * SUBPIXEL)
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.int32) * SUBPIXEL
    return Warp(grid_x + ((smooth[..., 0] * amount) >> 7), grid_y + ((smooth[..., 1] * amount) >> 7))


def ease(part: float) -> float:
    """Return 0 to 1 with a soft start and end, for a motor that pans or zooms."""
    part = min(1.0, max(0.0, part))
    return part * part * (3 - 2 * part)


_SLACK = 61
"""Rows and columns by which the noise bank exceeds the frame."""


@dataclass(frozen=True)
class Sensor:
    """Blur and noise of the camera.

    Attributes:
        blur: sigma of the lens in pixels.
        read: noise in the dark, grey levels (standard deviation).
        shot: additional noise at white, grey levels.
        chroma: part of the noise that differs between the colours, 0 to 1; 0 for a grey camera.
    """

    blur: float = 0.6
    read: float = 1.6
    shot: float = 2.4
    chroma: float = 0.5


class Noise:
    """Sensor noise for frames of one size."""

    def __init__(self, rng: np.random.Generator, sensor: Sensor, height: int, width: int) -> None:
        """Draw a bank of noise once; each frame uses a random window of it, randomly mirrored."""
        shape = (height + _SLACK, width + _SLACK)
        common = rng.standard_normal((*shape, 1), dtype=np.float32)
        single = rng.standard_normal((*shape, 3), dtype=np.float32)
        own, shared = np.float32(sensor.chroma), np.float32(round(math.sqrt(1 - sensor.chroma**2), 6))
        self._bank: npt.NDArray[np.int16] = np.clip(np.round((common * shared + single * own) * 32), -127, 127).astype(
            np.int16
        )
        steps = [min(240, round(16 * math.sqrt(sensor.read**2 + sensor.shot**2 * level / 255))) for level in range(256)]
        self._sigma: Image = np.array(steps, np.uint8)
        self._size = (height, width)

    def __call__(self, rng: np.random.Generator, image: Image) -> Image:
        """Return a frame with noise; ``rng`` is the stream of this frame."""
        top, left, turn = (int(rng.integers(0, high)) for high in (_SLACK, _SLACK, 4))
        height, width = self._size
        window = self._bank[top : top + height, left : left + width]
        if turn & 1:
            window = window[:, ::-1]
        if turn & 2:
            window = window[::-1]
        # Sixteenths of a level times 32nds of a sigma: 9 bits, rounded to the nearest.
        noise = (window * lookup(image, self._sigma) + 256) >> 9
        return clip(noise + image)
