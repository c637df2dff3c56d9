"""Frames, masks and backgrounds of one scene, read from the folders of the pipeline."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cleanplate.data.io.images import read_color, read_gray
from cleanplate.data.io.results import VideoResults
from cleanplate.data.sequence import FrameLookup, FrameSequence, evenly_spaced
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image


@dataclass(frozen=True)
class Moment:
    """Everything known of one frame; `truth` is `None` where there is no ground truth for it."""

    number: int
    frame: Image
    mask: Image
    background: Image | None
    truth: Image | None


class SceneResult:
    """A sequence and its predictions, frame by frame."""

    def __init__(self, sequence: FrameSequence, folder: Path) -> None:
        """Opens predictions.

        Args:
            sequence: the frames.
            folder: holds `bin%06d.png` and, beside them, `background/bg%06d.png`.

        Raises:
            DataError: if no mask in it belongs to a frame of the sequence.
        """
        self.sequence = sequence
        self.folder = folder
        masks = {int(path.stem[3:]): path for path in folder.glob("bin*.png") if path.stem[3:].isdigit()}
        plates = {number or 0: path for number, path in VideoResults(folder).backgrounds().items()}
        self._index = {number: index for index, number in enumerate(sequence.numbers) if number in masks}
        if not self._index:
            raise DataError(f"{folder}: holds no mask (bin000001.png, …) for a frame of {sequence.name}")
        self._masks = FrameLookup(masks, read_gray)
        self._plates = FrameLookup(plates, read_color, holds=True)

    @property
    def name(self) -> str:
        """`category/video`."""
        return self.sequence.name

    @cached_property
    def numbers(self) -> list[int]:
        """Predicted frames, ascending; those that are scored where a temporal ROI or ground truth says which."""
        numbers = sorted(self._index)
        truth = self.sequence.truth
        if self.sequence.temporal_roi is not None:
            first, last = self.sequence.temporal_roi
            numbers = [number for number in numbers if first <= number <= last] or numbers
        if truth is not None:
            numbers = [number for number in numbers if truth.path(number)] or numbers
        return numbers

    def moment(self, number: int) -> Moment:
        """Reads what belongs to frame `number`."""
        mask = self._masks.read(number)
        if mask is None:
            raise DataError(f"{self.folder}: no mask for frame {number}")
        truth = self.sequence.truth.read(number) if self.sequence.truth else None
        frame = self.sequence[self._index[number]]
        return Moment(number, frame, mask, self._plates.read(number), truth)

    def activity(self, number: int) -> float:
        """Share of the picture that moves in frame `number`: by the ground truth, else by the mask."""
        picture = self.sequence.truth.read(number) if self.sequence.truth else None
        if picture is None:
            picture = self._masks.read(number)
        return 0.0 if picture is None else float(np.mean(picture == 255))

    def eventful(self, count: int, looks: int = 12) -> list[int]:
        """Frame numbers spread over the scored range, in each part one with much foreground.

        Args:
            count: how many.
            looks: frames that are looked at in each part.
        """
        chosen = []
        for part in np.array_split(np.asarray(self.numbers), min(count, len(self.numbers))):
            numbers = evenly_spaced(part.tolist(), looks)
            shares = {number: _worth(self.activity(number)) for number in numbers}
            chosen.append(max(shares, key=shares.__getitem__))
        return chosen

    def liveliest(self, length: int, looks: int = 200) -> list[int]:
        """The `length` consecutive frames with the most foreground between them."""
        if len(self.numbers) <= length:
            return self.numbers
        stride = max(1, len(self.numbers) // looks)
        seen = range(0, len(self.numbers), stride)
        shares = np.repeat([_worth(self.activity(self.numbers[place])) for place in seen], stride)[: len(self.numbers)]
        sums = np.convolve(shares, np.ones(length), "valid")
        start = int(np.argmax(sums))
        return self.numbers[start : start + length]


def _worth(share: float) -> float:
    """How much a frame has to show; most of the picture moving is a change of light or a failure, not an object."""
    return share if share < 0.5 else 0.0
