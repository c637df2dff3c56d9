"""The recent background of a scene, which includes objects that have been standing there for a while."""

from collections import deque
from typing import Any

import numpy as np

from cleanplate.data.sequence import FrameSequence
from cleanplate.utils.arrays import Image

EVERY = 10
COUNT = 10


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
