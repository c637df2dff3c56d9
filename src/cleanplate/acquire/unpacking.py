"""Unpacks an archive that nobody has looked into: nothing gets out of the folder, nothing fills the disk.

Refused are names that lead out or are absolute, links that lead out, hard links, devices and pipes, names that occur
twice, encrypted entries, and more bytes or files than an honest archive of that size holds. Whatever is refused, a
damaged entry or a full disk leave no folder at all.
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

from cleanplate.acquire.entries import Entries, Limits, Sink
from cleanplate.errors import DataError
from cleanplate.utils.files import replacing

__all__ = ["Limits", "inspect", "unpack"]

Progress = Callable[[int, int | None], None]

_HEADERS = 4096  # bytes that a tar spends on an entry beside its content, long names and padding included


def unpack(archive: Path, target: Path, limits: Limits | None = None, progress: Progress = lambda *_: None) -> None:
    """Unpacks a zip or a gzipped tar into the folder `target`, which appears when all of it is there.

    Args:
        archive: the file; its suffix says what it is.
        target: the folder; what lies there is replaced.
        limits: what an honest archive keeps to.
        progress: told the bytes written, and of how many (`None` for a tar, which does not tell).

    Raises:
        DataError: if it must not or cannot be unpacked; names the entry.
    """
    limits = limits or Limits()
    with _told(archive), replacing(target) as folder:
        folder.mkdir()
        if archive.name.endswith(".zip"):
            _unzip(archive, folder, limits, progress)
        else:
            _untar(archive, folder, limits, progress)


def inspect(file: zipfile.ZipFile, name: str, packed: int, limits: Limits) -> int:
    """Looks at what a zip claims to hold, before a byte of it is unpacked.

    Returns:
        The bytes that it holds by its own account.

    Raises:
        DataError: if it must not be unpacked.
    """
    entries = Entries(name, packed, limits)
    for info in file.infolist():
        entries.add(info.filename, folder=info.is_dir(), size=info.file_size)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
            raise DataError(f"{name}: {info.filename!r} in it is a device or a pipe; not unpacked")
        if info.flag_bits & 1:
            raise DataError(f"{name}: {info.filename!r} in it is encrypted; not unpacked")
    return entries.total


def _unzip(archive: Path, folder: Path, limits: Limits, progress: Progress) -> None:
    with zipfile.ZipFile(archive) as file:
        total = inspect(file, archive.name, archive.stat().st_size, limits)
        sink = Sink(archive.name, folder, total, lambda done: progress(done, total))
        for info in file.infolist():
            if info.is_dir():
                sink.folder(info.filename)
            elif stat.S_ISLNK(info.external_attr >> 16):
                sink.link(info.filename, file.read(info).decode(errors="surrogateescape"))
            else:
                with file.open(info) as stream:
                    sink.file(info.filename, stream, info.file_size)
        sink.make_links()


def _untar(archive: Path, folder: Path, limits: Limits, progress: Progress) -> None:
    packed = archive.stat().st_size
    entries = Entries(archive.name, packed, limits)
    sink = Sink(archive.name, folder, entries.most, lambda done: progress(done, None))
    # Streaming: what a tar holds is only known by reading through it, so each entry is judged as it comes.
    counted = _Counted(archive, entries)
    with counted, tarfile.open(fileobj=counted, mode="r|") as file:
        for info in file:
            if info.name in {".", "./"}:
                continue
            entries.add(info.name, folder=info.isdir(), size=info.size if info.isreg() else 0)
            if info.isdir():
                sink.folder(info.name)
            elif info.issym():
                sink.link(info.name, info.linkname)
            elif info.isreg():
                content = file.extractfile(info)
                assert content is not None  # a regular file has content
                sink.file(info.name, content, info.size)
            else:
                kind = "a hard link" if info.islnk() else "a device or a pipe"
                raise DataError(f"{archive.name}: {info.name!r} in it is {kind}; not unpacked")
        sink.make_links()
        while counted.read(1 << 20):  # to the end, where gzip's checksum is
            pass


class _Counted(gzip.GzipFile):
    """A stream that ends the work when more comes out of it than an honest archive holds, headers included."""

    def __init__(self, archive: Path, entries: Entries) -> None:
        super().__init__(archive)
        self._entries, self._count = entries, 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._count += len(data)
        if self._count > self._entries.most + _HEADERS * (self._entries.count + 16):
            self._entries.refuse_size()
        return data


@contextmanager
def _told(archive: Path) -> Iterator[None]:
    """Errors of the libraries in the house's words."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError) as error:
        raise DataError(f"{archive}: damaged, or not an archive of its suffix: {error}; fetch it again") from error
    except OSError as error:
        full = " (make room, and run the same command again)" if error.errno in {errno.ENOSPC, errno.EDQUOT} else ""
        raise DataError(f"{archive}: cannot be unpacked: {error.strerror or error}{full}") from error
