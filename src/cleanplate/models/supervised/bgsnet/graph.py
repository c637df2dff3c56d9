"""`bgsnet` as a graph: the fused score of `plate`, with the recent background as a state.

The median of the recent background needs no count of the frames: the ten slots for frames start as black and white
pictures, arranged so that the median of all ten is that of the frames among them, however many have come.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.models.components.graphs.estimates import NO_STATES, GraphEstimate, Size, States
from cleanplate.models.hybrid.plate.graph import FusedScoreGraph
from cleanplate.models.supervised.bgsnet.recent_background import COUNT, EVERY, RecentBackground

_STATES = ("recent_frames", "recent_seen")
_RANK = (COUNT - 1) // 2


class BgsNetGraph(FusedScoreGraph):
    """The network also sees the recent background; noise is in whole levels, as `stacked` rounds it."""

    def remember(self, recent: RecentBackground) -> None:
        """Starts from these recent frames."""
        self.takes_rate = True  # at rate 0 the recent background stays as it is
        self.recent = RecentBackgroundGraph()
        self.initial_states |= RecentBackgroundGraph.initial_states(recent, self.size)

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        assert rate is not None
        estimate: GraphEstimate = self.base(frames, rate, {name: states[name] for name in self.base.initial_states})
        recent, after = self.recent(frames, rate, *(states[name] for name in _STATES))
        score = self.clipped_difference(frames, estimate)
        if self.network_weight == 0:
            score = score.clamp(min=0, max=255)
        else:
            noise = torch.round(self.noise if estimate.noise is None else estimate.noise).clamp(0, 255)
            score = self.fused(score, frames, estimate.background, noise, recent)
        return replace(estimate, score=score, states={**estimate.states, **dict(zip(_STATES, after, strict=True))})


class RecentBackgroundGraph(nn.Module):
    """Maps a frame and the states to the recent background and the next states, as `RecentBackground`.

    State `recent_frames`, uint8 BGR `[10, H, W, 3]`, holds the kept frames, oldest first; `recent_seen`, float32 `[1]`,
    is 0 before the first frame and then counts from 1 to 10, over and over.
    """

    @staticmethod
    def initial_states(recent: RecentBackground, size: Size) -> dict[str, Tensor]:
        """The states after the frames that `recent` has seen."""
        memory = recent.stream_state()
        kept, seen = memory["kept"], memory["seen"]
        blank = [np.full((*size, 3), 255 * (slot % 2), np.uint8) for slot in range(COUNT)]
        frames = np.stack([*blank[len(kept) :], *kept])
        counted = (seen - 1) % EVERY + 1 if kept else 0
        return dict(zip(_STATES, (torch.from_numpy(frames), torch.tensor([float(counted)])), strict=True))

    def forward(self, frames: Tensor, rate: Tensor, kept: Tensor, seen: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The recent background of a frame, both whole levels BGR `[1, 3, H, W]`, and the states after it."""
        learns = (rate != 0) | (seen == 0)
        due = learns & ((seen == 0) | (seen == EVERY))
        newest = frames.permute(0, 2, 3, 1).to(torch.uint8)
        kept = torch.where(due[:, None, None, None], torch.cat([kept[1:], newest]), kept)
        counted = torch.where(due, torch.ones_like(seen), seen + 1)
        planes = list(torch.chunk(kept, COUNT))
        for one, other in sorting_network(COUNT):
            first, second = planes[one], planes[other]
            planes[one], planes[other] = torch.minimum(first, second), torch.maximum(first, second)
        recent = planes[_RANK].permute(0, 3, 1, 2).float()
        return recent, (kept, torch.where(learns, counted, seen))


def sorting_network(count: int) -> list[tuple[int, int]]:
    """Pairs of places to compare and swap in this order, which sorts `count` values (Batcher, 1968)."""
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
