"""One picture on the desk: what is drawn on it, and what of that is on disk."""

from dataclasses import replace

from cleanplate.camera.annotate.labels import LEAST, History, Labels
from cleanplate.camera.annotate.shapes import Polygon
from cleanplate.camera.annotate.storage import Known


class Document:
    """Labels of a picture with their history.

    Attributes:
        size: height and width of the picture.
        masked: whether its mask is on disk.
        finished: whether somebody said that it is done, even with nothing drawn on it.
    """

    def __init__(self, size: tuple[int, int], known: Known) -> None:
        self.size = size
        self.masked = known.masked
        self.finished = False
        self._history = History(Labels(known.polygons))
        self._kept: tuple[Polygon, ...] = known.polygons

    @property
    def labels(self) -> Labels:
        """What is drawn now."""
        return self._history.now

    @property
    def pending(self) -> bool:
        """Whether there is something to be saved."""
        return self.labels.closed != self._kept or (self.finished and not self.masked)

    def saved(self) -> None:
        """It is on disk as it is now."""
        self._kept, self.masked, self.finished = self.labels.closed, True, False

    def push(self, labels: Labels) -> bool:
        """A step that can be taken back; whether it has changed anything."""
        return self._history.push(labels)

    def undo(self) -> bool:
        """See `History`."""
        return self._history.undo()

    def redo(self) -> bool:
        """See `History`."""
        return self._history.redo()

    def settle(self, *, hole: bool) -> None:
        """Before the picture is left: an outline with three corners is closed, fewer say nothing and are dropped."""
        labels = self.labels
        self.push(labels.with_closed(hole=hole) if len(labels.open) >= LEAST else replace(labels, open=()))
