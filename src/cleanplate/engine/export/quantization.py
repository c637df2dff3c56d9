"""Networks in 8 bits: static quantisation of their convolutions and products, by ONNX Runtime.

Only what the network has learnt weights for; filters, medians and the head's arithmetic stay exact.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from cleanplate.acquire.patience import Patience
from cleanplate.data.open import open_stream
from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.data.training.examples import labelled_numbers
from cleanplate.engine.export.described import inputs_of
from cleanplate.engine.export.graphs import ModelGraph
from cleanplate.errors import DataError, ModelError
from cleanplate.metrics.functional.cdnet import CdnetCounts, PixelCounter, cdnet_metrics
from cleanplate.models.base import BackgroundModel
from cleanplate.models.exported import FRAMES, OUTPUTS, RATE
from cleanplate.models.exported.runtimes import onnx_session
from cleanplate.utils.arrays import Image

_KINDS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def check_network(content: bytes, graph: ModelGraph, name: str) -> None:
    """Raises `ModelError` where there is no network to quantise; the arguments are as for `quantised`."""
    import onnx

    if not _nodes(onnx.load_from_string(content), graph):
        raise ModelError(f"{name}: has no network that could compute in 8 bits; leave out --int8")


def quantised(content: bytes, graph: ModelGraph, frames: Sequence[Image]) -> bytes:
    """The same with the network in 8 bits: weights per channel, ranges between as `frames` show them.

    Args:
        content: the graph as ONNX.
        graph: what it was made of.
        frames: of the scene, uint8 BGR `[H, W, 3]`, in order.

    Raises:
        ModelError: if the package onnxruntime is missing.
    """
    import onnx

    session = onnx_session(content, Path("--int8"))
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Shown(CalibrationDataReader):  # type: ignore[misc]  # the package has no types
        def __init__(self) -> None:
            self._inputs = _inputs(session, graph, frames)

        def get_next(self) -> Any:
            return next(self._inputs, None)

    model = onnx.load_from_string(content)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        file = Path(folder) / "quantised.onnx"
        quantize_static(
            model,
            file,
            Shown(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,  # weights of 7 bits: more overflow on processors without VNNI
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=_nodes(model, graph),
            op_types_to_quantize=list(_KINDS),
        )
        return file.read_bytes()


def _nodes(model: Any, graph: ModelGraph) -> list[str]:
    """Names of the nodes of a network's layers, without those whose input never changes: they are computed once."""
    weights = {name for name, _ in graph.named_parameters()}
    layers = [f".{name}" for name, part in graph.named_modules() if isinstance(part, _LAYERS)]
    moving, found = set(inputs_of(graph)), []
    for node in model.graph.node:
        if not moving & set(node.input):
            continue
        moving |= set(node.output)
        if node.op_type not in _KINDS or node.input[0] not in moving:
            continue
        scope = node.name.rpartition("/")[0].rpartition("/")[2]  # of its layer, where a weight was renamed
        if weights & set(node.input) or (scope and any(layer.endswith(f".{scope}") for layer in layers)):
            found.append(node.name)
    return found


def _inputs(session: Any, graph: ModelGraph, frames: Sequence[Image]) -> Iterator[dict[str, Any]]:
    """What goes in with each frame, what is remembered included."""
    states = {name: state.numpy() for name, state in graph.states.items()}
    for frame in frames:
        given = {FRAMES: frame[None], **({RATE: np.array([-1], np.float32)} if RATE in inputs_of(graph) else {})}
        yield {**given, **states}
        if states:
            answers = session.run(None, {**given, **states})[len(OUTPUTS) :]
            states = dict(zip(states, answers, strict=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """It advises on the root logger, in lines that are no use to whoever exports."""
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


# === calibration: Frames of the scene that a network in 8 bits is calibrated with, and those that tell what it
# costs.

_MOST = 64
_FEWEST = 2


@dataclass(frozen=True)
class Calibration:
    """Frames of a scene, in order; every second one is kept back to measure on.

    Attributes:
        name: of the source.
        frames: uint8 BGR `[H, W, 3]`.
        truths: ground-truth labels of each, where they are known; else empty.
        roi: see `FrameSequence`.
    """

    name: str
    frames: Sequence[Image]
    truths: Sequence[Image]
    roi: Image | None = None

    @property
    def to_learn_from(self) -> Sequence[Image]:
        """The frames that ranges are found on."""
        return self.frames[::2]


def calibration_of(location: str, size: tuple[int, int]) -> Calibration:
    """Evenly spaced frames of a recording, the first of a camera; with ground truth, where a scene has any.

    Args:
        location: see `cleanplate.data.open.open_stream`.
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


def _of_sequence(sequence: FrameSequence) -> Calibration:
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


def _f(masks: Sequence[Image], truths: Sequence[Image], roi: Image | None) -> float:
    counter = PixelCounter(roi, masks[0].shape)
    counts = [counter.count(mask, np.ascontiguousarray(truth)) for mask, truth in zip(masks, truths, strict=True)]
    return round(cdnet_metrics(sum(counts, CdnetCounts()))["f_measure"], 5)
