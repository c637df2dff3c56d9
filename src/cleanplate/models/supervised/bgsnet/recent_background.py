"""The recent background of a scene, which includes objects that have been standing there for a while."""

from collections import deque
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.models.components.graphs.estimates import Size
from cleanplate.utils.arrays import Image

EVERY = 10
COUNT = 10
RECENT_STATES = ("recent_frames", "recent_seen")
"""States of the recent background in an exported graph."""


class RecentBackground:
    """The median of every tenth of the last hundred frames, as in BSUV-Net 2.0."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets the frames seen, as before another video."""
        self._kept: deque[Image] = deque(maxlen=COUNT)
        self._seen = 0
        self._median: Image | None = None

    def after(self, frame: Image, *, learn: bool = True) -> Image:
        """The recent background, uint8 BGR `[H, W, 3]`, after `frame`; unchanged unless it may `learn`."""
        if not learn and self._median is not None:
            return self._median
        if self._seen % EVERY == 0 or self._median is None:
            self._kept.append(frame.copy())
            self._median = _median(list(self._kept))
        self._seen += 1
        return self._median

    def stream_state(self) -> dict[str, Any]:
        """The kept frames and the count of frames seen."""
        return {"kept": list(self._kept), "seen": self._seen}

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """Restores what `stream_state` returned."""
        self.clear()
        self._kept.extend(np.asarray(frame, np.uint8) for frame in memory["kept"])
        self._seen = int(memory["seen"])
        self._median = _median(list(self._kept)) if self._kept else None


def recent_at(sequence: FrameSequence, position: int) -> Image:
    """The recent background after frame `position` of a sequence that was seen from its first frame on."""
    last = position // EVERY
    return _median([sequence[step * EVERY] for step in range(max(0, last - COUNT + 1), last + 1)])


def _median(frames: list[Image]) -> Image:
    """The lower median: no mean of two values, so that only colours appear that were seen."""
    rank = (len(frames) - 1) // 2
    return np.ascontiguousarray(np.partition(np.stack(frames), rank, axis=0)[rank])


class RecentBackgroundGraph(nn.Module):
    """Maps a frame and the states to the recent background and the next states, as `RecentBackground`.

    State `recent_frames`, uint8 BGR `[10, H, W, 3]`, holds the kept frames, oldest first; `recent_seen`, float32 `[1]`,
    is 0 before the first frame and then counts from 1 to 10, over and over. The slots for frames start as black and
    white pictures, arranged so that the median of all ten is that of the frames among them.
    """

    @staticmethod
    def initial_states(recent: RecentBackground, size: Size) -> dict[str, Tensor]:
        """The states after the frames that `recent` has seen."""
        memory = recent.stream_state()
        kept, seen = memory["kept"], memory["seen"]
        blank = [np.full((*size, 3), 255 * (slot % 2), np.uint8) for slot in range(COUNT)]
        frames = np.stack([*blank[len(kept) :], *kept])
        counted = (seen - 1) % EVERY + 1 if kept else 0
        return dict(zip(RECENT_STATES, (torch.from_numpy(frames), torch.tensor([float(counted)])), strict=True))

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
        recent = planes[(COUNT - 1) // 2].permute(0, 3, 1, 2).float()
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
