"""The labels of one image, with their history."""

from dataclasses import dataclass, replace

from cleanplate.data.datasets.labels.polygons import Point, Polygon

MIN_CORNERS = 3
"""Corners of the smallest polygon."""


@dataclass(frozen=True)
class Labels:
    """What is drawn on an image. It is never changed, only replaced, so that every step can be undone.

    Attributes:
        closed: polygons, in the order in which they are drawn and cut.
        open: corners of the one that is being drawn.
    """

    closed: tuple[Polygon, ...] = ()
    open: tuple[Point, ...] = ()

    def with_point(self, place: Point) -> "Labels":
        """Returns labels with one more corner, unless it repeats the last one as a double click does."""
        return self if self.open[-1:] == (place,) else replace(self, open=(*self.open, place))

    def without_last_point(self) -> "Labels":
        """Returns labels with one corner less."""
        return replace(self, open=self.open[:-1])

    def with_closed(self, *, hole: bool) -> "Labels":
        """Returns labels with the open polygon closed, if it has enough corners."""
        if len(self.open) < MIN_CORNERS:
            return self
        return Labels((*self.closed, Polygon(self.open, hole)))

    def with_more(self, polygons: tuple[Polygon, ...]) -> "Labels":
        """Returns labels with further closed polygons."""
        return replace(self, closed=self.closed + polygons)

    def without(self, index: int) -> "Labels":
        """Returns labels without a closed polygon."""
        return replace(self, closed=self.closed[:index] + self.closed[index + 1 :])

    def at(self, x: float, y: float, reach: float) -> int | None:
        """Returns the topmost closed polygon at a place, or within `reach` pixels of it."""
        found = (index for index, polygon in enumerate(self.closed) if polygon.distance(x, y) >= -reach)
        return max(found, default=None)


class Document:
    """The labels of an image, the steps back and forth, and what of them is on disk.

    Attributes:
        size: height and width of the image.
        labels: what is drawn now.
        masked: whether the mask is on disk.
        finished: whether the user said that the image is done, even with nothing drawn on it.
    """

    def __init__(self, size: tuple[int, int], polygons: tuple[Polygon, ...], *, masked: bool) -> None:
        """Takes what is on disk."""
        self.size = size
        self.labels = Labels(polygons)
        self.masked = masked
        self.finished = False
        self._saved = polygons
        self._past: list[Labels] = []
        self._future: list[Labels] = []

    @property
    def unsaved(self) -> bool:
        """Whether there is something to save."""
        return self.labels.closed != self._saved or (self.finished and not self.masked)

    def mark_saved(self) -> None:
        """The labels are on disk as they are now."""
        self._saved, self.masked, self.finished = self.labels.closed, True, False

    def push(self, labels: Labels) -> None:
        """Replaces the labels by a step that can be undone."""
        if labels != self.labels:
            self._past.append(self.labels)
            self._future.clear()
            self.labels = labels

    def undo(self) -> bool:
        """Takes the last step back; returns whether there was one."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """Repeats the last step taken back; returns whether there was one."""
        return self._step(self._future, self._past)

    def settle(self, *, hole: bool) -> None:
        """Closes the open polygon before the image is left; drops one with too few corners."""
        labels = self.labels
        self.push(labels.with_closed(hole=hole) if len(labels.open) >= MIN_CORNERS else replace(labels, open=()))

    def _step(self, source: list[Labels], target: list[Labels]) -> bool:
        if not source:
            return False
        target.append(self.labels)
        self.labels = source.pop()
        return True
