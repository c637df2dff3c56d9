"""Unpacks an untrusted archive: nothing is written outside the folder, and nothing fills the disk.

Refused are absolute names and names or links that lead out, hard links, devices and pipes, repeated names, encrypted
members, and more bytes or files than an archive of that size can plausibly hold. A refused or damaged member or a full
disk leaves no folder behind.
"""

import errno
import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cleanplate.acquire.archive_members import BLOCK, Limits, MemberCheck, MemberWriter
from cleanplate.errors import DataError
from cleanplate.utils.files import replacing

__all__ = ["Limits", "inspect", "unpack"]

Progress = Callable[[int, int | None], None]

_HEADER_BYTES = 4096  # that a tar spends on a member beside its content, long names and padding included


def unpack(archive: Path, target: Path, limits: Limits | None = None, progress: Progress = lambda *_: None) -> None:
    """Unpacks a zip or a gzipped tar into the folder `target`, which appears once it is complete.

    Args:
        archive: the file; its suffix tells the format.
        target: the folder; an existing one is replaced.
        limits: see `Limits`.
        progress: called with the bytes written and the total (`None` for a tar, which does not state it).

    Raises:
        DataError: if it must not or cannot be unpacked; names the member.
    """
    limits = limits or Limits()
    with _data_errors(archive), replacing(target) as folder:
        folder.mkdir()
        if archive.name.endswith(".zip"):
            _unzip(archive, folder, limits, progress)
        else:
            _untar(archive, folder, limits, progress)


def inspect(file: zipfile.ZipFile, name: str, packed: int, limits: Limits) -> int:
    """Checks what a zip declares to hold, before a byte of it is unpacked.

    Returns:
        The number of unpacked bytes that it declares.

    Raises:
        DataError: if it must not be unpacked.
    """
    check = MemberCheck(name, packed, limits)
    for info in file.infolist():
        check.add(info.filename, folder=info.is_dir(), size=info.file_size)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
            raise DataError(f"{name}: {info.filename!r} in it is a device or a pipe; not unpacked")
        if info.flag_bits & 1:
            raise DataError(f"{name}: {info.filename!r} in it is encrypted; not unpacked")
    return check.total


def _unzip(archive: Path, folder: Path, limits: Limits, progress: Progress) -> None:
    with zipfile.ZipFile(archive) as file:
        total = inspect(file, archive.name, archive.stat().st_size, limits)
        writer = MemberWriter(archive.name, folder, total, lambda done: progress(done, total))
        for info in file.infolist():
            if info.is_dir():
                writer.folder(info.filename)
            elif stat.S_ISLNK(info.external_attr >> 16):
                writer.link(info.filename, file.read(info).decode(errors="surrogateescape"))
            else:
                with file.open(info) as stream:
                    writer.file(info.filename, stream, info.file_size)
        writer.make_links()


def _untar(archive: Path, folder: Path, limits: Limits, progress: Progress) -> None:
    check = MemberCheck(archive.name, archive.stat().st_size, limits)
    writer = MemberWriter(archive.name, folder, check.max_bytes, lambda done: progress(done, None))
    # A tar has no index: its members are known only by reading through it, so each is checked as it comes.
    stream = _LimitedGzip(archive, check)
    with stream, tarfile.open(fileobj=stream, mode="r|") as file:
        for info in file:
            if info.name in {".", "./"}:
                continue
            check.add(info.name, folder=info.isdir(), size=info.size if info.isreg() else 0)
            if info.isdir():
                writer.folder(info.name)
            elif info.issym():
                writer.link(info.name, info.linkname)
            elif info.isreg():
                content = file.extractfile(info)
                assert content is not None  # a regular file has content
                writer.file(info.name, content, info.size)
            else:
                kind = "a hard link" if info.islnk() else "a device or a pipe"
                raise DataError(f"{archive.name}: {info.name!r} in it is {kind}; not unpacked")
        writer.make_links()
        while stream.read(BLOCK):  # to the end, where gzip's checksum is
            pass


class _LimitedGzip(gzip.GzipFile):
    """A gzip stream that raises once more bytes come out than the limits allow, headers included."""

    def __init__(self, archive: Path, check: MemberCheck) -> None:
        super().__init__(archive)
        self._check, self._count = check, 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._count += len(data)
        if self._count > self._check.max_bytes + _HEADER_BYTES * (self._check.count + 16):
            self._check.raise_too_large()
        return data


@contextmanager
def _data_errors(archive: Path) -> Iterator[None]:
    """Turns the errors of the libraries into `DataError`."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError) as error:
        raise DataError(f"{archive}: damaged, or not an archive of its suffix: {error}; fetch it again") from error
    except OSError as error:
        full = " (make room, and run the same command again)" if error.errno in {errno.ENOSPC, errno.EDQUOT} else ""
        raise DataError(f"{archive}: cannot be unpacked: {error.strerror or error}{full}") from error
