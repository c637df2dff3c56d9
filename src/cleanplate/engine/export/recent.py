"""The recent background of `bgsnet` as a graph, see `RecentBackground`: the lower median of the frames it keeps.

The ten places that frames are kept in hold black and white pictures first, in an order in which the median of all ten
is that of the frames among them, however many have come: no place needs to be counted.
"""

import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.engine.export.estimates import Size
from cleanplate.models.supervised.bgsnet.recent_background import COUNT, EVERY, RecentBackground

STATES = ("recent_frames", "recent_seen")

_RANK = (COUNT - 1) // 2


class RecentGraph(nn.Module):
    """From a frame and the states to the recent background and the next states.

    `recent_frames`, uint8 BGR `[10, H, W, 3]`, are kept from the oldest to the newest; `recent_seen`, float32 `[1]`, is
    0 before the first frame and then counts from 1 to 10, over and over.
    """

    @staticmethod
    def initial(recent: RecentBackground, size: Size) -> dict[str, Tensor]:
        """The states of what was seen."""
        memory = recent.stream_state()
        kept, seen = memory["kept"], memory["seen"]
        blank = [np.full((*size, 3), 255 * (place % 2), np.uint8) for place in range(COUNT)]
        frames = np.stack([*blank[len(kept) :], *kept])
        counted = (seen - 1) % EVERY + 1 if kept else 0
        return dict(zip(STATES, (torch.from_numpy(frames), torch.tensor([float(counted)])), strict=True))

    def forward(self, frames: Tensor, rate: Tensor, kept: Tensor, seen: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The recent background of a frame, whole levels BGR `[1, 3, H, W]` both, and the states after it."""
        learns = (rate != 0) | (seen == 0)
        due = learns & ((seen == 0) | (seen == EVERY))
        newest = frames.permute(0, 2, 3, 1).to(torch.uint8)
        kept = torch.where(due[:, None, None, None], torch.cat([kept[1:], newest]), kept)
        counted = torch.where(due, torch.ones_like(seen), seen + 1)
        middle = list(torch.chunk(kept, COUNT))
        for one, other in comparisons(COUNT):
            lower, upper = middle[one], middle[other]
            middle[one], middle[other] = torch.minimum(lower, upper), torch.maximum(lower, upper)
        recent = middle[_RANK].permute(0, 3, 1, 2).float()
        return recent, (kept, torch.where(learns, counted, seen))


def comparisons(count: int) -> list[tuple[int, int]]:
    """Which places to compare and swap, one pair after another, so that `count` of them are sorted (Batcher, 1968)."""
    pairs = []
    step = 1
    while step < count:
        width = step
        while width >= 1:
            for start in range(width % step, count - width, 2 * width):
                places = range(start, min(start + width, count - width))
                pairs += [(at, at + width) for at in places if at // (2 * step) == (at + width) // (2 * step)]
            width //= 2
        step *= 2
    return pairs
