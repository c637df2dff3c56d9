"""Fits the model to the stream's first frames where it must."""

from collections.abc import Iterator
from itertools import chain, islice

from cleanplate.data.io.sources import FramesInMemory
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.stream import FrameStream, Numbered
from cleanplate.errors import DataError
from cleanplate.models import BackgroundModel
from cleanplate.models.setup import fit_quietly, needs_fit

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
