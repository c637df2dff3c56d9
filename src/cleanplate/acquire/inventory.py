"""What lies at a place, counted and checksummed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from cleanplate.errors import DataError


class Inventory(TypedDict):
    """Number of files, their bytes, and one digest over names and contents."""

    files: int
    bytes: int
    sha256: str


def inventory(place: Path) -> Inventory:
    """Counts and checksums a file, or all files below a folder.

    Raises:
        DataError: if there is nothing.
    """
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    if not files:
        raise DataError(f"{place}: empty")
    root = place if place.is_dir() else place.parent
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files), "sha256": digest(root, files)}


def digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over the names of `files` below `root` and their contents, in the order given."""
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()
