"""Sets of pictures as they are taken: `set{n}/bkg.png`, then `set{n}/{k}.png`. Nothing that lies there is touched."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

from cleanplate.data.datasets.capture_sets import PLATE
from cleanplate.data.io.images import write_image
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

NO_PLATE = "take the background first (b)"

_SET = re.compile(r"set([0-9]+)")
_NUMBER = re.compile(r"([0-9]+)(_mask)?")


class CapturedSets:
    """A folder of sets, to which new ones are added; `cleanplate.data.datasets.capture_sets` reads them.

    A set of an earlier session is never gone on with: camera and light have changed since.

    Attributes:
        root: the folder.
        folder: the set that pictures go to; `None` before the first background.
        sets: how many were begun.
        pictures: how many were added to all of them.
        here: how many to the one that is open.
    """

    def __init__(self, root: Path) -> None:
        """Makes nothing yet: a program that nothing is taken with leaves no folder.

        Raises:
            DataError: if the folder, or where it would be made, cannot be written to.
        """
        self.root = root
        self.folder: Path | None = None
        self.sets = self.pictures = self.here = 0
        self._number = 0
        self._shape: tuple[int, ...] = ()
        there = next(path for path in (root, *root.absolute().parents) if os.path.lexists(path))
        try:
            # Asked of the file system itself: permissions do not tell of a read-only or a full one.
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(
                f"{root}: cannot be written to: {there}: {reason}; give another folder with --out"
            ) from error

    def begin(self, plate: Image) -> Path:
        """Begins a set with the picture of the scene with nobody in it.

        Its number is one more than the highest there, whatever bears it. Whether or not it succeeds, nothing is added
        to the set before: whoever takes a new background has changed the scene.

        Args:
            plate: uint8 BGR `[H, W, 3]`.

        Returns:
            The file that was written.

        Raises:
            DataError: if it cannot be written; no half set is left.
        """
        self.folder = None
        try:
            number = 1 + max(self._set_numbers(), default=0)
            while not _begun(self.root / f"set{number}", plate):
                number += 1
        except OSError as error:
            raise _unwritten(self.root, error) from error
        self.folder, self._shape = self.root / f"set{number}", plate.shape
        self.sets += 1
        self._number = self.here = 0
        return self.folder / PLATE

    def add(self, frame: Image) -> Path:
        """Adds a picture to the set that is open.

        Args:
            frame: uint8 BGR `[H, W, 3]`, of the size of the background.

        Returns:
            The file that was written.

        Raises:
            DataError: if no set is open, the frame has another size, or it cannot be written; no half picture is left.
        """
        if self.folder is None or not (self.folder / PLATE).is_file():
            gone, self.folder = self.folder, None
            raise DataError(f"{gone} is gone: take the background again (b)" if gone else NO_PLATE)
        if frame.shape != self._shape:
            raise DataError("the camera's pictures have another size now: take the background again (b)")
        try:
            taken = {int(found[1]) for path in self.folder.iterdir() if (found := _NUMBER.fullmatch(path.stem))}
            while self._number in taken or not _created(self.folder / f"{self._number}.png", frame):
                self._number += 1
        except OSError as error:
            raise _unwritten(self.folder, error) from error
        written = self.folder / f"{self._number}.png"
        self._number += 1
        self.here += 1
        self.pictures += 1
        return written

    def _set_numbers(self) -> list[int]:
        # Also of files and of folders that are no sets: a number that somebody has used is not used again.
        with contextlib.suppress(FileNotFoundError):
            return [int(found[1]) for path in self.root.iterdir() if (found := _SET.fullmatch(path.name))]
        return []


def _begun(folder: Path, plate: Image) -> bool:
    """Whether a set could be begun there; `False` if somebody was faster."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    begun = False
    try:
        begun = _created(folder / PLATE, plate)
    finally:
        if not begun:
            with contextlib.suppress(OSError):  # something else lies in it
                folder.rmdir()
    return begun


def _created(target: Path, picture: Image) -> bool:
    """Whether a picture was written to a new file, all at once; `False` if there is such a file."""
    if os.path.lexists(target):
        return False
    temporary = target.with_name(f".{target.stem}.part.png")
    try:
        try:
            write_image(temporary, picture)
        except DataError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None  # it names the temporary file, which nobody knows
            raise
        _take_name(temporary, target)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return True


def _take_name(temporary: Path, target: Path) -> None:
    """Moves a file to a name that must be free. A link fails where a rename would replace."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: memory cards, some network drives
        target.open("xb").close()
        try:
            temporary.replace(target)
        except OSError:
            target.unlink(missing_ok=True)
            raise


def _unwritten(place: Path, error: OSError) -> DataError:
    return DataError(f"not saved: {place} cannot be written to: {error.strerror or error}; make room and try again")
