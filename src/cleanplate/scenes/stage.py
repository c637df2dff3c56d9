"""The place of a scene: its clean plate, and where in it objects drive, walk and are hidden."""

from dataclasses import dataclass, field

import numpy as np

from cleanplate.scenes.exact import halve
from cleanplate.utils.arrays import Image

PERSON_METRES = 1.75


@dataclass(frozen=True)
class Stage:
    """A painted place.

    Attributes:
        plate: uint8 H×W×3, without objects; larger than the frame if the camera moves.
        horizon: row of the eye level in pixels; objects shrink towards it.
        rate: height of a person in pixels per pixel of foot below the horizon.
        lanes: (row, direction) of the lanes for cars, direction +1 to the right.
        walks: rows where people walk.
        occluders: (opacity H×W, foot row) of things that hide what moves behind them.
        foliage: uint8 H×W, 255 where wind moves leaves.
        water: uint8 H×W, 255 on water.
        lamps: (x, y, radius) of street lamps, in pixels.
    """

    plate: Image
    horizon: float
    rate: float
    lanes: tuple[tuple[float, int], ...] = ()
    walks: tuple[float, ...] = ()
    occluders: tuple[tuple[Image, float], ...] = ()
    foliage: Image = field(default_factory=lambda: np.zeros((1, 1), np.uint8))
    water: Image = field(default_factory=lambda: np.zeros((1, 1), np.uint8))
    lamps: tuple[tuple[float, float, float], ...] = ()

    @property
    def height(self) -> int:
        """Rows of the plate."""
        return int(self.plate.shape[0])

    @property
    def width(self) -> int:
        """Columns of the plate."""
        return int(self.plate.shape[1])

    def before(self, row: float) -> list[Image]:
        """Opacities, uint8 H×W, of what hides an object whose foot is on a row."""
        return [opacity for opacity, foot in self.occluders if foot > row]

    def person_height(self, row: float) -> float:
        """Height in pixels of a person whose feet are on a row."""
        return max(3.0, self.rate * (row - self.horizon))


class Canvas:
    """A canvas of double size on which a stage is painted; halving it at the end smooths the edges.

    Attributes:
        height: rows of the canvas, twice those of the plate.
        width: columns of the canvas.
        picture: uint8 height×width×3, painted in place.
        foliage: uint8 height×width, marked in place.
        water: uint8 height×width, marked in place.
    """

    def __init__(self, height: int, width: int) -> None:
        """Make a canvas for a plate of ``height``×``width`` pixels."""
        self.height, self.width = 2 * height, 2 * width
        self.picture: Image = np.zeros((self.height, self.width, 3), np.uint8)
        self.foliage: Image = np.zeros((self.height, self.width), np.uint8)
        self.water: Image = np.zeros((self.height, self.width), np.uint8)
        self.occluders: list[tuple[Image, float]] = []
        self.lamps: list[tuple[float, float, float]] = []

    def x(self, part: float) -> int:
        """Column at a part of the width."""
        return round(part * self.width)

    def y(self, part: float) -> int:
        """Row at a part of the height."""
        return round(part * self.height)

    def paste(self, colour: Image, mask: Image | None, left: int, top: int) -> Image:
        """Paste a picture, clipped at the border.

        Returns:
            uint8 height×width, 255 where it covers the canvas.
        """
        marked = np.zeros((self.height, self.width), np.uint8)
        rows, columns = colour.shape[:2]
        y0, x0, y1, x1 = max(0, top), max(0, left), min(self.height, top + rows), min(self.width, left + columns)
        if y0 < y1 and x0 < x1:
            cut = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
            covered = np.ones((y1 - y0, x1 - x0), np.bool_) if mask is None else mask[cut] > 127
            self.picture[y0:y1, x0:x1][covered] = colour[cut][covered]
            marked[y0:y1, x0:x1][covered] = 255
        return marked

    def stage(
        self, horizon: float, rate: float, lanes: tuple[tuple[float, int], ...] = (), walks: tuple[float, ...] = ()
    ) -> Stage:
        """The finished stage; rows are parts of the height, ``rate`` is as in :class:`Stage`."""
        height = self.height / 2
        return Stage(
            plate=halve(self.picture),
            horizon=horizon * height,
            rate=rate,
            lanes=tuple((row * height, direction) for row, direction in lanes),
            walks=tuple(row * height for row in walks),
            occluders=tuple((halve(mask), foot / 2) for mask, foot in self.occluders),
            foliage=halve(self.foliage),
            water=halve(self.water),
            lamps=tuple((x / 2, y / 2, radius / 2) for x, y, radius in self.lamps),
        )
