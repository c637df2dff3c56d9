"""Writes an image file so that it appears under its name only when it is complete."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleanplate.data.io.images import write_image
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image


def replace_image(target: Path, image: Image) -> None:
    """Writes an image in place of what lies at `target`.

    Raises:
        OSError: if it cannot be written; the old file is untouched then.
    """
    with _temporary(target, image) as temporary:
        temporary.replace(target)


def create_image(target: Path, image: Image) -> bool:
    """Writes an image to a new file; returns `False`, and writes nothing, if the name is taken.

    Raises:
        OSError: if it cannot be written; no part of it is left then.
    """
    if os.path.lexists(target):
        return False
    with _temporary(target, image) as temporary, contextlib.suppress(FileExistsError):
        _rename_to_new(temporary, target)
        return True
    return False


@contextmanager
def _temporary(target: Path, image: Image) -> Iterator[Path]:
    """A complete file beside the target, removed at the end."""
    temporary = target.with_name(f".{target.stem}.part.png")
    try:
        try:
            write_image(temporary, image)
        except DataError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None  # the message would name the temporary file
            raise
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _rename_to_new(temporary: Path, target: Path) -> None:
    """Gives a file a new name. A hard link fails where a rename would replace somebody's file."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # memory cards and some network drives have no links
        target.open("xb").close()
        try:
            temporary.replace(target)
        except OSError:
            target.unlink(missing_ok=True)
            raise
