"""Frames of the scene that a network in 8 bits is calibrated with, and those that tell what it costs."""

from collections.abc import Sequence as Listing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from cleanplate.acquire.patience import Patience
from cleanplate.data.examples import labelled_numbers
from cleanplate.data.images import Image
from cleanplate.data.opening import open_stream
from cleanplate.data.sequence import Sequence
from cleanplate.data.spacing import evenly_spaced
from cleanplate.errors import DataError
from cleanplate.metrics.functional.cdnet import CdnetCounts, PixelCounter, cdnet_metrics
from cleanplate.models.base import BackgroundModel

_MOST = 64
_FEWEST = 2


@dataclass(frozen=True)
class Calibration:
    """Frames of a scene, in order; every second one is kept back to measure on.

    Attributes:
        name: of the source.
        frames: uint8 BGR `[H, W, 3]`.
        truths: ground-truth labels of each, where they are known; else empty.
        roi: see `Sequence`.
    """

    name: str
    frames: Listing[Image]
    truths: Listing[Image]
    roi: Image | None = None

    @property
    def to_learn_from(self) -> Listing[Image]:
        """The frames that ranges are found on."""
        return self.frames[::2]


def calibration_of(location: str, size: tuple[int, int]) -> Calibration:
    """Evenly spaced frames of a recording, the first of a camera; with ground truth, where a scene has any.

    Args:
        location: see `cleanplate.data.opening.open_stream`.
        size: height and width that the frames must have.

    Raises:
        DataError: if there is nothing, or frames of another size.
    """
    stream = open_stream(location, Patience(tries=3, first=0.5, longest=2.0))
    sequence = stream.sequence()
    if sequence is None:
        known = Calibration(stream.name, [frame for _, frame in islice(stream.frames(), _MOST)], [])
    else:
        known = _of_sequence(sequence)
    if len(known.frames) < _FEWEST:
        raise DataError(f"{location}: gave {len(known.frames)} frames, to calibrate needs {_FEWEST} or more")
    for frame in known.frames:
        if frame.shape[:2] != size:
            height, width = frame.shape[:2]
            raise DataError(
                f"{location}: frames of {width}×{height}, the model takes {size[1]}×{size[0]}; give frames of its scene"
            )
    return known


def _of_sequence(sequence: Sequence) -> Calibration:
    labelled = set(labelled_numbers(sequence))
    places = [place for place, number in enumerate(sequence.numbers) if number in labelled] or range(len(sequence))
    chosen = dict(sequence.frames(evenly_spaced(list(places), _MOST)))
    truths = []
    if labelled and sequence.truth is not None:
        read = [sequence.truth.read(sequence.numbers[place]) for place in chosen]
        truths = [truth for truth in read if truth is not None]
    return Calibration(sequence.name, list(chosen.values()), truths, sequence.roi)


def loss(before: BackgroundModel, after: BackgroundModel, known: Calibration) -> dict[str, float | int]:
    """What quantisation costs, on the frames that were kept back.

    Args:
        before: in 32 bits.
        after: in 8 bits.
        known: all frames are shown, in order.

    Returns:
        `frames`, how many were measured on; `f_masks`, the F of the masks in 8 bits against those in 32; where there is
        ground truth `f_float` and `f_int8`, the F of both against it.
    """
    old, new = (model.apply_batch(known.frames)[1::2] for model in (before, after))
    told: dict[str, float | int] = {"frames": len(old), "f_masks": _f(new, old, None)}
    if known.truths:
        truths = known.truths[1::2]
        told |= {"f_float": _f(old, truths, known.roi), "f_int8": _f(new, truths, known.roi)}
    return told


def _f(masks: Listing[Image], truths: Listing[Image], roi: Image | None) -> float:
    counter = PixelCounter(roi, masks[0].shape)
    counts = [counter.count(mask, np.ascontiguousarray(truth)) for mask, truth in zip(masks, truths, strict=True)]
    return round(cdnet_metrics(sum(counts, CdnetCounts()))["f_measure"], 5)
