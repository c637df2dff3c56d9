"""Members of an archive: which names, links and sizes are accepted, and the one place that writes them to disk.

Kept by hand, because `tarfile`'s data filter does not suffice: it accepts hard links and repeated names, limits no
size, and zip files have no such filter.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from cleanplate.errors import ConfigError, DataError
from cleanplate.utils.files import format_bytes

BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Sizes above which an archive is refused.

    Attributes:
        ratio: unpacked bytes per byte of archive. Masks compress to a hundredth at best and pictures hardly at all; a
            decompression bomb reaches a thousandfold.
        least: unpacked bytes that any archive may have, however small.
        total: unpacked bytes, if the catalogue states them.
        entries: number of files and folders.
    """

    ratio: float = 100.0
    least: int = 32 << 20
    total: int | None = None
    entries: int = 2_000_000

    def __post_init__(self) -> None:
        if self.ratio < 1 or self.least < 0 or self.entries < 1:
            raise ConfigError("limits of an archive: ratio and entries must be at least 1, least at least 0")


def safe_name(archive: str, name: str) -> PurePosixPath:
    """The name of a member as a path below a folder.

    Raises:
        DataError: if it is absolute, leads out of the folder, or is empty.
    """
    unified = name.replace("\\", "/")  # some programs write Windows separators
    parts = [part for part in unified.split("/") if part not in {"", "."}]
    absolute = unified.startswith("/") or re.match(r"[A-Za-z]:", unified)
    if absolute or ".." in parts or not parts or "\0" in name:
        raise DataError(f"{archive}: {name!r} in it leads out of the folder; not unpacked")
    return PurePosixPath(*parts)


class MemberCheck:
    """Checks the members of one archive one by one, and raises at the first that is not accepted."""

    def __init__(self, archive: str, packed: int, limits: Limits) -> None:
        self.archive = archive
        self.limits = limits
        self.total = 0
        by_ratio = max(int(packed * limits.ratio), limits.least)
        self.max_bytes = by_ratio if limits.total is None else min(by_ratio, limits.total)
        self._files: set[PurePosixPath] = set()
        self._folders: set[PurePosixPath] = set()

    def add(self, name: str, *, folder: bool, size: int) -> None:
        """Checks one more member that declares `size` bytes."""
        path = safe_name(self.archive, name)
        parents = set(path.parents) - {PurePosixPath(".")}
        if path in self._files or (not folder and path in self._folders) or parents & self._files:
            raise DataError(f"{self.archive}: {name!r} occurs twice in it; not unpacked")
        self._folders |= parents
        (self._folders if folder else self._files).add(path)
        self.total += size
        if size < 0 or self.total > self.max_bytes:
            self.raise_too_large()
        if self.count > self.limits.entries:
            raise DataError(f"{self.archive}: more than {self.limits.entries} entries; not unpacked")

    @property
    def count(self) -> int:
        """Number of files and folders so far."""
        return len(self._files) + len(self._folders)

    def raise_too_large(self) -> NoReturn:
        """Raises the error of an archive that unpacks to too many bytes."""
        raise DataError(
            f"{self.archive}: unpacks to more than {format_bytes(self.max_bytes)}, which no honest archive of its size "
            "does; not unpacked"
        )


class MemberWriter:
    """Writes members below a folder. Links are made last, so that nothing is ever written through a link."""

    def __init__(self, archive: str, root: Path, max_bytes: int, progress: Callable[[int], None]) -> None:
        self.archive, self.root, self.max_bytes, self.progress = archive, root, max_bytes, progress
        self.done = 0
        self._links: list[tuple[Path, str]] = []

    def folder(self, name: str) -> None:
        """Makes a folder."""
        self._path(name).mkdir(parents=True, exist_ok=True)

    def file(self, name: str, stream: IO[bytes], size: int) -> None:
        """Writes a file of exactly `size` bytes; a member that holds more than it declares is refused."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with path.open("xb") as file:
            while block := stream.read(BLOCK):
                written += len(block)
                self.done += len(block)
                if written > size or self.done > self.max_bytes:
                    raise DataError(f"{self.archive}: {name!r} in it holds more than it says; not unpacked")
                file.write(block)
        if written < size:
            raise DataError(f"{self.archive}: {name!r} in it is cut short; fetch the archive again")
        self.progress(self.done)

    def link(self, name: str, target: str) -> None:
        """Notes a symbolic link, which `make_links` makes at the end."""
        if target.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", target) or "\0" in target or not target:
            self._refuse_link(name, target)
        self._links.append((self._path(name), target))

    def make_links(self) -> None:
        """Makes the links, and checks where each one leads, through other links too."""
        for path, target in self._links:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
        root = self.root.resolve()
        for path, target in self._links:
            try:
                inside = path.resolve().is_relative_to(root)
            except (OSError, RuntimeError):  # a loop of links
                inside = False
            if not inside:
                self._refuse_link(path.relative_to(self.root).as_posix(), target)

    def _path(self, name: str) -> Path:
        return self.root / safe_name(self.archive, name)

    def _refuse_link(self, name: str, target: str) -> NoReturn:
        raise DataError(f"{self.archive}: {name!r} in it is a link that leads out, to {target!r}; not unpacked")
