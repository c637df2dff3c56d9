"""Networks in 8 bits: static quantisation of their convolutions and products, by ONNX Runtime.

Only what the network has learnt weights for; filters, medians and the head's arithmetic stay exact.
"""

import logging
import tempfile
from collections.abc import Iterator
from collections.abc import Sequence as Listing
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from cleanplate.engine.export.described import inputs_of
from cleanplate.engine.export.graphs import ModelGraph
from cleanplate.errors import ModelError
from cleanplate.foreground.difference import Image
from cleanplate.models.exported import FRAMES, OUTPUTS, RATE
from cleanplate.models.exported.onnx_file import onnx_session

_KINDS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def check_network(content: bytes, graph: ModelGraph, name: str) -> None:
    """Raises `ModelError` where there is no network to quantise; the arguments are as for `quantised`."""
    import onnx

    if not _nodes(onnx.load_from_string(content), graph):
        raise ModelError(f"{name}: has no network that could compute in 8 bits; leave out --int8")


def quantised(content: bytes, graph: ModelGraph, frames: Listing[Image]) -> bytes:
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


def _inputs(session: Any, graph: ModelGraph, frames: Listing[Image]) -> Iterator[dict[str, Any]]:
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
