"""A cut-out picture with soft edges, drawn large once and resized to fit the perspective."""

import numpy as np

from cleanplate.scenes.exact import SUBPIXEL, Grid, halve, resize, sample, times
from cleanplate.utils.arrays import Image


class Sprite:
    """A person or thing whose foot is on the lowest row of its box.

    Attributes:
        lamps: (x, y) of light sources as parts of width and height, for scenes at night.
    """

    def __init__(self, colour: Image, mask: Image, lamps: tuple[tuple[float, float], ...] = ()) -> None:
        """Store the master picture.

        Args:
            colour: uint8 H×W×3.
            mask: uint8 H×W, 255 on the object.
            lamps: places of lamps, as parts of the box.
        """
        self.lamps = lamps
        self._levels = [np.dstack([times(colour, mask[..., None]), mask])]
        self._sized: dict[tuple[int, int, bool], Image] = {}

    @property
    def aspect(self) -> float:
        """Width divided by height."""
        height, width = self._levels[0].shape[:2]
        return float(width / height)

    def sized(self, height: int, flipped: bool) -> Image:
        """Return the sprite at a height in pixels, uint8 h×w×4: premultiplied blue, green, red, then opacity."""
        width = max(2, round(height * self.aspect))
        key = (height, width, flipped)
        if key not in self._sized:
            level = 0
            while self._level(level).shape[0] >= 2 * height and self._level(level).shape[1] >= 2 * width:
                level += 1
            picture = resize(self._level(max(0, level - 1)), height, width)
            self._sized[key] = np.ascontiguousarray(picture[:, ::-1]) if flipped else picture
        return self._sized[key]

    def placed(self, height: float, x: float, flipped: bool) -> tuple[Image, int]:
        """Return the sprite shifted by the fraction of a pixel in ``x``.

        Returns:
            uint8 h×(w+2)×4 and the column of the canvas where its first column lies; its middle is at ``x``.
        """
        picture = self.sized(max(3, round(height)), flipped)
        rows, columns = picture.shape[:2]
        left = x - columns / 2
        whole = int(np.floor(left))
        shift = int((left - whole) * SUBPIXEL)
        grid_x: Grid = np.broadcast_to((np.arange(columns + 2, dtype=np.int32) * SUBPIXEL - shift), (rows, columns + 2))
        grid_y: Grid = np.broadcast_to((np.arange(rows, dtype=np.int32) * SUBPIXEL)[:, None], (rows, columns + 2))
        return sample(picture, grid_x, grid_y, outside=0), whole

    def _level(self, level: int) -> Image:
        while len(self._levels) <= level:
            self._levels.append(halve(self._levels[-1]))
        return self._levels[level]
