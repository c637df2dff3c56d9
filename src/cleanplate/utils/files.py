"""Outputs are written to a temporary place and moved: a killed program leaves nothing half-written."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleanplate.errors import DataError


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives a temporary path beside `target`; what was written there, file or folder, takes its place at the end.

    If the block raises, `target` stays as it was and the temporary is removed. A folder is replaced in two moves, so
    that a kill between them leaves the old or no folder, never a mixture.

    Raises:
        IsADirectoryError: if a file was written where a folder lies, whose content would be lost.
    """
    # The names are the same each time, so that the next attempt clears what a killed one left.
    old = target.with_name(f".{target.name}.old")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    remove(temporary)
    try:
        yield temporary
        if _is_folder(target) and temporary.is_file():
            raise IsADirectoryError(errno.EISDIR, "a folder lies there; give the name of a file", str(target))
        in_the_way = os.path.lexists(target) and (_is_folder(target) or _is_folder(temporary))
        if in_the_way:
            remove(old)
            target.rename(old)
        try:
            temporary.replace(target)
        except OSError:
            if in_the_way:
                old.rename(target)
            raise
        remove(old)
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Removes a file or a folder with all in it; missing is fine."""
    if _is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


# === whole: A file appears under its name once it is whole, whatever its writer makes of its suffix.


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """As `replacing`, but the temporary keeps the suffix, by which encoders know what to write.

    Raises:
        DataError: if the file cannot be written (no space, no permission).
    """
    try:
        with replacing(target) as temporary:
            work = temporary.with_name(f".part.{target.name}")
            remove(work)
            try:
                yield work
                work.replace(temporary)
            finally:
                remove(work)
    except OSError as error:
        raise unwritable(target, error) from error


def unwritable(path: Path, error: OSError) -> DataError:
    """What a user is told of a place that cannot be written."""
    reason = error.strerror or str(error)
    return DataError(
        f"{path}: cannot be written: {reason}; free some space, mend the permissions, or choose another -o"
    )
