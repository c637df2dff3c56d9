"""Writes captured sets: `set{n}/bkg.png`, then `set{n}/{k}.png`. Existing files are never touched."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

from cleanplate.data.datasets.capture_sets import PLATE
from cleanplate.data.io.images import create_image
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

NO_BACKGROUND = "take the background first (b)"

_SET = re.compile(r"set([0-9]+)")
_IMAGE = re.compile(r"([0-9]+)(_mask)?")


class SetWriter:
    """Adds sets to a folder, in the layout that `cleanplate.data.datasets.capture_sets` reads.

    A set of an earlier session is never continued: camera and light have changed since.

    Attributes:
        root: the folder.
        folder: the open set; `None` before the first background.
        set_count: sets begun in this session.
        image_count: images added to all of them.
        images_in_set: images added to the open one.
    """

    def __init__(self, root: Path) -> None:
        """Creates nothing yet, so that a session without pictures leaves no folder.

        Raises:
            DataError: if the folder, or the place where it would be created, cannot be written to.
        """
        self.root = root
        self.folder: Path | None = None
        self.set_count = self.image_count = self.images_in_set = 0
        self._number = 0
        self._shape: tuple[int, ...] = ()
        existing = next(path for path in (root, *root.absolute().parents) if os.path.lexists(path))
        try:
            # Permissions do not show a read-only or full file system; a trial does.
            with tempfile.TemporaryFile(dir=existing):
                pass
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(
                f"{root}: cannot be written to: {existing}: {reason}; give another folder with --out"
            ) from error

    def begin(self, background: Image) -> Path:
        """Begins a set with the background, numbered one above the highest number in the folder.

        The set before is closed even if this fails: the scene has changed.

        Args:
            background: uint8 BGR `[H, W, 3]`.

        Returns:
            The file that was written.

        Raises:
            DataError: if it cannot be written; no incomplete set is left.
        """
        self.folder = None
        try:
            number = 1 + max(self._set_numbers(), default=0)
            while not _begin(self.root / f"set{number}", background):
                number += 1
        except OSError as error:
            raise _not_saved(self.root, error) from error
        self.folder, self._shape = self.root / f"set{number}", background.shape
        self.set_count += 1
        self._number = self.images_in_set = 0
        return self.folder / PLATE

    def add(self, frame: Image) -> Path:
        """Adds an image to the open set.

        Args:
            frame: uint8 BGR `[H, W, 3]`, of the background's size.

        Returns:
            The file that was written.

        Raises:
            DataError: if no set is open, the size differs, or it cannot be written; no incomplete image is left.
        """
        if self.folder is None or not (self.folder / PLATE).is_file():
            gone, self.folder = self.folder, None
            raise DataError(f"{gone} is gone: take the background again (b)" if gone else NO_BACKGROUND)
        if frame.shape != self._shape:
            raise DataError("the camera's pictures have another size now: take the background again (b)")
        try:
            taken = {int(match[1]) for path in self.folder.iterdir() if (match := _IMAGE.fullmatch(path.stem))}
            while self._number in taken or not create_image(self.folder / f"{self._number}.png", frame):
                self._number += 1
        except OSError as error:
            raise _not_saved(self.folder, error) from error
        written = self.folder / f"{self._number}.png"
        self._number += 1
        self.images_in_set += 1
        self.image_count += 1
        return written

    def _set_numbers(self) -> list[int]:
        # Files and folders of these names that are not sets count as well.
        with contextlib.suppress(FileNotFoundError):
            return [int(match[1]) for path in self.root.iterdir() if (match := _SET.fullmatch(path.name))]
        return []


def _begin(folder: Path, background: Image) -> bool:
    """Creates a set; returns `False` if another process was faster."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    begun = False
    try:
        begun = create_image(folder / PLATE, background)
    finally:
        if not begun:
            with contextlib.suppress(OSError):  # another process wrote into it
                folder.rmdir()
    return begun


def _not_saved(place: Path, error: OSError) -> DataError:
    return DataError(f"not saved: {place} cannot be written to: {error.strerror or error}; make room and try again")
