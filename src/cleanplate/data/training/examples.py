"""Labelled frames to learn from, and the order in which a training draws them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch.distributed as dist

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

MOVING, UNKNOWN = 255, 170
_OUTSIDE = 85


@dataclass(frozen=True)
class Labelled:
    """A sequence and the numbers of those of its frames whose labels may be learnt from."""

    sequence: FrameSequence
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, sequence: FrameSequence, numbers: Sequence[int] | None = None) -> "Labelled":
        """The labelled frames of a sequence, or those of them that are named.

        Raises:
            DataError: if there is none, or one that is named has no label or no picture.
        """
        known = labelled_numbers(sequence)
        if numbers is not None:
            strange = sorted(set(numbers) - set(known))
            if strange:
                raise DataError(f"{sequence.name}: frame {strange[0]} cannot be learnt from: it has no ground truth")
            known = sorted(numbers)
        if not known:
            raise DataError(f"{sequence.name}: no ground truth to learn from")
        return cls(sequence, tuple(known))

    def read(self, number: int) -> tuple[Image, Image]:
        """Frame `number`, uint8 BGR `[H, W, 3]`, and its labels, uint8 `[H, W]` of 0, 170 and 255.

        What is outside the region of interest is unknown, and a shadow is background.
        """
        frame = self.sequence[self._position(number)]
        assert self.sequence.truth is not None
        labels = self.sequence.truth.read(number)
        assert labels is not None  # `of` has seen to it
        if labels.shape != frame.shape[:2]:
            raise DataError(
                f"{self.sequence.name}: frame {number} is {frame.shape[1]}×{frame.shape[0]}, "
                f"its ground truth {labels.shape[1]}×{labels.shape[0]}"
            )
        outside = (labels == UNKNOWN) | (labels == _OUTSIDE)
        if self.sequence.roi is not None and self.sequence.roi.shape == labels.shape:
            outside |= self.sequence.roi == 0
        target = np.where(labels == MOVING, MOVING, 0)
        return frame, np.where(outside, UNKNOWN, target).astype(np.uint8)

    def _position(self, number: int) -> int:
        return int(np.searchsorted(np.asarray(self.sequence.numbers), number))


def labelled_numbers(sequence: FrameSequence) -> list[int]:
    """The numbers of the frames that have ground truth and are scored."""
    truth = sequence.truth
    if truth is None:
        return []
    first, last = sequence.temporal_roi or (sequence.numbers[0], sequence.numbers[-1])
    return [number for number in sequence.numbers if first <= number <= last and truth.path(number) is not None]


def split_off(numbers: Sequence[int], every: int = 10) -> tuple[list[int], list[int]]:
    """What a training uses, and every tenth, which it is judged by; with fewer than twenty, all serve as both."""
    if len(numbers) < 2 * every:
        return list(numbers), list(numbers)
    held = [number for position, number in enumerate(numbers) if position % every == every - 1]
    return [number for number in numbers if number not in set(held)], held


class NumberedBatches:
    """One epoch of batches of running numbers: what is drawn follows from seed and number alone.

    A resumed training draws what the uninterrupted one would have drawn, and every process its own share. Lightning
    calls `sampler.set_epoch`.
    """

    def __init__(self, batch_size: int, steps: int, epoch: int = 0) -> None:
        """Args: the `epoch` that comes first; processes that draw begin before Lightning says which one it is."""
        self.batch_size = batch_size
        self.steps = steps
        self.epoch = epoch
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose batches come next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        for step in range(self.epoch * self.steps, (self.epoch + 1) * self.steps):
            start = (step * world + rank) * self.batch_size
            yield list(range(start, start + self.batch_size))


def shuffled(draw: int, count: int, seed: int) -> int:
    """Which of `count` items draw number `draw` takes: all once before any comes again, each pass in another order."""
    order = np.random.default_rng((seed, draw // count)).permutation(count)
    return int(order[draw % count])
