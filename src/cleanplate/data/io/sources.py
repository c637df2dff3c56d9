"""Sources of frames with random access: picture files, a video file, or frames in memory."""

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from cleanplate.data.io.images import IMAGE_SUFFIXES, is_picture, read_color
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image


class FrameSource(Protocol):
    """Frames of one camera in order, with random access from any thread."""

    def __len__(self) -> int:
        """Number of frames."""
        ...

    def read(self, index: int) -> Image:
        """Returns frame `index` (from 0), uint8 BGR `[H, W, 3]`; raises `DataError` naming the file if it is broken."""
        ...

    def label(self, index: int) -> str:
        """Returns the name of frame `index` for messages: its path, or the path of the video with the frame number."""
        ...


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Returns a sort key under which `2.jpg` comes before `10.jpg`."""
    return [(0, int(part)) if part.isdecimal() else (1, part.lower()) for part in re.split(r"(\d+)", name) if part]


class ImageFiles:
    """A list of picture files, one per frame."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    @classmethod
    def of_folder(cls, folder: Path) -> "ImageFiles":
        """Returns all pictures directly in `folder` in natural order; other files (`Thumbs.db`, notes) are ignored.

        Raises:
            DataError: if the folder is missing or holds no picture.
        """
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder")
        paths = [path for path in folder.iterdir() if is_picture(path)]
        if not paths:
            raise DataError(f"{folder}: no pictures in it (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
        return cls(sorted(paths, key=lambda path: natural_key(path.name)))

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> Image:
        """See `FrameSource`."""
        return read_color(self.paths[index])

    def label(self, index: int) -> str:
        """See `FrameSource`."""
        return str(self.paths[index])


class FramesInMemory:
    """Frames held in memory."""

    def __init__(self, frames: Sequence[Image], name: str) -> None:
        self._frames = frames
        self._name = name

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, index: int) -> Image:
        """See `FrameSource`."""
        return self._frames[index]

    def label(self, index: int) -> str:
        """See `FrameSource`."""
        return f"{self._name}, frame {index + 1}"


class FirstFrames:
    """The first frames of another source."""

    def __init__(self, source: FrameSource, most: int) -> None:
        self._source = source
        self._count = min(most, len(source))

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> Image:
        """See `FrameSource`."""
        return self._source.read(index)

    def label(self, index: int) -> str:
        """See `FrameSource`."""
        return self._source.label(index)


class VideoFile:
    """A video file (mp4, avi, GIF, …) with random access; reading forwards costs no seek.

    The frames are counted once without decoding them, because OpenCV's frame count is an estimate of the container.
    """

    def __init__(self, path: Path, most: int | None = None) -> None:
        """Opens the file and counts its frames; `most` limits their number, and the rest of the file is not read."""
        if not path.is_file():
            raise DataError(f"{path}: no such video file")
        self.path = path
        self._most = most
        self._lock = threading.Lock()
        self._capture = self._opened()
        self.frames_per_second = float(self._capture.get(cv2.CAP_PROP_FPS)) or 25.0
        self._count = self._counted()
        self._rewind()

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> Image:
        """See `FrameSource`."""
        with self._lock:
            if index < self._next:
                self._rewind()
            while self._next < index:
                self._skip()
            ok, frame = self._capture.read()
            self._next += 1
        if not ok or frame is None:
            raise DataError(f"{self.label(index)}: cannot be decoded; the video is cut or damaged there")
        return np.ascontiguousarray(frame, dtype=np.uint8)

    def label(self, index: int) -> str:
        """See `FrameSource`."""
        return f"{self.path}, frame {index + 1}"

    def _opened(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self.path))
        if not capture.isOpened():
            raise DataError(f"{self.path}: not a video that can be opened")
        return capture

    def _rewind(self) -> None:
        # Reopening is exact for every container; seeking by frame number is not (GIF, variable frame rate).
        self._capture.release()
        self._capture = self._opened()
        self._next = 0

    def _skip(self) -> None:
        self._capture.grab()
        self._next += 1

    def _counted(self) -> int:
        count = 0
        while (self._most is None or count < self._most) and self._capture.grab():
            count += 1
        if count == 0:
            raise DataError(f"{self.path}: holds no frame that can be decoded")
        return count
