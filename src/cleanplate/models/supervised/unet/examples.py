"""Training examples of `unet`: augmented pictures with masks, read from disk when they are drawn."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from cleanplate.data.sequence import evenly_spaced
from cleanplate.data.training import LabelledFrames, hold_out, shuffled
from cleanplate.errors import DataError
from cleanplate.models.components.augmentation import Augmentation, pasted
from cleanplate.models.components.tensors import shrunk
from cleanplate.models.supervised.examples import Drawn, Examples, as_example
from cleanplate.models.supervised.unet.options import UNetOptions
from cleanplate.utils.arrays import Image

Place = tuple[LabelledFrames, int]
"""A set of labelled pictures and the number of one of them."""


class UNetExamples(Examples):
    """Squares of labelled pictures; the most recent pictures stay in memory.

    Every tenth picture is held out, at most `options.judged` of them, evenly spaced.
    """

    def __init__(self, labelled: Sequence[LabelledFrames], options: UNetOptions) -> None:
        super().__init__(options.seed)
        self.options = options
        self.augmentation = Augmentation(options.side, options)
        self._read = lru_cache(options.frames)(self._read_anew)  # with a small set, decoding would be half of the work
        places = [(pictures, number) for pictures in labelled for number in pictures.numbers]
        learnt, held = hold_out(range(len(places)))
        self.places = [places[index] for index in learnt]
        self.judged = [places[index] for index in evenly_spaced(held, options.judged)]

    def drawn(self, draw: int, random: np.random.Generator) -> Drawn:
        """See `Examples.drawn`."""
        index = shuffled(draw, len(self.places), self.seed)
        picture, labels = self.augmentation.moved(*self._read(index), random)
        if random.random() < self.options.pasted:
            other = self._read(int(random.integers(len(self.places))))
            picture, labels = pasted(picture, labels, *self.augmentation.moved(*other, random))
        return self.augmentation.seen(picture, random), labels

    def held_out(self) -> Iterator[Drawn]:
        """See `Examples.held_out`; at the size that the network gets in prediction."""
        for place in range(len(self.judged)):
            yield self.held_out_at(place)

    def held_out_at(self, place: int) -> Drawn:
        """The held-out example `place`."""
        picture, labels = _rgb(*self._tried(self.judged, place))
        size = fitting(labels.shape, self.options.side)
        return shrunk(picture, size), np.asarray(cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST))

    def validation(self) -> "_HeldOut":
        """See `Examples.validation`; examples are read from disk on each access."""
        return _HeldOut(self)

    def _read_anew(self, index: int) -> Drawn:
        """Training picture `index`, no larger than examples need."""
        picture, labels = _rgb(*self._tried(self.places, index))
        # An example shows a part of it, which must still have as many pixels as the example.
        size = fitting(labels.shape, round(self.options.side * 1.5 / self.options.cropped**0.5))
        return shrunk(picture, size), np.asarray(cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST))

    def _tried(self, places: Sequence[Place], index: int) -> tuple[Image, Image]:
        """Frame and labels of picture `index`, or of the next one that can be decoded if corrupt ones are skipped."""
        for step in range(len(places)):
            labelled, number = places[(index + step) % len(places)]
            try:
                return labelled.read(number)
            except DataError:
                if labelled.sequence.on_corrupt == "error":
                    raise
        raise DataError(f"{places[0][0].sequence.name}: none of its labelled pictures can be decoded")


class _HeldOut(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, examples: UNetExamples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples.judged)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        pictures, labels = as_example(*self.examples.held_out_at(place))
        return pictures[None], labels[None]


def fitting(size: tuple[int, ...], side: int) -> tuple[int, int]:
    """Height and width in the same proportion whose longer one is at most `side`."""
    height, width = size
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _rgb(frame: Image, labels: Image) -> Drawn:
    return np.ascontiguousarray(frame[..., ::-1]), labels
