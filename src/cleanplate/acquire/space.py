"""Whether a disk has room for what is about to come."""

import shutil
from pathlib import Path

from cleanplate.errors import DataError

UNPACKED_RATIO = 1.1
"""Unpacked bytes per byte of archive, where nobody knows better: pictures are packed already. An estimate."""

SPARE = 64 << 20  # a disk filled to the last byte is of no use to anyone


def unpacked_estimate(packed: int, known: int | None) -> int:
    """Bytes that an archive takes unpacked: as the catalogue says, else estimated."""
    return int(packed * UNPACKED_RATIO) if known is None else known


def check_space(folder: Path, needed: int, what: str) -> None:
    """Sees to it that `needed` bytes fit, before any are written.

    Raises:
        DataError: if they do not; says how many are missing and where.
    """
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed and free < needed + SPARE:
        raise DataError(
            f"{folder}: {what} needs {gigabytes(needed + SPARE)}, the disk has {gigabytes(free)} free; make room, or "
            "choose another folder with --to"
        )


def gigabytes(count: int) -> str:
    """A number of bytes as a person reads it."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
