"""Snow and rain that fall between the camera and the scene, and the haze that they bring."""

from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.data.synthetic.exact import Image, blur, halve, mix
from cleanplate.data.synthetic.textures import Colour


@dataclass(frozen=True)
class _Sheet:
    """A tile of drops that wraps around and slides down."""

    opacity: Image
    down: float
    aside: float

    def at(self, frame: int) -> Image:
        height, width = self.opacity.shape
        shift = (int(frame * self.down) % height, int(frame * self.aside) % width)
        return np.roll(self.opacity, shift, axis=(0, 1))


class Falling:
    """Drops in three depths, painted over image and objects alike; neither in the labels nor in the clean plate."""

    def __init__(self, rng: np.random.Generator, height: int, width: int, snow: bool) -> None:
        """Draw the tiles.

        Args:
            rng: random stream.
            height: rows of the frame.
            width: columns of the frame.
            snow: flakes that drift; otherwise streaks of rain.
        """
        self._colour = np.array((240, 238, 236) if snow else (206, 204, 200), np.uint8)
        self._sheets = []
        unit = height / 240
        for depth, share in ((0.45, 1.0), (0.75, 0.5), (1.3, 0.22)):
            tile = np.zeros((2 * height, 2 * width), np.uint8)
            lean = 0.18 if snow else 0.1
            fall = (7.0 if snow else 23.0) * depth * unit + 1
            count = max(6, int(height * width / (130 if snow else 150) * share / max(unit, 0.3)))
            for _ in range(count):
                x, y = int(rng.integers(0, 2 * width)), int(rng.integers(0, 2 * height))
                streak = int((fall * (0.55 if snow else 1.1)) * 2 * float(rng.uniform(0.6, 1.2)))
                thick = max(1, int((3.2 if snow else 1.2) * depth * unit * float(rng.uniform(0.6, 1.3))))
                opacity = int(rng.integers(120, 230) if snow else rng.integers(70, 140))
                cv2.line(tile, (x, y), (x - int(lean * streak), y + streak), opacity, thick)
            self._sheets.append(_Sheet(blur(halve(tile), 0.5 + 0.4 * depth), fall, -lean * fall))

    def __call__(self, frame: int, image: Image) -> Image:
        """The frame seen through what falls."""
        near, middle, far = (sheet.at(frame) for sheet in self._sheets)
        opacity = np.maximum(np.maximum(near, middle), far)
        return mix(image, self._colour, opacity[..., None])


class Haze:
    """Air that hides the distance: thickest at the horizon."""

    def __init__(self, height: int, horizon: float, colour: Colour, thickest: float, thinnest: float) -> None:
        """Thickness from ``thickest`` (0 to 1) at the horizon row to ``thinnest`` at the bottom row."""
        rows = np.arange(height)
        part = np.clip((rows - horizon) / max(1.0, height - horizon), 0, 1)
        self._weight = np.round(255 * (thickest + (thinnest - thickest) * part)).astype(np.uint8)[:, None, None]
        self._colour = np.array(colour, np.uint8)

    def __call__(self, frame: int, image: Image) -> Image:
        """The picture through the haze; the same in every frame."""
        return mix(image, self._colour, self._weight)
