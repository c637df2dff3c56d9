"""The picture with everything on it, as it is seen through the view."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.camera.annotate.labels import Labels
from cleanplate.camera.annotate.shapes import Point, Polygon, drawn
from cleanplate.camera.annotate.view import View
from cleanplate.report import drawing
from cleanplate.report.text import Colour
from cleanplate.utils.arrays import Image

Look = Literal["tint", "outlines", "mask"]

BEHIND: Colour = (48, 42, 38)
FOREGROUND: Colour = (80, 220, 120)
HOLE: Colour = (60, 140, 255)
PROPOSED: Colour = (255, 80, 255)
OPEN = drawing.WHITE
_TINT: Colour = (255, 140, 30)
_TINT_SHARE = 0.45
_PIXELS = 4.0  # from this scale on single pixels are shown as squares
_DASH, _GAP = 8.0, 6.0
_ROOM = 14.0  # pixels of the screen from corner to corner, on average, from which on corners are marked
_FRACTION = 4  # bits of a coordinate's fraction

Places = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """What is to be seen.

    Attributes:
        picture: uint8 BGR `[H, W, 3]`.
        view: of it.
        labels: what is drawn on it.
        proposal: outlines that a model proposes.
        look: how the mask is shown.
        hole: whether what is drawn now will be cut out.
        mouse: where it is on the screen, or `None`.
        closes: whether a click there would close the outline.
    """

    picture: Image
    view: View
    labels: Labels
    proposal: tuple[Polygon, ...] = ()
    look: Look = "tint"
    hole: bool = False
    mouse: tuple[int, int] | None = None
    closes: bool = False


class Painter:
    """Paints scenes; what has not changed since the last one is kept."""

    def __init__(self) -> None:
        self._seen: tuple[Image, View, Image] | None = None
        self._mask: tuple[tuple[Polygon, ...], Image] | None = None

    def paint(self, scene: Scene) -> Image:
        """The area of the view, uint8 BGR of its own."""
        canvas = self._background(scene)
        for polygon in scene.proposal:
            _dashes(canvas, _on_screen(scene.view, polygon.line), PROPOSED)
        if scene.look != "mask":
            for polygon in scene.labels.closed:
                _outline(canvas, scene.view, polygon)
        _open_outline(canvas, scene)
        return canvas

    def _background(self, scene: Scene) -> Image:
        if self._seen is None or self._seen[0] is not scene.picture or self._seen[1] != scene.view:
            self._seen = scene.picture, scene.view, _seen(scene.picture, scene.view)
        if scene.look == "outlines" or (scene.look == "tint" and not scene.labels.closed):
            return self._seen[2].copy()
        size = (scene.picture.shape[0], scene.picture.shape[1])
        if self._mask is None or self._mask[0] != scene.labels.closed or self._mask[1].shape != size:
            self._mask = scene.labels.closed, drawn(scene.labels.closed, *size)
        mask = _seen(self._mask[1], scene.view)
        if scene.look == "mask":
            return np.asarray(cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR), np.uint8)
        canvas = self._seen[2].copy()
        tinted = cv2.addWeighted(canvas, 1 - _TINT_SHARE, np.full_like(canvas, _TINT), _TINT_SHARE, 0)
        cv2.copyTo(tinted, mask, canvas)
        return canvas


def _seen(picture: Image, view: View) -> Image:
    """A picture, or a mask, through a view."""
    height, width = picture.shape[:2]
    mask = picture.ndim == 2
    if view.scale < 1 and not mask:  # the mean of what falls on a pixel, else thin things come and go
        smaller = max(1, round(width * view.scale)), max(1, round(height * view.scale))
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = (view.scale * old / new for old, new in zip((width, height), picture.shape[1::-1], strict=True))
    left, top = view.to_screen(0, 0)
    # From pixel middles to pixel middles, which OpenCV gives whole numbers.
    step = np.array([[across, 0, left + across / 2 - 0.5], [0, down, top + down / 2 - 0.5]])
    way = cv2.INTER_NEAREST if mask or view.scale >= _PIXELS else cv2.INTER_LINEAR
    border = (0,) if mask else BEHIND
    return np.asarray(cv2.warpAffine(picture, step, view.area, flags=way, borderValue=border), np.uint8)


def _on_screen(view: View, points: tuple[Point, ...]) -> Places:
    return np.array([view.middle_of(point) for point in points], np.float64).reshape(-1, 2)


def _outline(canvas: Image, view: View, polygon: Polygon) -> None:
    colour = HOLE if polygon.hole else FOREGROUND
    _line(canvas, _on_screen(view, polygon.line), colour, closed=True)
    corners = _on_screen(view, polygon.points)
    lengths = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    if lengths.mean() >= _ROOM:
        _corners(canvas, corners, colour)


def _open_outline(canvas: Image, scene: Scene) -> None:
    if not scene.labels.open:
        return
    colour = HOLE if scene.hole else OPEN
    places = _on_screen(scene.view, scene.labels.open)
    if scene.mouse is not None:
        end = places[0] if scene.closes else np.array(scene.mouse, np.float64)
        _line(canvas, np.array([places[-1], end]), colour, thin=True)
    _line(canvas, places, colour)
    _corners(canvas, places, colour)
    if scene.closes:
        cv2.circle(canvas, tuple(np.rint(places[0]).astype(int).tolist()), 9, FOREGROUND, 2, cv2.LINE_AA)


def _line(canvas: Image, places: Places, colour: Colour, *, closed: bool = False, thin: bool = False) -> None:
    fixed = np.rint(places * 2**_FRACTION).astype(np.int32).reshape(-1, 1, 2)
    if not thin:  # dark beneath, so that it is seen on any picture
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
        # A dash may go round a corner.
        stops = [start, *way[(way > start) & (way < start + _DASH)], min(start + _DASH, way[-1])]
        dash = np.column_stack([np.interp(stops, way, places[:, axis]) for axis in (0, 1)])
        if (dash.max(0) >= 0).all() and (dash.min(0) < (width, height)).all():
            _line(canvas, dash, colour)
