"""Frames as they come, one after the other: what a stream is, and recordings read as one."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from cleanplate.data.io.sources import FirstFrames, VideoFile
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

_UNKNOWN_RATE = 25.0
_RATES = (1.0, 240.0)
_PRECISELY_COUNTED = frozenset({".mp4", ".m4v", ".mov", ".avi"})
MISSING = 0.02
"""The share of the frames named in a video's table of contents that may be missing; edit lists leave some out."""

Numbered = tuple[int, Image]


class FrameStream(Protocol):
    """Frames of one camera, each with its number, read once from the first to the last, if there is a last.

    Attributes:
        name: what messages call it; holds no password.
        live: whether frames that were read are gone: they cannot be read again, and do not wait.
        pictures: whether the frames are picture files rather than a video.
    """

    name: str
    live: bool
    pictures: bool

    @property
    def frames_per_second(self) -> float:
        """How fast the frames follow each other; 25 where nobody says. Known for sure once the first frame was read."""
        ...

    @property
    def total(self) -> int | None:
        """About how many frames there are; `None` where nobody knows."""
        ...

    def frames(self) -> Iterator[Numbered]:
        """Yields number (from 1) and frame, uint8 BGR `[H, W, 3]`; raises `DataError` where they break off."""
        ...

    def sequence(self, most: int | None = None) -> FrameSequence | None:
        """The same frames, or the first `most` of them, to be read at will; `None` if they are live."""
        ...


def plausible_rate(rate: float) -> float:
    """Frames per second as a container or a driver tells them; 25 for what nobody films with."""
    return rate if _RATES[0] <= rate <= _RATES[1] else _UNKNOWN_RATE


class Pictures:
    """A sequence that exists already: a folder of pictures, a glob, a scene of a data set."""

    live = False

    def __init__(self, sequence: FrameSequence, frames_per_second: float = _UNKNOWN_RATE) -> None:
        self.name = sequence.name
        self.pictures = True
        self.frames_per_second = frames_per_second
        self._sequence = sequence

    @property
    def total(self) -> int:
        """See `FrameStream`."""
        return len(self._sequence)

    def of_any_size(self) -> "Pictures":
        """The same, but each picture may have a size of its own."""
        return Pictures(replace(self._sequence, still_pictures=True), self.frames_per_second)

    def frames(self) -> Iterator[Numbered]:
        """See `FrameStream`."""
        for index, frame in self._sequence.frames():
            yield self._sequence.numbers[index], frame

    def sequence(self, most: int | None = None) -> FrameSequence:
        """See `FrameStream`."""
        whole = self._sequence
        if most is None or most >= len(whole):
            return whole
        return replace(whole, source=FirstFrames(whole.source, most), numbers=whole.numbers[:most])


class Video:
    """A video file or GIF read forwards once, without counting its frames first."""

    live = False
    pictures = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.path = path
        capture = opened_video(path)
        self.frames_per_second = plausible_rate(capture.get(cv2.CAP_PROP_FPS))
        said = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.total = int(said) if 0 < said < 2**31 else None
        ok = capture.grab()
        capture.release()
        if not ok:
            raise DataError(f"{path}: holds no frame that can be decoded; it is empty or damaged, try another copy")

    def frames(self) -> Iterator[Numbered]:
        """See `FrameStream`; raises where a video ends long before its table of contents does."""
        capture = opened_video(self.path)
        try:
            for number in count(1):
                ok, frame = capture.read()
                if not ok or frame is None:
                    break
                yield number, np.asarray(frame, np.uint8)
        finally:
            capture.release()
        seen = number - 1
        counted = self.total if self.path.suffix.lower() in _PRECISELY_COUNTED else None
        if counted is not None and counted - seen > max(2, MISSING * counted):
            raise DataError(
                f"{self.path}: breaks off after frame {seen} of {counted}, the file is cut or damaged there; "
                "get a whole copy"
            )

    def sequence(self, most: int | None = None) -> FrameSequence:
        """See `FrameStream`; frames that are damaged are passed over."""
        source = VideoFile(self.path, most)
        return FrameSequence(self.path.stem, source, range(1, len(source) + 1), on_corrupt="skip")


def opened_video(path: Path) -> Any:
    """OpenCV's capture of a video file.

    Raises:
        DataError: if it is missing, empty, or no video.
    """
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read: {error.strerror or error}; check the name and its permissions"
        ) from error
    if empty:
        raise DataError(f"{path}: the file is empty; copy or record it again")
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise DataError(
            f"{path}: not a video that can be opened; it is damaged, cut, or of another kind than its name says"
        )
    return capture
