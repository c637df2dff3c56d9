"""Streams: frames that are read once, in order; and recordings read as a stream."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from cleanplate.data.io.sources import FirstFrames, VideoFile
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields the items in lists of `size`; the last one may be shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def subsample(items: Iterable[Item], most: int) -> tuple[list[Item], int]:
    """Returns every item, every second, every fourth, …: at most `most`, evenly spaced, never more in memory.

    Returns:
        The items kept, and the step between them.
    """
    kept: list[Item] = []
    step = 1
    for index, item in enumerate(items):
        if index % step == 0:
            if len(kept) == most:
                kept = kept[::2]
                step *= 2
                if index % step:
                    continue
            kept.append(item)
    return kept, step


def best_of_parts(items: Iterable[Item], parts: int, score: Callable[[Item], float]) -> list[Item]:
    """Returns the item of highest score in each of at most `parts` equally long parts; `2 * parts` are in memory."""
    best: list[Item] = []
    length, filled = 1, 0
    for item in items:
        if filled == length or not best:
            if len(best) == 2 * parts:
                best = [max(pair, key=score) for pair in zip(best[::2], best[1::2], strict=True)]
                length *= 2
            best.append(item)
            filled = 1
        else:
            best[-1] = max(best[-1], item, key=score)
            filled += 1
    groups = [best[len(best) * part // parts : len(best) * (part + 1) // parts] for part in range(parts)]
    return [max(group, key=score) for group in groups if group]


_UNKNOWN_RATE = 25.0
_RATES = (1.0, 240.0)
_PRECISELY_COUNTED = frozenset({".mp4", ".m4v", ".mov", ".avi"})
MISSING = 0.02
"""Share of the frames stated by a video's header that may be missing; edit lists leave some out."""

Numbered = tuple[int, Image]


class FrameStream(Protocol):
    """Numbered frames of one camera, read once from the first on; a live stream may have no last one.

    Attributes:
        name: name for messages, without password.
        live: whether frames can be read only once and are lost if they are not read in time.
        pictures: whether the frames are picture files instead of a video.
    """

    name: str
    live: bool
    pictures: bool

    @property
    def frames_per_second(self) -> float:
        """Frame rate; 25 if it is unknown. It may change when the first frame is read."""
        ...

    @property
    def total(self) -> int | None:
        """Approximate number of frames; `None` if it is unknown."""
        ...

    def frames(self) -> Iterator[Numbered]:
        """Yields number (from 1) and frame, uint8 BGR `[H, W, 3]`; raises `DataError` if the stream breaks off."""
        ...

    def sequence(self, most: int | None = None) -> FrameSequence | None:
        """Returns the frames, or the first `most` of them, with random access; `None` for a live stream."""
        ...


def plausible_rate(rate: float) -> float:
    """Returns the frame rate that a container or driver states, or 25 if it is implausible."""
    return rate if _RATES[0] <= rate <= _RATES[1] else _UNKNOWN_RATE


class SequenceStream:
    """A sequence read as a stream: a folder of pictures, a glob, or a scene of a dataset."""

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

    def of_any_size(self) -> "SequenceStream":
        """Returns the same stream, whose pictures may differ in size."""
        return SequenceStream(replace(self._sequence, still_pictures=True), self.frames_per_second)

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


class VideoStream:
    """A video file or GIF, read forwards without counting its frames first."""

    live = False
    pictures = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.path = path
        capture = open_video(path)
        self.frames_per_second = plausible_rate(capture.get(cv2.CAP_PROP_FPS))
        said = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.total = int(said) if 0 < said < 2**31 else None
        ok = capture.grab()
        capture.release()
        if not ok:
            raise DataError(f"{path}: holds no frame that can be decoded; it is empty or damaged, try another copy")

    def frames(self) -> Iterator[Numbered]:
        """See `FrameStream`; raises if the video ends long before its header says."""
        capture = open_video(self.path)
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
        """See `FrameStream`; damaged frames are skipped."""
        source = VideoFile(self.path, most)
        return FrameSequence(self.path.stem, source, range(1, len(source) + 1), on_corrupt="skip")


def open_video(path: Path) -> Any:
    """Opens a video file with OpenCV.

    Raises:
        DataError: if it is missing, empty, or not a video.
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
