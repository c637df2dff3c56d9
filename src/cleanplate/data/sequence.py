"""A sequence: ordered frames of one camera, with ground truth, ROI and clean plates if they are known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from cleanplate.data.flow.estimation import Flow, FlowSettings, FlowTracker
from cleanplate.data.flow.files import FlowFile
from cleanplate.data.io.sources import FrameSource, VideoFile
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.parallel import ordered_map

OnCorrupt = Literal["error", "skip"]

Item = TypeVar("Item")

CLEAN_PLATE = "clean_plate.png"
"""File name, in a scene's folder, of a picture of the empty scene that the user took before the frames."""


@dataclass
class FrameSequence:
    """Frames of one camera.

    Frames are uint8 BGR `[H, W, 3]`, read lazily. `numbers[i]` is the number of frame `i` on disk (CDnet counts from
    1). A partial copy of a dataset has gaps there, and predictions keep the numbers.

    Attributes:
        name: `category/video`, or the stem of a file name.
        source: reads the frames.
        numbers: the number of each frame, ascending.
        truth: ground-truth labels (0, 50, 85, 170, 255) by frame; `None` if there are none.
        plates: true clean plates by frame; `None` if there are none.
        roi: uint8 `[H, W]`, non-zero inside; `None` means everywhere.
        temporal_roi: first and last scored frame number, both inclusive.
        clean_plate: a picture of the empty scene taken before the frames, uint8 BGR `[H, W, 3]`. Models may use it as
            they use frames; it is not ground truth. `None` if there is none.
        still_pictures: whether these are pictures of many places and sizes instead of frames of one camera.
        flow: optical flow of the frames by frame number; `None` if it was not computed in advance.
        on_corrupt: what happens if a frame cannot be decoded: `error` raises, `skip` leaves it out and lists it.
        defects: defects that were found and tolerated while reading, in words.
        corrupt: labels of the skipped frames.
    """

    name: str
    source: FrameSource
    numbers: Sequence[int]
    truth: "FrameLookup | None" = None
    plates: "FrameLookup | None" = None
    roi: Image | None = None
    temporal_roi: tuple[int, int] | None = None
    clean_plate: Image | None = None
    still_pictures: bool = False
    flow: FlowFile | None = None
    on_corrupt: OnCorrupt = "error"
    defects: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Image:
        """Frame `index`, negative from the end; raises `DataError` for a frame that cannot be decoded."""
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"{self.name}: frame {index} of {count}")
        return self.source.read(index % count)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the first frame that can be decoded (with `skip`), or else of the first frame.

        Raises:
            DataError: if it cannot be decoded.
        """
        for index in range(len(self)):
            try:
                height, width = self[index].shape[:2]
            except DataError:
                if self.on_corrupt == "error":
                    raise
                continue
            return height, width
        raise DataError(f"{self.name}: none of its {len(self)} frames can be decoded")

    def frames(self, indices: Iterable[int] | None = None, threads: int = 2) -> Iterator[tuple[int, Image]]:
        """Yields `(index, frame)` in order; `threads` threads decode ahead.

        Args:
            indices: which frames, counted from 0; all by default.
            threads: maximum number of decoding threads; a video is decoded by one.

        Raises:
            IndexError: for an index out of range.
            DataError: for a frame that cannot be decoded (unless `on_corrupt` is `skip`) or has another size (unless
                these are still pictures).
        """
        size: tuple[int, ...] | None = None
        wanted = range(len(self)) if indices is None else list(indices)
        out_of_range = [index for index in wanted if not 0 <= index < len(self)]
        if out_of_range:
            raise IndexError(f"{self.name}: frame {out_of_range[0]} of {len(self)}")
        if isinstance(self.source, VideoFile):
            threads = min(threads, 1)  # two would overtake each other, and each seek backwards restarts the video
        for index, frame in ordered_map(self._read_or_none, wanted, threads):
            if frame is None:
                label = self.source.label(index)
                if label not in self.corrupt:
                    self.corrupt.append(label)
                continue
            size = size or frame.shape
            if frame.shape != size and not self.still_pictures:
                raise DataError(
                    f"{self.source.label(index)}: is {frame.shape[1]}×{frame.shape[0]}, the frames before it are "
                    f"{size[1]}×{size[0]}; a sequence has one size"
                )
            yield index, frame

    def stack(self, count: int | None = None, threads: int = 2) -> Image:
        """Decodes `count` evenly spaced frames (all by default) into one array, uint8 `[N, H, W, 3]`.

        Raises:
            DataError: for still pictures, and as `frames` does.
        """
        if self.still_pictures:
            raise DataError(
                f"{self.name}: holds pictures of different sizes and places, without a common background; use a model "
                "that learns from labels (unet), or frames of one camera"
            )
        total = len(self)
        indices = evenly_spaced(range(total), total if count is None else count)
        frames = [frame for _, frame in self.frames(indices, threads)]
        if not frames:
            raise DataError(f"{self.name}: none of its {total} frames can be decoded")
        return np.stack(frames)

    def flows(
        self,
        indices: Iterable[int] | None = None,
        settings: FlowSettings = FlowSettings(),  # noqa: B008  # frozen
    ) -> Iterator[tuple[int, Image, Flow]]:
        """Yields `(index, frame, flow)` in order; the flow is always that since the frame before, requested or not.

        Args:
            indices: which frames, ascending from 0; all by default.
            settings: for the estimation. Ignored if `flow` is set, which is read instead.

        Raises:
            DataError: see `frames` and `FlowFile.read`.
        """
        wanted = range(len(self)) if indices is None else list(indices)
        if self.flow is not None:
            for index, frame in self.frames(wanted):
                yield index, frame, self.flow.read(self.numbers[index])
            return
        tracker = FlowTracker(settings)
        requested = set(wanted)
        for index, frame in self.frames(sorted(requested | {index - 1 for index in requested if index})):
            if index in requested:
                yield index, frame, tracker.next(frame)
            else:
                tracker.observe(frame)

    def _read_or_none(self, index: int) -> Image | None:
        try:
            return self.source.read(index)
        except DataError:
            if self.on_corrupt == "error":
                raise
            return None


class FrameLookup:
    """Pictures by frame number: ground truth or clean plates."""

    def __init__(self, paths: dict[int, Path], reader: Callable[[Path], Image], *, holds: bool = False) -> None:
        """Looks pictures up by frame number.

        Args:
            paths: files by frame number.
            reader: reads one file.
            holds: whether a picture also belongs to the following numbers, until the next picture.
        """
        self._paths = paths
        self._reader = reader
        self._holds = holds
        self._numbers = sorted(paths)

    def path(self, number: int) -> Path | None:
        """The file that belongs to frame `number`, or `None`."""
        if not self._holds:
            return self._paths.get(number)
        position = int(np.searchsorted(self._numbers, number, side="right")) - 1
        return self._paths[self._numbers[max(position, 0)]] if self._numbers else None

    def read(self, number: int) -> Image | None:
        """The picture that belongs to frame `number`, or `None`."""
        path = self.path(number)
        return None if path is None else self._reader(path)


def evenly_spaced(items: Sequence[Item], count: int) -> list[Item]:
    """At most `count` evenly spaced items in order, including the first and the last.

    Example:
        >>> evenly_spaced(range(9), 3)
        [0, 4, 8]
        >>> evenly_spaced("ab", 5)
        ['a', 'b']
    """
    total = len(items)
    return [items[position] for position in np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()]
