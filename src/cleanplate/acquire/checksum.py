"""Verifies a fetched archive against the catalogue, or against the archive's own checksums."""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from cleanplate.acquire.archive_members import BLOCK
from cleanplate.acquire.catalogue import Archive
from cleanplate.acquire.unpacking import Limits, inspect
from cleanplate.errors import DataError


class Verified(TypedDict):
    """Size and digests of a file, and which checksum it was verified by."""

    bytes: int
    md5: str
    sha256: str
    by: str


class WrongContentError(DataError):
    """The bytes are not those of the requested archive."""


def verify(
    path: Path,
    archive: Archive,
    limits: Limits | None = None,
    progress: Callable[[int, int | None], None] = lambda *_: None,
) -> Verified:
    """Compares a file with its entry in the catalogue.

    If no checksum is published, the archive's own are used: every zip member and every gzip stream carries one, so a
    truncated or damaged file does not pass.

    Raises:
        WrongContentError: if it is another file, or a damaged one.
        DataError: if it cannot be read, or is an archive that must not be unpacked.
    """
    size = path.stat().st_size
    if archive.bytes is not None and size != archive.bytes:
        raise WrongContentError(f"{archive.name}: {size} bytes came, it must have {archive.bytes}")
    digests = _digests(path, progress)
    for kind, value in digests.items():
        expected = getattr(archive, kind)
        if expected is not None and value != expected:
            raise WrongContentError(f"{archive.name}: {kind} is {value}, must be {expected}; another or a damaged file")
    by = ", ".join(kind for kind in digests if getattr(archive, kind) is not None)
    if not by:
        _check_internal_checksums(path, archive, limits or Limits())
        by = "the archive's own checksums; none is published"
    return {"bytes": size, "md5": digests["md5"], "sha256": digests["sha256"], "by": by}


def _digests(path: Path, progress: Callable[[int, int | None], None]) -> dict[str, str]:
    hashes = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    size, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            for each in hashes.values():
                each.update(block)
            done += len(block)
            progress(done, size)
    return {kind: each.hexdigest() for kind, each in hashes.items()}


def _check_internal_checksums(path: Path, archive: Archive, limits: Limits) -> None:
    """Reads the archive through, after checking what it declares to hold."""
    if not archive.name.endswith(".zip"):
        try:
            with gzip.open(path) as stream:
                while stream.read(BLOCK):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            raise WrongContentError(f"{archive.name}: {_beginning(path)} ({error})") from error
        return
    try:
        with zipfile.ZipFile(path) as file:
            inspect(file, archive.name, path.stat().st_size, limits)
            damaged = file.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise WrongContentError(f"{archive.name}: {_beginning(path)} ({error})") from error
    if damaged is not None:
        raise WrongContentError(f"{archive.name}: {damaged} in it is damaged")


def _beginning(path: Path) -> str:
    """What the file begins with: servers often send a login or error page with a success status."""
    with path.open("rb") as file:
        start = file.read(24)
    if start.lstrip()[:1] == b"<":
        return f"a web page came, not an archive; it begins with {start.decode(errors='replace')!r}"
    return f"not a whole archive; it begins with {start!r}"
