"""How a model is prepared for a stream: fitted where it must be, and given how many frames at once."""

from collections.abc import Iterator
from itertools import chain, islice

import torch

from cleanplate.data.io.sources import FramesInMemory
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.stream import FrameStream, Numbered
from cleanplate.errors import DataError
from cleanplate.models import BackgroundModel
from cleanplate.models.setup import fit_quietly, needs_fit

BATCH = 8
"""Frames of a recording that a model is given at once."""

_MOST_THREADS = 8  # frames in flight are held in memory

LIVE_FRAMES = 200
"""Frames of a camera that a model is fitted to by default."""


def must_fit(model: BackgroundModel, count: int | None) -> bool:
    """Returns whether a model must be fitted before it can be applied, or the user asked for it by a `count`."""
    return count is not None or needs_fit(model)


def fit(
    model: BackgroundModel, stream: FrameStream, frames: Iterator[Numbered], count: int | None
) -> Iterator[Numbered]:
    """Fits a model to the first `count` frames, or to a whole recording.

    Args:
        model: is fitted.
        stream: where the frames come from.
        frames: the stream's, of which none was taken yet.
        count: how many; `None` is all of a recording, and `LIVE_FRAMES` of a camera.

    Returns:
        All frames, including those that the model was fitted to.

    Raises:
        DataError: if there is no frame.
        ModelError: if the model cannot learn from these frames.
    """
    sequence = stream.sequence(count)
    if sequence is None:
        kept = list(islice(frames, count or LIVE_FRAMES))
        if not kept:
            raise DataError(f"{stream.name}: gave no frame; check that it sends pictures")
        frames = chain(kept, frames)
        pictures = [frame for _, frame in kept]
        sequence = FrameSequence(stream.name, FramesInMemory(pictures, stream.name), range(1, len(kept) + 1))
    fit_quietly(model, sequence)
    return frames


def batch_of(model: BackgroundModel, *, live: bool) -> int:
    """Returns how many frames a model is given at once: one of a camera, or the picture would lag behind.

    Models fitted offline share the frames of a batch among their threads. Those that learn online take one at a time.
    """
    return 1 if live or model.streaming else BATCH


def in_order(model: BackgroundModel, learning_rate: float) -> bool:
    """Returns whether a model must see all frames in order, because it remembers them or learns from them."""
    return model.remembers or (model.adapts and learning_rate > 0)


def threads_of(model: BackgroundModel, learning_rate: float = -1.0) -> int:
    """Returns how many frames of a recording are processed at the same time, each in a thread of its own.

    As many as torch has threads: the number of cores, unless `OMP_NUM_THREADS` says otherwise. One for models that
    need the frames in order, and for large networks, which share their work among threads and are fastest with a batch.
    """
    if not model.side_by_side or in_order(model, learning_rate):
        return 1
    return min(torch.get_num_threads(), _MOST_THREADS)
