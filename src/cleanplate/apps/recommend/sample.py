"""A part of a source, small enough to try several models on: short stretches spread over a recording."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from cleanplate.data.io.sources import FramesInMemory
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.stream import FrameStream, Numbered, SequenceStream
from cleanplate.errors import DataError
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.utils.arrays import Image

STRETCH = 5
"""Frames that follow each other in a sample of a longer recording: motion is seen from one frame to the next."""

LEAST = 2
_BYTES = 300_000_000  # of frames held; models hold copies


@dataclass(frozen=True)
class Sample:
    """Frames that stand for a source.

    Attributes:
        name: of the source, without password.
        live: whether it is the beginning of something that cannot be read again.
        frames_per_second: of the source.
        numbers: of the frames in the source, from 1, ascending.
        frames: uint8 BGR `[H, W, 3]` each, of one size.
        total: frames of the whole source; `None` where nobody knows.
    """

    name: str
    live: bool
    frames_per_second: float
    numbers: tuple[int, ...]
    frames: tuple[Image, ...]
    total: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.frames[0].shape[0], self.frames[0].shape[1]

    def stream(self) -> SequenceStream:
        """The sample as models are fitted to it and applied to it."""
        source = FramesInMemory(self.frames, self.name)
        return SequenceStream(FrameSequence(self.name, source, self.numbers), self.frames_per_second)

    def pairs(self) -> FramePairs:
        """The frames whose successor is in the sample, each with it; a frame without any is its own."""
        first = [index for index, (one, other) in enumerate(pairwise(self.numbers)) if other == one + 1]
        following = [index + 1 for index in first]
        if not first:
            first = following = list(range(len(self.frames)))
        return FramePairs(
            np.stack([self.frames[index] for index in first]), np.stack([self.frames[index] for index in following])
        )


def read_sample(stream: FrameStream, count: int, echo: Callable[[str], None]) -> Sample:
    """Returns the sample of a source.

    Args:
        stream: the source. Of a recording, stretches spread over the whole are taken; of a camera the first frames.
        count: frames at most; fewer of very large ones, which `echo` reports.
        echo: takes a line for the user.

    Raises:
        DataError: if there are fewer than two frames, or they are of different sizes.
    """
    sequence = None if stream.live else stream.sequence()
    if sequence is None:
        rows = stream.frames()
        try:
            numbers, frames, total = *_first(rows, count, echo), None
        finally:
            close = getattr(rows, "close", None)
            if close is not None:
                close()
    else:
        total = len(sequence)
        most = _affordable(sequence.size, count, echo)
        found = list(sequence.frames(places(total, most)))
        numbers, frames = tuple(sequence.numbers[index] for index, _ in found), tuple(frame for _, frame in found)
    if len(frames) < LEAST:
        raise DataError(
            f"{stream.name}: {len(frames)} frame{'' if len(frames) == 1 else 's'} cannot show what moves; "
            "give a video, or a folder of frames of one camera"
        )
    return Sample(stream.name, stream.live, stream.frames_per_second, numbers, frames, total)


def places(total: int, count: int) -> list[int]:
    """Returns the indices of the sample among `total` frames: all, or `count` of them in evenly spaced stretches."""
    if total <= count:
        return list(range(total))
    length = min(STRETCH, count)
    starts = np.linspace(0, total - length, max(1, count // length)).round().astype(int)
    return sorted({int(start) + offset for start in starts for offset in range(length)})


def _first(
    rows: Iterable[Numbered], count: int, echo: Callable[[str], None]
) -> tuple[tuple[int, ...], tuple[Image, ...]]:
    numbers: list[int] = []
    frames: list[Image] = []
    for number, frame in islice(rows, count):
        if not frames:
            count = _affordable((frame.shape[0], frame.shape[1]), count, echo)
        elif frame.shape != frames[0].shape:
            raise DataError(
                f"frame {number}: is {frame.shape[1]}×{frame.shape[0]}, those before it are "
                f"{frames[0].shape[1]}×{frames[0].shape[0]}; a sample has one size, let the camera keep to one"
            )
        numbers.append(number)
        frames.append(frame)
        if len(frames) >= count:
            break
    return tuple(numbers), tuple(frames)


def _affordable(size: tuple[int, int], count: int, echo: Callable[[str], None]) -> int:
    height, width = size
    most = max(2 * STRETCH, _BYTES // (3 * height * width))
    if most < count:
        echo(f"frames of {width}×{height} are large: {most} are looked at, rather than {count}")
    return min(count, most)
