"""The mouse on an image: sets corners, closes and removes polygons, pans."""

import math

from cleanplate.camera.annotate.labels import MIN_CORNERS, Document
from cleanplate.camera.annotate.view import View

CLOSING = 10.0
"""Pixels of the window from the first corner within which a click closes the polygon."""

_NEAR = 4.0  # pixels of the window from a polygon within which it is meant


class MouseTool:
    """The state of the mouse on one image.

    Attributes:
        hole: whether a polygon that is closed now is a hole.
        place: where the mouse is in the window; `None` before it has come.
    """

    def __init__(self) -> None:
        self.hole = False
        self.place: tuple[int, int] | None = None
        self._pan: tuple[int, int] | None = None

    def closes(self, document: Document, view: View) -> bool:
        """Returns whether a click would close the open polygon."""
        corners = document.labels.open
        if self.place is None or len(corners) < MIN_CORNERS:
            return False
        return math.dist(view.centre_of(corners[0]), self.place) < CLOSING

    def press(self, document: Document, view: View, place: tuple[int, int]) -> None:
        """Left button: sets a corner, or closes the polygon."""
        self.place = place
        labels = document.labels
        closes = self.closes(document, view)
        document.push(labels.with_closed(hole=self.hole) if closes else labels.with_point(view.pixel_at(*place)))

    def start_pan(self, place: tuple[int, int]) -> None:
        """Middle button down: the image follows the mouse."""
        self._pan = place

    def move(self, view: View, place: tuple[int, int], button: str | None) -> View:
        """Handles a movement, with a button held or none; returns the view after it."""
        self.place = place
        if self._pan is None or button != "middle":
            self._pan = None
            return view
        across, down = place[0] - self._pan[0], place[1] - self._pan[1]
        self._pan = place
        return view.panned(across, down)

    def remove(self, document: Document, view: View) -> bool:
        """Removes the polygon under the mouse; returns whether there was one."""
        if self.place is None:
            return False
        # Polygons run through the centres of pixels.
        x, y = (centre - 0.5 for centre in view.to_image(self.place[0] + 0.5, self.place[1] + 0.5))
        found = document.labels.at(x, y, _NEAR / view.scale)
        if found is not None:
            document.push(document.labels.without(found))
        return found is not None
