"""Training data: frames with labels, and the batches in which a training draws its examples.

What is drawn follows from seed, epoch and step alone, so that a resumed run draws what the uninterrupted one would have
drawn, and every process its own share.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

MOVING, UNKNOWN = 255, 170
_OUTSIDE = 85


@dataclass(frozen=True)
class LabelledFrames:
    """A sequence, and the numbers of its frames whose labels may be used for training."""

    sequence: FrameSequence
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, sequence: FrameSequence, numbers: Sequence[int] | None = None) -> "LabelledFrames":
        """Returns the labelled frames of a sequence, or some of them by number.

        Raises:
            DataError: if there is none, or a given number has no label or no frame.
        """
        known = labelled_numbers(sequence)
        if numbers is not None:
            unlabelled = sorted(set(numbers) - set(known))
            if unlabelled:
                raise DataError(f"{sequence.name}: frame {unlabelled[0]} has no ground truth to learn from")
            known = sorted(numbers)
        if not known:
            raise DataError(f"{sequence.name}: no ground truth to learn from")
        return cls(sequence, tuple(known))

    def read(self, number: int) -> tuple[Image, Image]:
        """Returns frame `number`, uint8 BGR `[H, W, 3]`, and its labels, uint8 `[H, W]` of 0, 170 and 255.

        Pixels outside the region of interest are unknown, and shadows are background.
        """
        frame = self.sequence[self._position(number)]
        assert self.sequence.truth is not None
        labels = self.sequence.truth.read(number)
        assert labels is not None  # checked by `of`
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
    """Returns the numbers of the frames that have ground truth and are scored."""
    truth = sequence.truth
    if truth is None:
        return []
    first, last = sequence.temporal_roi or (sequence.numbers[0], sequence.numbers[-1])
    return [number for number in sequence.numbers if first <= number <= last and truth.path(number) is not None]


def hold_out(numbers: Sequence[int], every: int = 10) -> tuple[list[int], list[int]]:
    """Splits numbers into a training and a validation part, every tenth; fewer than twenty serve as both."""
    if len(numbers) < 2 * every:
        return list(numbers), list(numbers)
    held = [number for position, number in enumerate(numbers) if position % every == every - 1]
    return [number for number in numbers if number not in set(held)], held


class IndexBatches:
    """One epoch of index batches: `steps` times `batch_size` indices below `count`, shuffled without replacement.

    Each of several processes gets its own batches of `batch_size`. Lightning calls `sampler.set_epoch`.
    """

    def __init__(self, count: int, batch_size: int, steps: int, seed: int) -> None:
        self.count = count
        self.batch_size = batch_size
        self.steps = steps
        self.seed = seed
        self.epoch = 0
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next batches."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Tensor]:
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        wanted = self.steps * self.batch_size * world
        rounds = -(-wanted // self.count)
        order = torch.cat([torch.randperm(self.count, generator=generator) for _ in range(rounds)])[:wanted]
        yield from order.view(self.steps, world, self.batch_size)[:, rank].unbind()


class OrderedBatches:
    """All indices below `count` once, in order; every process gets all of them."""

    def __init__(self, count: int, batch_size: int) -> None:
        self.batches = torch.split(torch.arange(count), batch_size)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.batches)


class NumberedBatches:
    """One epoch of batches of consecutive draw numbers, for examples that follow from seed and draw number alone.

    Lightning calls `sampler.set_epoch`.
    """

    def __init__(self, batch_size: int, steps: int, epoch: int = 0) -> None:
        """Args: `epoch` is the first one; worker processes start before Lightning sets it."""
        self.batch_size = batch_size
        self.steps = steps
        self.epoch = epoch
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next batches."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        for step in range(self.epoch * self.steps, (self.epoch + 1) * self.steps):
            start = (step * world + rank) * self.batch_size
            yield list(range(start, start + self.batch_size))


def shuffled(draw: int, count: int, seed: int) -> int:
    """Returns which of `count` items draw number `draw` takes: each pass takes all of them in another order."""
    order = np.random.default_rng((seed, draw // count)).permutation(count)
    return int(order[draw % count])
