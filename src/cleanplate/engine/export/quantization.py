"""Networks in 8 bits: static quantization of convolutions and matrix products by ONNX Runtime, and what it costs.

Only layers with learnt weights are quantized; filters, medians and the head's arithmetic stay exact.
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

from cleanplate.data.open import open_stream
from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.data.training import labelled_numbers
from cleanplate.engine.export.model_graph import ModelGraph
from cleanplate.engine.export.writers import input_names
from cleanplate.errors import DataError, ModelError
from cleanplate.metrics.functional.cdnet import CdnetCounts, PixelCounter, cdnet_metrics
from cleanplate.models.base import BackgroundModel
from cleanplate.models.exported import FRAMES, OUTPUTS, RATE
from cleanplate.models.exported.runtimes import onnx_session
from cleanplate.utils.arrays import Image
from cleanplate.utils.retry import RetryPolicy

_KINDS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def check_network(content: bytes, graph: ModelGraph, name: str) -> None:
    """Raises a `ModelError` if there is no network to quantize; the arguments are as for `quantize`."""
    import onnx

    if not _nodes(onnx.load_from_string(content), graph):
        raise ModelError(f"{name}: has no network that could compute in 8 bits; leave out --int8")


def quantize(content: bytes, graph: ModelGraph, frames: Sequence[Image]) -> bytes:
    """The ONNX model with its network in 8 bits: weights per channel, activations in the ranges that `frames` show.

    Args:
        content: the graph as ONNX.
        graph: the graph that `content` was made of.
        frames: of the scene, uint8 BGR `[H, W, 3]`, in order.

    Raises:
        ModelError: if the package onnxruntime is missing.
    """
    import onnx

    session = onnx_session(content, Path("--int8"))
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Frames(CalibrationDataReader):  # type: ignore[misc]  # the package has no types
        def __init__(self) -> None:
            self._inputs = _inputs(session, graph, frames)

        def get_next(self) -> Any:
            return next(self._inputs, None)

    model = onnx.load_from_string(content)
    with tempfile.TemporaryDirectory() as folder, _quiet_logger():
        file = Path(folder) / "quantized.onnx"
        quantize_static(
            model,
            file,
            Frames(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,  # 7-bit weights: 8 bits overflow on processors without VNNI
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=_nodes(model, graph),
            op_types_to_quantize=list(_KINDS),
        )
        return file.read_bytes()


def _nodes(model: Any, graph: ModelGraph) -> list[str]:
    """Names of the nodes of a network's layers, without those whose input is constant: they are computed once."""
    weights = {name for name, _ in graph.named_parameters()}
    layers = [f".{name}" for name, part in graph.named_modules() if isinstance(part, _LAYERS)]
    variable, found = set(input_names(graph)), []
    for node in model.graph.node:
        if not variable & set(node.input):
            continue
        variable |= set(node.output)
        if node.op_type not in _KINDS or node.input[0] not in variable:
            continue
        scope = node.name.rpartition("/")[0].rpartition("/")[2]  # its layer, in case the exporter renamed the weight
        if weights & set(node.input) or (scope and any(layer.endswith(f".{scope}") for layer in layers)):
            found.append(node.name)
    return found


def _inputs(session: Any, graph: ModelGraph, frames: Sequence[Image]) -> Iterator[dict[str, Any]]:
    """The inputs for each frame, states included."""
    states = {name: state.numpy() for name, state in graph.states.items()}
    for frame in frames:
        inputs = {FRAMES: frame[None], **({RATE: np.array([-1], np.float32)} if RATE in input_names(graph) else {})}
        yield {**inputs, **states}
        if states:
            answers = session.run(None, {**inputs, **states})[len(OUTPUTS) :]
            states = dict(zip(states, answers, strict=True))


@contextmanager
def _quiet_logger() -> Iterator[None]:
    """Hides ONNX Runtime's advice on the root logger, which does not concern the user."""
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


_MOST = 64
_FEWEST = 2


@dataclass(frozen=True)
class Calibration:
    """Frames of a scene, in order: every other one calibrates, the rest measure the loss.

    Attributes:
        name: of the source.
        frames: uint8 BGR `[H, W, 3]`.
        truths: ground-truth labels of each frame; empty if there are none.
        roi: see `FrameSequence`.
    """

    name: str
    frames: Sequence[Image]
    truths: Sequence[Image]
    roi: Image | None = None

    @property
    def calibration_frames(self) -> Sequence[Image]:
        """The frames that give the ranges of the activations."""
        return self.frames[::2]


def calibration_of(location: str, size: tuple[int, int]) -> Calibration:
    """Evenly spaced frames of a recording, or the first frames of a camera; with ground truth where there is any.

    Args:
        location: see `cleanplate.data.open.open_stream`.
        size: height and width that the frames must have.

    Raises:
        DataError: if there are too few frames, or frames of another size.
    """
    stream = open_stream(location, RetryPolicy(tries=3, first=0.5, longest=2.0))
    sequence = stream.sequence()
    if sequence is None:
        calibration = Calibration(stream.name, [frame for _, frame in islice(stream.frames(), _MOST)], [])
    else:
        calibration = _of_sequence(sequence)
    if len(calibration.frames) < _FEWEST:
        raise DataError(f"{location}: gave {len(calibration.frames)} frames, but calibration needs {_FEWEST} or more")
    for frame in calibration.frames:
        if frame.shape[:2] != size:
            height, width = frame.shape[:2]
            raise DataError(
                f"{location}: frames of {width}×{height}, the model takes {size[1]}×{size[0]}; give frames of its scene"
            )
    return calibration


def _of_sequence(sequence: FrameSequence) -> Calibration:
    labelled = set(labelled_numbers(sequence))
    places = [place for place, number in enumerate(sequence.numbers) if number in labelled] or range(len(sequence))
    chosen = dict(sequence.frames(evenly_spaced(list(places), _MOST)))
    truths = []
    if labelled and sequence.truth is not None:
        read = [sequence.truth.read(sequence.numbers[place]) for place in chosen]
        truths = [truth for truth in read if truth is not None]
    return Calibration(sequence.name, list(chosen.values()), truths, sequence.roi)


def quantization_loss(
    before: BackgroundModel, after: BackgroundModel, calibration: Calibration
) -> dict[str, float | int]:
    """What quantization costs, measured on the frames that did not calibrate.

    Args:
        before: the model in 32 bits.
        after: the model in 8 bits.
        calibration: both models see all of its frames, in order.

    Returns:
        `frames`, the number of frames measured on; `f_masks`, the F-measure of the 8-bit masks against the 32-bit ones;
        with ground truth also `f_float` and `f_int8`, the F-measures of both against it.
    """
    old, new = (model.apply_batch(calibration.frames)[1::2] for model in (before, after))
    measured: dict[str, float | int] = {"frames": len(old), "f_masks": _f_measure(new, old, None)}
    if calibration.truths:
        truths, roi = calibration.truths[1::2], calibration.roi
        measured |= {"f_float": _f_measure(old, truths, roi), "f_int8": _f_measure(new, truths, roi)}
    return measured


def _f_measure(masks: Sequence[Image], truths: Sequence[Image], roi: Image | None) -> float:
    counter = PixelCounter(roi, masks[0].shape)
    counts = [counter.count(mask, np.ascontiguousarray(truth)) for mask, truth in zip(masks, truths, strict=True)]
    return round(cdnet_metrics(sum(counts, CdnetCounts()))["f_measure"], 5)
