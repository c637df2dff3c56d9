"""Paints an image with labels and proposal, as seen through the view."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.camera.annotate.labels import Labels
from cleanplate.camera.annotate.view import View
from cleanplate.data.datasets.labels.polygons import Point, Polygon, draw_mask
from cleanplate.report import drawing
from cleanplate.report.text import Colour
from cleanplate.utils.arrays import Image

Look = Literal["tint", "outlines", "mask"]

OUTSIDE: Colour = (48, 42, 38)
FOREGROUND: Colour = (80, 220, 120)
HOLE: Colour = (60, 140, 255)
PROPOSED: Colour = (255, 80, 255)
OPEN = drawing.WHITE
_TINT: Colour = (255, 140, 30)
_TINT_OPACITY = 0.45
_PIXELS = 4.0  # scale from which pixels are shown as squares
_DASH, _GAP = 8.0, 6.0
_CORNER_SPACE = 14.0  # mean pixels between corners from which they are marked
_FRACTION = 4  # fractional bits of coordinates

Places = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """What to paint.

    Attributes:
        picture: uint8 BGR `[H, W, 3]`.
        view: of the picture.
        labels: drawn on it.
        proposal: a model's polygons.
        look: how the mask is shown.
        hole: whether the open polygon is a hole.
        mouse: place in the window to which the open polygon is drawn, or `None`.
        closes: whether a click there would close it.
    """

    picture: Image
    view: View
    labels: Labels
    proposal: tuple[Polygon, ...] = ()
    look: Look = "tint"
    hole: bool = False
    mouse: tuple[int, int] | None = None
    closes: bool = False


def paint(scene: Scene) -> Image:
    """Returns the area of the view, uint8 BGR."""
    canvas = _ground(scene)
    for polygon in scene.proposal:
        _dashes(canvas, _in_window(scene.view, polygon.points), PROPOSED)
    if scene.look != "mask":
        for polygon in scene.labels.closed:
            _outline(canvas, scene.view, polygon)
    if scene.labels.open:
        _open_outline(canvas, scene)
    return canvas


def _ground(scene: Scene) -> Image:
    """The picture with the mask on it."""
    canvas = _through(scene.view, scene.picture)
    if scene.look == "outlines" or (scene.look == "tint" and not scene.labels.closed):
        return canvas
    mask = _through(scene.view, draw_mask(scene.labels.closed, scene.picture.shape[0], scene.picture.shape[1]))
    if scene.look == "mask":
        return np.asarray(cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR), np.uint8)
    tinted = cv2.addWeighted(canvas, 1 - _TINT_OPACITY, np.full_like(canvas, _TINT), _TINT_OPACITY, 0)
    cv2.copyTo(tinted, mask, canvas)
    return canvas


def _through(view: View, picture: Image) -> Image:
    """A picture, or a mask, seen through a view."""
    height, width = picture.shape[:2]
    is_mask = picture.ndim == 2
    if view.scale < 1 and not is_mask:  # area means keep thin things visible
        smaller = max(1, round(width * view.scale)), max(1, round(height * view.scale))
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = (view.scale * old / new for old, new in zip((width, height), picture.shape[1::-1], strict=True))
    left, top = view.to_window(0, 0)
    # From pixel centres to pixel centres, which have whole numbers in OpenCV.
    matrix = np.array([[across, 0, left + across / 2 - 0.5], [0, down, top + down / 2 - 0.5]])
    interpolation = cv2.INTER_NEAREST if is_mask or view.scale >= _PIXELS else cv2.INTER_LINEAR
    border = (0,) if is_mask else OUTSIDE
    return np.asarray(cv2.warpAffine(picture, matrix, view.area, flags=interpolation, borderValue=border), np.uint8)


def _in_window(view: View, points: tuple[Point, ...]) -> Places:
    return np.array([view.centre_of(point) for point in points], np.float64).reshape(-1, 2)


def _outline(canvas: Image, view: View, polygon: Polygon) -> None:
    colour = HOLE if polygon.hole else FOREGROUND
    corners = _in_window(view, polygon.points)
    _line(canvas, corners, colour, closed=True)
    lengths = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    if lengths.mean() >= _CORNER_SPACE:
        _corners(canvas, corners, colour)


def _open_outline(canvas: Image, scene: Scene) -> None:
    colour = HOLE if scene.hole else OPEN
    places = _in_window(scene.view, scene.labels.open)
    if scene.mouse is not None:
        end = places[0] if scene.closes else np.array(scene.mouse, np.float64)
        _line(canvas, np.array([places[-1], end]), colour, thin=True)
    _line(canvas, places, colour)
    _corners(canvas, places, colour)
    if scene.closes:
        cv2.circle(canvas, tuple(np.rint(places[0]).astype(int).tolist()), 9, FOREGROUND, 2, cv2.LINE_AA)


def _line(canvas: Image, places: Places, colour: Colour, *, closed: bool = False, thin: bool = False) -> None:
    fixed = np.rint(places * 2**_FRACTION).astype(np.int32).reshape(-1, 1, 2)
    if not thin:  # a dark border makes it visible on any picture
        cv2.polylines(canvas, [fixed], closed, drawing.DARK, 4, cv2.LINE_AA, _FRACTION)
    cv2.polylines(canvas, [fixed], closed, colour, 1 if thin else 2, cv2.LINE_AA, _FRACTION)


def _corners(canvas: Image, places: Places, colour: Colour) -> None:
    height, width = canvas.shape[:2]
    for x, y in np.rint(places).astype(int).tolist():
        if 0 <= x < width and 0 <= y < height:
            cv2.rectangle(canvas, (x - 4, y - 4), (x + 4, y + 4), drawing.DARK, -1)
            cv2.rectangle(canvas, (x - 3, y - 3), (x + 3, y + 3), colour, -1)


def _dashes(canvas: Image, places: Places, colour: Colour) -> None:
    places = np.vstack([places, places[:1]])
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
    height, width = canvas.shape[:2]
    for start in np.arange(0, way[-1], _DASH + _GAP):
        # A dash may turn a corner.
        stops = [start, *way[(way > start) & (way < start + _DASH)], min(start + _DASH, way[-1])]
        dash = np.column_stack([np.interp(stops, way, places[:, axis]) for axis in (0, 1)])
        if (dash.max(0) >= 0).all() and (dash.min(0) < (width, height)).all():
            _line(canvas, dash, colour)
