"""A labelling session: which image is open, what is unsaved, what comes next."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from cleanplate.camera.annotate.images import LabelledImage
from cleanplate.camera.annotate.labels import Document
from cleanplate.camera.annotate.storage import Storage
from cleanplate.data.datasets.labels.labelme_file import write_labelme
from cleanplate.data.io.images import read_color
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image


class Session:
    """Images and their labels. What was opened stays in memory with its history.

    Attributes:
        images: all images.
        index: the open one.
        picture: its pixels, uint8 BGR `[H, W, 3]`; `None` if it cannot be read.
        document: its labels; `None` likewise.
        problem: what is wrong with its files; empty if nothing.
    """

    def __init__(self, images: Sequence[LabelledImage], storage: Storage, *, again: bool = False) -> None:
        """Opens the first image without a mask; with `again` the first image."""
        self.images = images
        self._storage = storage
        self._again = again
        self._documents: dict[int, Document] = {}
        self._labelled = {index for index, image in enumerate(images) if storage.is_labelled(image)}
        self.index = -1
        self.picture: Image | None = None
        self.document: Document | None = None
        self.problem = ""
        self.open(self._next(-1) or 0)

    @property
    def image(self) -> LabelledImage:
        """The open image."""
        return self.images[self.index]

    @property
    def labelled(self) -> int:
        """Number of images with a mask."""
        return len(self._labelled)

    @property
    def unsaved(self) -> int:
        """Number of images with changes that are not on disk."""
        return sum(document.unsaved for document in self._documents.values())

    def open(self, index: int) -> None:
        """Opens an image."""
        if index == self.index:
            return
        self.index, self.picture, self.document, self.problem = index, None, None, ""
        try:
            self.picture = read_color(self.image.path)
        except DataError as error:
            self.problem = str(error)
            return
        if index not in self._documents:
            size = (self.picture.shape[0], self.picture.shape[1])
            self._documents[index], self.problem = self._storage.read(self.image, size)
        self.document = self._documents[index]

    def step(self, by: int) -> bool:
        """Opens the next or previous image; returns whether there is one."""
        if not 0 <= self.index + by < len(self.images):
            return False
        self.open(self.index + by)
        return True

    def advance(self) -> bool:
        """Opens the next image without a mask, with `again` the next one; returns whether there is one."""
        following = self._next(self.index)
        if following is None:
            return False
        self.open(following)
        return True

    def save(self) -> str:
        """Saves all changes; returns the first error, empty if there is none."""
        problem = ""
        for index, document in self._documents.items():
            if document.unsaved:
                try:
                    self._storage.write(self.images[index], document.labels.closed, document.size)
                except DataError as error:
                    problem = problem or str(error)
                    continue
                document.mark_saved()
                self._labelled.add(index)
                if index == self.index:
                    self.problem = ""  # its files have been rewritten
        return problem

    def rescue(self) -> Path:
        """Writes the polygons of unsaved images into a temporary folder, and returns it.

        Raises:
            OSError: if that fails as well.
        """
        folder = Path(tempfile.mkdtemp(prefix="cleanplate-annotate-"))
        for index, document in self._documents.items():
            if document.unsaved:
                image = self.images[index]
                target = folder / image.path.parent.name / image.labelme.name
                write_labelme(target, document.labels.closed, self._storage.label, str(image.path), document.size)
        return folder

    def _next(self, index: int) -> int | None:
        """Returns the next image to label, going on with the first after the last."""
        if self._again:
            return index + 1 if index + 1 < len(self.images) else None
        count = len(self.images)
        following = ((index + 1 + step) % count for step in range(count))
        return next((at for at in following if at not in self._labelled and at != index), None)
