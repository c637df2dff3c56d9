"""Files on disk: written atomically, counted and checksummed; and whether the disk has room for more."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from cleanplate.errors import DataError

UNPACKED_RATIO = 1.1
"""Estimated unpacked bytes per byte of archive: pictures are compressed already."""

_SPARE_BYTES = 64 << 20  # is left free


class Inventory(TypedDict):
    """Number of files, their total size in bytes, and one digest of their names and contents."""

    files: int
    bytes: int
    sha256: str


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


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
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


@contextmanager
def readable(source: str) -> Iterator[None]:
    """Turns an `OSError` of the block into a `DataError` that names the file, or else the source."""
    try:
        yield
    except OSError as error:
        place = error.filename or source
        raise DataError(f"{place}: {error.strerror or error}; check the name and its permissions") from error


def unwritable(path: Path, error: OSError) -> DataError:
    """What a user is told of a place that cannot be written."""
    reason = error.strerror or str(error)
    return DataError(
        f"{path}: cannot be written: {reason}; free some space, mend the permissions, or choose another -o"
    )


def inventory(place: Path) -> Inventory:
    """Counts and checksums a file, or all files below a folder.

    Raises:
        DataError: if there is no file.
    """
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    if not files:
        raise DataError(f"{place}: empty")
    root = place if place.is_dir() else place.parent
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files), "sha256": digest(root, files)}


def digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 of the names of `files` below `root` and of their contents, in the order given."""
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def unpacked_estimate(packed: int, known: int | None) -> int:
    """Bytes that an archive of `packed` bytes takes when unpacked: `known`, or else an estimate."""
    return int(packed * UNPACKED_RATIO) if known is None else known


def check_space(folder: Path, needed: int, what: str) -> None:
    """Checks that `needed` bytes fit on the disk of `folder`, before any are written.

    Raises:
        DataError: if they do not; names the bytes needed and free.
    """
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed and free < needed + _SPARE_BYTES:
        raise DataError(
            f"{folder}: {what} needs {format_bytes(needed + _SPARE_BYTES)}, the disk has {format_bytes(free)} free; "
            "make room, or choose another folder with --to"
        )


def format_bytes(count: int) -> str:
    """A number of bytes with a unit, as in `1.2 GB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
