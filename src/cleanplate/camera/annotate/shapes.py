"""Outlines, and the mask that they make.

A corner is a pixel, and the line between corners belongs to the foreground: `cv2.fillPoly` draws it so. A hole is what
lies within its line. So a mask's own outlines, as `cv2.findContours` gives them, make that mask again, to the pixel.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.datasets.layout import FOREGROUND
from cleanplate.utils.arrays import Image

Point = tuple[int, int]
"""Column and row of a pixel."""

Corners = NDArray[np.int32]


@dataclass(frozen=True)
class Polygon:
    """One closed outline.

    Attributes:
        points: its corners, as they are shown and can be moved; three or more.
        hole: whether it is cut out of what was there before it.
        exact: the outline that the corners simplify, for as long as nobody has moved one of them; empty where they are
            exact themselves.
    """

    points: tuple[Point, ...]
    hole: bool = False
    exact: tuple[Point, ...] = ()

    @property
    def line(self) -> tuple[Point, ...]:
        """The corners that count."""
        return self.exact or self.points

    def moved(self, corner: int, place: Point) -> "Polygon":
        """With a corner at another place."""
        points = (*self.points[:corner], place, *self.points[corner + 1 :])
        return replace(self, points=points, exact=())

    def distance(self, x: float, y: float) -> float:
        """How far a place is inside, in pixels; negative outside."""
        outline = np.asarray(self.line, np.float32).reshape(-1, 1, 2)
        return float(cv2.pointPolygonTest(outline, (float(x), float(y)), True))


def drawn(polygons: Iterable[Polygon], height: int, width: int) -> Image:
    """The mask of outlines, one after the other: uint8 `[height, width]`, 255 foreground, 0 background."""
    mask = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = as_corners(polygon.line)
        if polygon.hole:
            _cut(mask, corners)
        else:
            cv2.fillPoly(mask, [corners], FOREGROUND)
    return mask


def as_corners(points: Iterable[Point]) -> Corners:
    """Points as OpenCV wants them, int32 `[N, 1, 2]`."""
    return np.asarray(list(points), np.int32).reshape(-1, 1, 2)


def _cut(mask: Image, corners: Corners) -> None:
    left, top, width, height = cv2.boundingRect(corners)
    first_row, first = max(0, top), max(0, left)
    part = mask[first_row : top + height, first : left + width]
    if not part.size:
        return
    # Even-odd of a frame around all of it and the outline: what stays empty is what lies within the line.
    rows, columns = part.shape
    frame = as_corners([(-2, -2), (columns + 1, -2), (columns + 1, rows + 1), (-2, rows + 1)])
    kept = cv2.fillPoly(np.zeros_like(part), [frame, corners - (first, first_row)], FOREGROUND)
    part &= np.asarray(kept, np.uint8)
