"""`export`: from a checkpoint to one file that runs without cleanplate."""

import json
import tempfile
from pathlib import Path

import torch

from cleanplate.engine.export.model_graph import ModelGraph, graph_of
from cleanplate.engine.export.quantization import calibration_of, check_network, quantization_loss, quantize
from cleanplate.engine.export.writers import metadata_of, onnx_of, write_onnx, write_openvino, write_torchscript
from cleanplate.errors import ModelError
from cleanplate.models.checkpoint import load
from cleanplate.models.exported import SUFFIXES, load_exported
from cleanplate.utils.files import replacing

FORMATS = tuple(SUFFIXES.values())
_ONNX_WRITERS = {"onnx": write_onnx, "openvino": write_openvino}


def export(
    checkpoint: Path | str,
    to: str,
    out: Path | str | None = None,
    *,
    size: tuple[int, int] | None = None,
    adaptive: bool = False,
    int8: bool = False,
    calibrate: str = "",
) -> Path:
    """Writes the model of a checkpoint as one file: pre-processing, background, network, head and threshold.

    `cleanplate.models.exported` describes the inputs and outputs; `cleanplate.load` reads the file as a model with the
    same `apply`. Networks compute in 32 bits everywhere, or in 8.

    Args:
        checkpoint: a fitted model, see `cleanplate.save`.
        to: `onnx`, `openvino` or `torchscript`.
        out: the file; by default beside the checkpoint, with the suffix of the format.
        size: height and width of the frames, for models that take any size.
        adaptive: the file goes on learning online when the learning rate asks for it.
        int8: the network's convolutions and matrix products in 8 bits; the loss is measured and kept in the metadata.
        calibrate: frames of the scene that give the ranges of the activations, for `int8`; as `cleanplate apply` takes
            them.

    Returns:
        The file.

    Raises:
        ModelError: if the checkpoint cannot be read, the model cannot be exported so, or a package is missing.
        DataError: if there are no frames to calibrate with.
    """
    if to not in FORMATS:
        raise ModelError(f"export: {to!r} is no format; choose one of {', '.join(FORMATS)}")
    suffix = _suffix(to)
    checkpoint = Path(checkpoint)
    target = checkpoint.with_suffix(suffix) if out is None else Path(out)
    if target.suffix != suffix:
        raise ModelError(f"{target}: a {to} file must end in {suffix}, by which `cleanplate.load` recognizes it")
    if checkpoint.suffix in SUFFIXES:
        raise ModelError(f"{checkpoint}: exported already; export takes a checkpoint")
    _check_int8(to, int8, calibrate)
    model = load(checkpoint)
    with torch.no_grad(), replacing(target) as temporary:
        graph = graph_of(model, size, adaptive)
        metadata = metadata_of(model, graph, checkpoint)
        if to == "torchscript":
            write_torchscript(graph, metadata, temporary)
        elif int8:
            _write_int8(graph, to, metadata, temporary, calibrate)
        else:
            _ONNX_WRITERS[to](onnx_of(graph, single=to == "openvino"), metadata, temporary)
    return target


def _suffix(to: str) -> str:
    return next(suffix for suffix, name in SUFFIXES.items() if name == to)


def _check_int8(to: str, int8: bool, calibrate: str) -> None:
    if int8 and to not in _ONNX_WRITERS:
        raise ModelError(f"--int8: a {to} file computes in 32 bits; choose --to {' or --to '.join(_ONNX_WRITERS)}")
    if int8 and not calibrate:
        raise ModelError("--int8: needs frames of the scene to find the ranges of the numbers: --calibrate SOURCE")
    if calibrate and not int8:
        raise ModelError(f"--calibrate {calibrate}: is for --int8 only; add --int8")


def _write_int8(graph: ModelGraph, to: str, metadata: dict[str, str], file: Path, calibrate: str) -> None:
    """Writes the graph with its network in 8 bits, and the measured loss in the metadata."""
    write = _ONNX_WRITERS[to]
    content = onnx_of(graph, single=to == "openvino")
    check_network(content, graph, metadata["name"])
    calibration = calibration_of(calibrate, graph.size)
    small = quantize(content, graph, calibration.calibration_frames)
    with tempfile.TemporaryDirectory() as folder:
        before, after = (Path(folder) / f"{name}{_suffix(to)}" for name in ("before", "after"))
        write(content, metadata, before)
        write(small, metadata, after)
        loss = quantization_loss(load_exported(before), load_exported(after), calibration)
    write(small, metadata | {"int8": json.dumps({"calibrated_on": calibration.name, **loss})}, file)
