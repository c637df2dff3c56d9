"""Where snapshots and recordings go: numbered, so that nothing is ever written over."""

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path

from cleanplate.data.io.images import write_image
from cleanplate.errors import ConfigError, DataError
from cleanplate.utils.arrays import Image

_VIDEOS = frozenset({".mp4", ".mov", ".mkv"})


class Place:
    """A folder for all, or a video file for one recording, with the snapshots beside it."""

    def __init__(self, out: Path) -> None:
        """Looks whether it can be written; makes nothing yet.

        Raises:
            ConfigError: if a file is in the way of the folder, the video exists, or its suffix is no video's.
        """
        self.video = out if out.suffix.lower() in _VIDEOS and not out.is_dir() else None
        if self.video is not None and self.video.exists():
            raise ConfigError(f"-o {out}: is there already and is not written over; give another name, or a folder")
        if self.video is None and out.suffix and not out.exists():
            known = ", ".join(sorted(_VIDEOS))
            raise ConfigError(f"-o {out}: a recording's name ends in {known}; give one, or a folder")
        self.folder = out if self.video is None else out.parent
        _check(self.folder)

    def snapshot(self, pictures: Mapping[str, Image]) -> Path:
        """Writes pictures as `snapshot-N-NAME.png`, with one number for all; returns the first one's path.

        Raises:
            DataError: if one cannot be written; none is left of them then.
        """
        number = self._free("snapshot")
        paths = [self.folder / f"snapshot-{number}-{name}.png" for name in pictures]
        try:
            for path, picture in zip(paths, pictures.values(), strict=True):
                _write(path, picture)
        except DataError:
            for path in paths:
                _remove(path)
            raise
        return paths[0]

    def recording(self) -> Path:
        """Where the next recording goes: the file that was named, and then `recording-N.mp4`.

        Raises:
            DataError: if its folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        if self.video is not None and not self.video.exists():
            return self.video
        return self.folder / f"recording-{self._free('recording')}.mp4"

    def _free(self, kind: str) -> str:
        """A number above all that lie there, gaps and other people's files left as they are."""
        pattern = re.compile(rf"\.?{kind}-(\d+)\b.*")
        try:
            names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        taken = [int(found[1]) for name in names if (found := pattern.match(name))]
        return f"{max(taken, default=0) + 1:03d}"


def _write(path: Path, picture: Image) -> None:
    work = path.with_name(f".part.{path.name}")
    try:
        write_image(work, picture)
        work.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        _remove(work)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # there may be no such folder any more
        path.unlink()


def _check(folder: Path) -> None:
    """Raises where the folder could not be made, or written to."""
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ConfigError(f"-o {folder}: {existing} is a file, no folder; give another name")
    try:
        probe = existing / ".cleanplate-probe"
        probe.write_bytes(b"\0")
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"-o {folder}: cannot be written: {error.strerror or error}; mend the permissions, or give another folder"
        ) from error


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: cannot be written: {error.strerror or error}; free some space or mend the permissions")
