"""The labels of one picture, never changed but replaced: so every step can be taken back."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from cleanplate.camera.annotate.shapes import Point, Polygon

State = TypeVar("State")

LEAST = 3
"""Corners that make an outline."""


@dataclass(frozen=True)
class Labels:
    """What is drawn on a picture.

    Attributes:
        closed: outlines, in the order in which they are drawn and cut.
        open: corners of the one that is being drawn.
    """

    closed: tuple[Polygon, ...] = ()
    open: tuple[Point, ...] = ()

    def with_point(self, place: Point) -> "Labels":
        """One more corner; none where the last one is there already, as after a double click."""
        return self if self.open[-1:] == (place,) else replace(self, open=(*self.open, place))

    def without_last_point(self) -> "Labels":
        """One corner less."""
        return replace(self, open=self.open[:-1])

    def with_closed(self, *, hole: bool) -> "Labels":
        """The open outline is closed, where it has three corners."""
        if len(self.open) < LEAST:
            return self
        return Labels((*self.closed, Polygon(self.open, hole)))

    def with_more(self, polygons: tuple[Polygon, ...]) -> "Labels":
        """With outlines that were drawn by somebody else."""
        return replace(self, closed=self.closed + polygons)

    def without(self, index: int) -> "Labels":
        """Without one of the closed outlines."""
        return replace(self, closed=self.closed[:index] + self.closed[index + 1 :])

    def with_moved(self, index: int, corner: int, place: Point) -> "Labels":
        """With a corner of a closed outline at another place."""
        moved = self.closed[index].moved(corner, place)
        return replace(self, closed=(*self.closed[:index], moved, *self.closed[index + 1 :]))

    def at(self, x: float, y: float, reach: float) -> int | None:
        """The closed outline that lies uppermost at a place, or within `reach` pixels of it."""
        for index in range(len(self.closed) - 1, -1, -1):
            if self.closed[index].distance(x, y) >= -reach:
                return index
        return None


class History(Generic[State]):
    """States of something, one after the other, and a way back and forth between them."""

    def __init__(self, first: State) -> None:
        self._past: list[State] = []
        self._future: list[State] = []
        self.now = first

    def push(self, state: State) -> bool:
        """A step; whether it has changed anything. What was taken back before it is forgotten."""
        if state == self.now:
            return False
        self._past.append(self.now)
        self._future.clear()
        self.now = state
        return True

    def undo(self) -> bool:
        """Takes a step back, if there is one."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """Takes it again, if one was taken back."""
        return self._step(self._future, self._past)

    def _step(self, source: list[State], target: list[State]) -> bool:
        if not source:
            return False
        target.append(self.now)
        self.now = source.pop()
        return True
