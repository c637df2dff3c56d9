"""A sequence: ordered frames of one camera, with ground truth, ROI and clean plates where they are known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from cleanplate.data.flow.files import FlowFile
from cleanplate.data.io.sources import FrameSource, VideoFile
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.parallel import ordered_map

OnCorrupt = Literal["error", "skip"]

CLEAN_PLATE = "clean_plate.png"
"""What a picture of the empty scene, taken by the user before the frames, is called in a scene's folder."""


@dataclass
class FrameSequence:
    """Frames of one camera.

    Frames are uint8 BGR `[H, W, 3]`, read lazily. `numbers[i]` is the number that frame `i` bears on disk (CDnet counts
    from 1); a partial copy of a set has gaps there, and predictions keep the numbers.

    Attributes:
        name: `category/video`, or a file's stem.
        source: where frames come from.
        numbers: the number of each frame, ascending.
        truth: ground-truth labels (0, 50, 85, 170, 255), by frame; `None` where the set has none.
        plates: true clean plates, by frame; `None` where the set has none.
        roi: uint8 `[H, W]`, non-zero inside; `None` means everywhere.
        temporal_roi: first and last frame number that is scored, both inclusive.
        clean_plate: the scene with nobody in it, taken before the frames, uint8 BGR `[H, W, 3]`: something models may
            look at, as they may at frames, and no truth to score against; `None` where nobody took one.
        still_pictures: whether these are pictures of many places and sizes rather than frames of one camera.
        flow: optical flow of the frames, by frame number; `None` where it was not made beforehand.
        on_corrupt: what a frame that cannot be decoded does: `error` stops, `skip` leaves it out and counts it.
        defects: what was met and survived while reading, in words.
        corrupt: labels of the frames that were skipped.
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
        """Height and width in pixels, of the first frame that counts; raises `DataError` if it cannot be decoded."""
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
        """Yields `(index, frame)` in order, decoded ahead by `threads` threads.

        Args:
            indices: which frames, from 0; all by default.
            threads: at most; a video is decoded by one.

        Raises:
            IndexError: for an index that is no frame's.
            DataError: for a frame that cannot be decoded (unless `on_corrupt` is `skip`) or of another size (unless
                these are still pictures).
        """
        size: tuple[int, ...] | None = None
        wanted = range(len(self)) if indices is None else list(indices)
        strange = [index for index in wanted if not 0 <= index < len(self)]
        if strange:
            raise IndexError(f"{self.name}: frame {strange[0]} of {len(self)}")
        if isinstance(self.source, VideoFile):
            threads = min(threads, 1)  # two would overtake each other, and every step back starts at the first frame
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
            DataError: for still pictures, and for frames that `frames` raises it for.
        """
        if self.still_pictures:
            raise DataError(
                f"{self.name}: is a set of pictures of different sizes and places, with no background in common; use a "
                "model that learns from labels (unet), or frames of one camera"
            )
        total = len(self)
        indices = evenly_spaced(range(total), total if count is None else count)
        frames = [frame for _, frame in self.frames(indices, threads)]
        if not frames:
            raise DataError(f"{self.name}: none of its {total} frames can be decoded")
        return np.stack(frames)

    def _read_or_none(self, index: int) -> Image | None:
        try:
            return self.source.read(index)
        except DataError:
            if self.on_corrupt == "error":
                raise
            return None


class FrameLookup:
    """Pictures that belong to frames, by frame number: ground truth, or clean plates."""

    def __init__(self, paths: dict[int, Path], reader: Callable[[Path], Image], *, holds: bool = False) -> None:
        """Args: `holds` lets a picture serve for the following numbers too, until the next one."""
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


# === spacing: A few of many, evenly spaced: the one way in which frames are sampled.

Item = TypeVar("Item")


def evenly_spaced(items: Sequence[Item], count: int) -> list[Item]:
    """At most `count` of the items, in order, the first and the last among them.

    Example:
        >>> evenly_spaced(range(9), 3)
        [0, 4, 8]
        >>> evenly_spaced("ab", 5)
        ['a', 'b']
    """
    total = len(items)
    return [items[position] for position in np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()]
