"""The pictures that are labelled, one after the other: which is open, what is saved, what comes next."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from cleanplate.camera.annotate.document import Document
from cleanplate.camera.annotate.labelme_file import write_labelme
from cleanplate.camera.annotate.pictures import Shot
from cleanplate.camera.annotate.storage import Storage
from cleanplate.data.io.images import read_color
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image


class Desk:
    """Pictures and their documents. What was opened stays in memory with its history, saved or not.

    Attributes:
        shots: all pictures.
        index: the one that is open.
        picture: its pixels, uint8 BGR `[H, W, 3]`; `None` where it cannot be read.
        document: what is drawn on it; `None` likewise.
        trouble: what is wrong with it, in words; empty if nothing.
    """

    def __init__(self, shots: Sequence[Shot], storage: Storage, *, again: bool = False) -> None:
        """Opens the first picture that has no mask; with `again` the first one."""
        self.shots = shots
        self._storage = storage
        self._again = again
        self._documents: dict[int, Document] = {}
        self._labelled = {index for index, shot in enumerate(shots) if storage.labelled(shot)}
        self.index = -1
        self.picture: Image | None = None
        self.document: Document | None = None
        self.trouble = ""
        self.open(self._after(-1) or 0)

    @property
    def shot(self) -> Shot:
        """The picture that is open."""
        return self.shots[self.index]

    @property
    def labelled(self) -> int:
        """How many pictures have a mask."""
        return len(self._labelled)

    @property
    def pending(self) -> int:
        """How many have something to be saved."""
        return sum(document.pending for document in self._documents.values())

    def open(self, index: int) -> None:
        """Goes to a picture."""
        if index == self.index:
            return
        self.index, self.picture, self.document, self.trouble = index, None, None, ""
        try:
            self.picture = read_color(self.shot.path)
        except DataError as error:
            self.trouble = str(error)
            return
        size = (self.picture.shape[0], self.picture.shape[1])
        if index not in self._documents:
            known = self._storage.read(self.shot, size)
            self.trouble = known.trouble
            self._documents[index] = Document(size, known)
        self.document = self._documents[index]

    def step(self, by: int) -> bool:
        """Goes to the next picture or the one before; whether there is one."""
        if not 0 <= self.index + by < len(self.shots):
            return False
        self.open(self.index + by)
        return True

    def advance(self) -> bool:
        """Goes to the next picture that has no mask, or with `again` to the next one; whether there is one."""
        following = self._after(self.index)
        if following is None:
            return False
        self.open(following)
        return True

    def save(self) -> str:
        """Saves whatever is not saved; says what could not be, or nothing."""
        trouble = ""
        for index, document in self._documents.items():
            if document.pending:
                try:
                    self._storage.write(self.shots[index], document.labels.closed, document.size)
                except DataError as error:
                    trouble = trouble or str(error)
                    continue
                document.saved()
                self._labelled.add(index)
                if index == self.index:
                    self.trouble = ""  # what lay there is written anew
        return trouble

    def rescue(self) -> Path:
        """Writes the outlines of what could not be saved into a temporary folder.

        Raises:
            OSError: if that is not possible either.
        """
        folder = Path(tempfile.mkdtemp(prefix="cleanplate-annotate-"))
        for index, document in self._documents.items():
            if document.pending:
                shot = self.shots[index]
                target = folder / shot.path.parent.name / shot.labelme.name
                write_labelme(target, document.labels.closed, self._storage.label, str(shot.path), document.size)
        return folder

    def _after(self, index: int) -> int | None:
        """The next picture to be labelled, from the first one again after the last."""
        if self._again:
            return index + 1 if index + 1 < len(self.shots) else None
        count = len(self.shots)
        following = ((index + 1 + step) % count for step in range(count))
        return next((at for at in following if at not in self._labelled and at != index), None)
