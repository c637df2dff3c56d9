"""What the entries of an archive may be called and how much they may hold; and the one place that writes them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from cleanplate.acquire.space import gigabytes
from cleanplate.errors import ConfigError, DataError

BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What an honest archive keeps to.

    Attributes:
        ratio: unpacked bytes per byte of archive. Masks shrink to a hundredth at best, pictures not at all; a zip can
            hold a thousandfold, a bomb does.
        least: bytes that may come out of any archive, however small.
        total: bytes that may come out, where the catalogue knows them.
        entries: files and folders in it.
    """

    ratio: float = 100.0
    least: int = 32 << 20
    total: int | None = None
    entries: int = 2_000_000

    def __post_init__(self) -> None:
        if self.ratio < 1 or self.least < 0 or self.entries < 1:
            raise ConfigError("limits of an archive: ratio and entries must be at least 1, least at least 0")


def safe_name(archive: str, name: str) -> PurePosixPath:
    """The name of an entry as a path below a folder.

    Raises:
        DataError: if it is absolute, leads out, or is none.
    """
    unified = name.replace("\\", "/")  # some programs write names as Windows does
    parts = [part for part in unified.split("/") if part not in {"", "."}]
    absolute = unified.startswith("/") or re.match(r"[A-Za-z]:", unified)
    if absolute or ".." in parts or not parts or "\0" in name:
        raise DataError(f"{archive}: {name!r} in it leads out of the folder; not unpacked")
    return PurePosixPath(*parts)


class Entries:
    """Counts the entries of one archive and refuses the first that must not be."""

    def __init__(self, archive: str, packed: int, limits: Limits) -> None:
        self.archive = archive
        self.limits = limits
        self.total = 0
        by_ratio = max(int(packed * limits.ratio), limits.least)
        self.most = by_ratio if limits.total is None else min(by_ratio, limits.total)
        self._files: set[PurePosixPath] = set()
        self._folders: set[PurePosixPath] = set()

    def add(self, name: str, *, folder: bool, size: int) -> None:
        """One more entry, of `size` bytes by its own account."""
        path = safe_name(self.archive, name)
        above = set(path.parents) - {PurePosixPath(".")}
        if path in self._files or (not folder and path in self._folders) or above & self._files:
            raise DataError(f"{self.archive}: {name!r} occurs twice in it; not unpacked")
        self._folders |= above
        (self._folders if folder else self._files).add(path)
        self.total += size
        if size < 0 or self.total > self.most:
            self.refuse_size()
        if self.count > self.limits.entries:
            raise DataError(f"{self.archive}: more than {self.limits.entries} entries; not unpacked")

    @property
    def count(self) -> int:
        """Files and folders so far."""
        return len(self._files) + len(self._folders)

    def refuse_size(self) -> NoReturn:
        """Ends the work."""
        raise DataError(
            f"{self.archive}: unpacks to more than {gigabytes(self.most)}, which no honest archive of its size does; "
            "not unpacked"
        )


class Sink:
    """Writes entries below a folder, links last: nothing is ever written through a link."""

    def __init__(self, archive: str, root: Path, most: int, progress: Callable[[int], None]) -> None:
        self.archive, self.root, self.most, self.progress = archive, root, most, progress
        self.done = 0
        self._links: list[tuple[Path, str]] = []

    def folder(self, name: str) -> None:
        """Makes a folder."""
        self._place(name).mkdir(parents=True, exist_ok=True)

    def file(self, name: str, stream: IO[bytes], size: int) -> None:
        """Writes a file of exactly `size` bytes: an entry that holds more than it says is refused."""
        path = self._place(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with path.open("xb") as file:
            while block := stream.read(BLOCK):
                written += len(block)
                self.done += len(block)
                if written > size or self.done > self.most:
                    raise DataError(f"{self.archive}: {name!r} in it holds more than it says; not unpacked")
                file.write(block)
        if written < size:
            raise DataError(f"{self.archive}: {name!r} in it is cut short; fetch the archive again")
        self.progress(self.done)

    def link(self, name: str, target: str) -> None:
        """Notes a link, which is made at the end."""
        if target.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", target) or "\0" in target or not target:
            self._refuse_link(name, target)
        self._links.append((self._place(name), target))

    def make_links(self) -> None:
        """Makes the links, and looks where each really leads, over other links too."""
        for path, target in self._links:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
        root = self.root.resolve()
        for path, target in self._links:
            try:
                inside = path.resolve().is_relative_to(root)
            except (OSError, RuntimeError):  # links in a circle
                inside = False
            if not inside:
                self._refuse_link(path.relative_to(self.root).as_posix(), target)

    def _place(self, name: str) -> Path:
        return self.root / safe_name(self.archive, name)

    def _refuse_link(self, name: str, target: str) -> NoReturn:
        raise DataError(f"{self.archive}: {name!r} in it is a link that leads out, to {target!r}; not unpacked")
