"""The lens and the chip: a little blur, and noise that grows with the light."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cleanplate.data.synthetic.exact import Image, clip, lookup

_SLACK = 61
"""Rows and columns that the noise bank is larger than the frame."""


@dataclass(frozen=True)
class Sensor:
    """How good the camera is.

    Attributes:
        blur: sigma of the lens in pixels.
        read: noise in the dark, grey levels (standard deviation).
        shot: noise that white adds, grey levels.
        chroma: part of the noise that differs between the colours, 0 to 1; 0 for a grey camera.
    """

    blur: float = 0.6
    read: float = 1.6
    shot: float = 2.4
    chroma: float = 0.5


class Noise:
    """Sensor noise for frames of one size."""

    def __init__(self, rng: np.random.Generator, sensor: Sensor, height: int, width: int) -> None:
        """Draw a bank of noise once; a frame takes a window of it at a random place, mirrored by chance."""
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
        """Add noise to a frame; ``rng`` is the stream of this frame."""
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
