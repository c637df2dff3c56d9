"""From masks to outlines that a person can correct."""

import cv2
import numpy as np

from cleanplate.camera.annotate.shapes import Corners, Point, Polygon
from cleanplate.utils.arrays import Image

_TOLERANCE = 1.0  # pixels between a mask's border and the outline that is shown of it
_FINE = 480.0  # a proposal on a picture of this height or width has that tolerance, on a larger one more
_SMALLEST = 0.0005  # share of the picture below which a proposed piece, or hole, is a speck
_LEAST = 12  # pixels


def outlines_of(mask: Image) -> tuple[Polygon, ...]:
    """Outlines of a mask, with its holes: few corners, and the exact line for as long as none of them is moved.

    Args:
        mask: uint8 `[H, W]`, foreground is what is not 0.

    Returns:
        Outlines of which `shapes.drawn` makes the same mask: each after those that it lies in.
    """
    return tuple(_simplified(line, hole) for line, hole in _lines(mask))


def proposed_outlines(mask: Image) -> tuple[Polygon, ...]:
    """Outlines of what a model found: without specks, with few corners, none of them exact."""
    clean = _without_specks(_without_specks(mask) ^ np.uint8(255)) ^ np.uint8(255)
    tolerance = max(_TOLERANCE, min(mask.shape) / _FINE)
    lines = ((np.asarray(cv2.approxPolyDP(line, tolerance, True), np.int32), hole) for line, hole in _lines(clean))
    return tuple(Polygon(_points(line), hole) for line, hole in lines if len(line) >= 3)


def with_few_corners(points: tuple[Point, ...], hole: bool) -> Polygon:
    """An outline that was read; one with the corners of a mask's border is shown with fewer."""
    polygon = _simplified(np.asarray(points, np.int32).reshape(-1, 1, 2), hole)
    return polygon if 2 * len(polygon.points) <= len(points) else Polygon(points, hole)


def _lines(mask: Image) -> list[tuple[Corners, bool]]:
    """Each outline and whether it is a hole, those outside before those within."""
    found, family = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if family is None:
        return []
    depth: dict[int, int] = {}
    for index, (_, _, _, parent) in enumerate(family[0].tolist()):
        # OpenCV numbers parents before their children or after them, as it likes.
        above, steps = parent, 0
        while above >= 0 and above not in depth:
            above, steps = int(family[0][above][3]), steps + 1
        depth[index] = steps + (depth[above] + 1 if above >= 0 else 0)
    order = sorted(range(len(found)), key=lambda index: depth[index])
    return [(np.asarray(found[index], np.int32), depth[index] % 2 == 1) for index in order]


def _simplified(line: Corners, hole: bool) -> Polygon:
    exact = _points(line)
    few = _points(np.asarray(cv2.approxPolyDP(line, _TOLERANCE, True), np.int32))
    if len(few) < 3:
        return Polygon(exact + exact[-1:] * (3 - len(exact)), hole)  # a piece one pixel wide
    return Polygon(few, hole, exact if len(few) < len(exact) else ())


def _points(line: Corners) -> tuple[Point, ...]:
    return tuple((int(x), int(y)) for x, y in line.reshape(-1, 2))


def _without_specks(mask: Image) -> Image:
    _, numbers, facts, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    kept = facts[:, cv2.CC_STAT_AREA] >= max(_LEAST, _SMALLEST * mask.size)
    kept[0] = False
    return np.where(kept[numbers], np.uint8(255), np.uint8(0))
