"""What the mouse does to outlines: corners are set and moved, outlines closed, the picture pulled about."""

import math

from cleanplate.camera.annotate.document import Document
from cleanplate.camera.annotate.labels import LEAST, Labels
from cleanplate.camera.annotate.shapes import Point
from cleanplate.camera.annotate.view import View

CLOSING = 10.0
"""Pixels of the screen from the first corner within which a click closes an outline."""

_REACH = 8.0  # pixels of the screen within which a corner is taken hold of


class Hand:
    """The mouse over one picture.

    Attributes:
        hole: whether what is closed now is cut out.
        place: where it is on the screen; `None` before it has come.
    """

    def __init__(self) -> None:
        self.hole = False
        self.place: tuple[int, int] | None = None
        self._held: tuple[int, int] | None = None
        self._moved: Labels | None = None
        self._pull: tuple[int, int] | None = None

    def labels(self, document: Document) -> Labels:
        """What is drawn, with a corner that is on its way."""
        return self._moved or document.labels

    def closes(self, document: Document, view: View) -> bool:
        """Whether a click here would close the outline that is open."""
        corners = document.labels.open
        return self.place is not None and len(corners) >= LEAST and _apart(view, corners[0], self.place) < CLOSING

    def press(self, document: Document, view: View, place: tuple[int, int]) -> None:
        """The left button goes down: sets a corner, closes the outline, or takes hold of a corner."""
        self.place = place
        labels = document.labels
        if self.closes(document, view):
            document.push(labels.with_closed(hole=self.hole))
            return
        self._held = None if labels.open else _corner_at(labels, view, place)
        if self._held is None:
            document.push(labels.with_point(view.pixel_at(*place)))

    def grab(self, place: tuple[int, int]) -> None:
        """The middle button goes down: the picture follows from here on."""
        self._pull = place

    def move(self, document: Document | None, view: View, place: tuple[int, int], button: str | None) -> View:
        """It moves, with a button held or none; gives the view from here on."""
        self.place = place
        if document and self._held and button == "left":
            pixel = view.pixel_at(*place)
            index, corner = self._held
            if self._moved or document.labels.closed[index].points[corner] != pixel:
                self._moved = document.labels.with_moved(index, corner, pixel)
        elif document and self._held:
            self.release(document, view)  # it was let go outside the window
        if self._pull and button == "middle":
            across, down = place[0] - self._pull[0], place[1] - self._pull[1]
            self._pull = place
            return view.panned(across, down)
        return view

    def release(self, document: Document, view: View) -> None:
        """The left button is let go: a corner stays where it is now; one that was only clicked at begins an outline."""
        if self._moved:
            document.push(self._moved)
        elif self._held:
            index, corner = self._held
            document.push(document.labels.with_point(document.labels.closed[index].points[corner]))
        self.let_go()

    def let_go(self) -> None:
        """Whatever was on its way is where it was before."""
        self._held = self._moved = self._pull = None


def _corner_at(labels: Labels, view: View, place: tuple[int, int]) -> tuple[int, int] | None:
    """Index of the outline and of the corner next to a place of the screen; the uppermost of those that are near."""
    nearest, found = _REACH, None
    for index in range(len(labels.closed) - 1, -1, -1):
        for number, corner in enumerate(labels.closed[index].points):
            distance = _apart(view, corner, place)
            if distance < nearest:
                nearest, found = distance, (index, number)
    return found


def _apart(view: View, corner: Point, place: tuple[int, int]) -> float:
    return math.dist(view.middle_of(corner), place)
