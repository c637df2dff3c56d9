"""The input path of training: which frames make up which step.

Frames are decoded once and held as uint8; a batch is a list of indices into them. It follows from seed, epoch and step
alone, so that a resumed run sees what the uninterrupted one would have seen, and every process its own share.
"""

from collections.abc import Iterator

import torch
import torch.distributed as dist
from torch import Tensor


class IndexBatches:
    """One epoch of index batches: `steps` times `batch_size` indices below `count`, shuffled without replacement.

    With several processes, each gets batches of `batch_size` of its own. Lightning calls `sampler.set_epoch`.
    """

    def __init__(self, count: int, batch_size: int, steps: int, seed: int) -> None:
        self.count = count
        self.batch_size = batch_size
        self.steps = steps
        self.seed = seed
        self.epoch = 0
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose batches come next."""
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
    """All indices below `count` once, in order; every process looks at all of them."""

    def __init__(self, count: int, batch_size: int) -> None:
        self.batches = torch.split(torch.arange(count), batch_size)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.batches)
