"""Polygons, the mask that they make, and the polygons of a mask.

A corner is a pixel, and the line between corners belongs to the foreground, as `cv2.fillPoly` draws it. A hole is what
lies inside its line. The outlines of a mask from `cv2.findContours` therefore make that mask again, to the pixel.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.datasets.layout import FOREGROUND
from cleanplate.utils.arrays import Image

Point = tuple[int, int]
"""Column and row of a pixel."""

Corners = NDArray[np.int32]
"""Points as OpenCV takes them, int32 `[N, 1, 2]`."""

_TOLERANCE = 1.0  # pixels between a mask's border and a proposal
_FINE = 480.0  # the shorter side from which a proposal's tolerance grows with the picture
_SPECK = 0.0005  # fraction of the picture below which a proposed piece, or hole, is dropped
_SPECK_PIXELS = 12


@dataclass(frozen=True)
class Polygon:
    """A closed outline.

    Attributes:
        points: its corners, three or more.
        hole: whether it is cut out of what was drawn before it.
    """

    points: tuple[Point, ...]
    hole: bool = False

    def distance(self, x: float, y: float) -> float:
        """Returns how far inside a place is, in pixels; negative outside."""
        return float(cv2.pointPolygonTest(as_corners(self.points).astype(np.float32), (float(x), float(y)), True))


def draw_mask(polygons: Iterable[Polygon], height: int, width: int) -> Image:
    """Returns the mask of polygons, drawn in order: uint8 `[height, width]`, 255 foreground, 0 background."""
    mask = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = as_corners(polygon.points)
        if polygon.hole:
            _cut(mask, corners)
        else:
            cv2.fillPoly(mask, [corners], FOREGROUND)
    return mask


def as_corners(points: Iterable[Point]) -> Corners:
    """Returns points as OpenCV takes them."""
    return np.asarray(list(points), np.int32).reshape(-1, 1, 2)


def outlines_of(mask: Image) -> tuple[Polygon, ...]:
    """Returns the exact outlines of a mask, outer ones before those inside them: `draw_mask` makes the same mask.

    Args:
        mask: uint8 `[H, W]`; not 0 is foreground.
    """
    return tuple(_polygon(line, hole) for line, hole in _contours(mask))


def proposed_outlines(mask: Image) -> tuple[Polygon, ...]:
    """Returns simplified outlines of a model's mask, without specks."""
    clean = _without_specks(_without_specks(mask) ^ np.uint8(255)) ^ np.uint8(255)
    tolerance = max(_TOLERANCE, min(mask.shape) / _FINE)
    lines = ((cv2.approxPolyDP(line, tolerance, True), hole) for line, hole in _contours(clean))
    return tuple(_polygon(line, hole) for line, hole in lines if len(line) >= 3)


def _cut(mask: Image, corners: Corners) -> None:
    left, top, width, height = cv2.boundingRect(corners)
    first_row, first = max(0, top), max(0, left)
    part = mask[first_row : top + height, first : left + width]
    if not part.size:
        return
    # Filled together with a frame around everything, by the even-odd rule, the inside of the line stays empty.
    rows, columns = part.shape
    frame = as_corners([(-2, -2), (columns + 1, -2), (columns + 1, rows + 1), (-2, rows + 1)])
    kept = cv2.fillPoly(np.zeros_like(part), [frame, corners - (first, first_row)], FOREGROUND)
    part &= np.asarray(kept, np.uint8)


def _contours(mask: Image) -> list[tuple[Corners, bool]]:
    """Returns each contour and whether it is a hole, outer ones before those inside them."""
    found, family = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if family is None:
        return []
    parents = family[0][:, 3].tolist()

    def depth(index: int) -> int:
        steps = 0
        while (index := parents[index]) >= 0:
            steps += 1
        return steps

    depths = [depth(index) for index in range(len(found))]
    order = sorted(range(len(found)), key=depths.__getitem__)
    return [(np.asarray(found[index], np.int32), depths[index] % 2 == 1) for index in order]


def _polygon(line: NDArray[np.generic], hole: bool) -> Polygon:
    points = tuple((int(x), int(y)) for x, y in line.reshape(-1, 2))
    return Polygon(points + points[-1:] * (3 - len(points)), hole)  # a piece one pixel wide has fewer


def _without_specks(mask: Image) -> Image:
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    kept = stats[:, cv2.CC_STAT_AREA] >= max(_SPECK_PIXELS, _SPECK * mask.size)
    kept[0] = False
    return np.where(kept[numbers], np.uint8(255), np.uint8(0))
