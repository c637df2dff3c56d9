"""Writes a fitted model as one ONNX, OpenVINO or TorchScript file, with what it is in the same file."""

import json
import tempfile
from pathlib import Path

import torch

from cleanplate.engine.export.calibration import Calibration, calibration_of, loss
from cleanplate.engine.export.described import described
from cleanplate.engine.export.forms import onnx_of, with_metadata, write_openvino, write_torchscript
from cleanplate.engine.export.graphs import ModelGraph, graph_of
from cleanplate.engine.export.quantising import check_network, quantised
from cleanplate.errors import ModelError
from cleanplate.files import replacing
from cleanplate.models.exported import SUFFIXES, load_exported
from cleanplate.models.stored import load

FORMATS = tuple(SUFFIXES.values())
_IN_8_BITS = ("onnx", "openvino")


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
    """Writes the model of a checkpoint as one file: pre-processing, background, network, head and threshold inside.

    What goes in and comes out is told in `cleanplate.models.exported`; `cleanplate.load` reads it back behind the same
    `apply`. Networks compute in 32 bits, wherever it runs, or in 8.

    Args:
        checkpoint: a fitted model, see `cleanplate.save`.
        to: `onnx`, `openvino` or `torchscript`.
        out: where; by default beside the checkpoint, with the suffix of the format.
        size: height and width of the frames, for models that take any.
        adaptive: the file goes on learning online, where a learning rate asks for it.
        int8: the network's convolutions and products in 8 bits; what that costs is measured, and told by the file.
        calibrate: what `cleanplate apply` takes: frames of the scene, to find the ranges of the numbers; for `int8`.

    Returns:
        The file.

    Raises:
        ModelError: if the checkpoint cannot be read, the model cannot be exported so, or a package is missing.
        DataError: if there is nothing to calibrate with.
    """
    if to not in FORMATS:
        raise ModelError(f"export: {to!r} is no format; choose one of {', '.join(FORMATS)}")
    suffix = next(suffix for suffix, form in SUFFIXES.items() if form == to)
    checkpoint = Path(checkpoint)
    target = checkpoint.with_suffix(suffix) if out is None else Path(out)
    if target.suffix != suffix:
        raise ModelError(f"{target}: a {to} file must end in {suffix}, which `cleanplate.load` knows it by")
    if checkpoint.suffix in SUFFIXES:
        raise ModelError(f"{checkpoint}: exported already; export starts from a checkpoint")
    _check_int8(to, int8, calibrate)
    model = load(checkpoint)
    with torch.no_grad(), replacing(target) as temporary:
        graph = graph_of(model, size, adaptive)
        told = described(model, graph, checkpoint)
        if int8:
            _write_in_8_bits(graph, to, told, temporary, calibrate)
        else:
            _write(graph, to, told, temporary)
    return target


def _check_int8(to: str, int8: bool, calibrate: str) -> None:
    if int8 and to not in _IN_8_BITS:
        raise ModelError(f"--int8: a {to} file computes in 32 bits; choose --to {' or --to '.join(_IN_8_BITS)}")
    if int8 and not calibrate:
        raise ModelError("--int8: needs frames of the scene to find the ranges of the numbers: --calibrate SOURCE")
    if calibrate and not int8:
        raise ModelError(f"--calibrate {calibrate}: is for --int8, which was not asked for; add it")


def _write(graph: ModelGraph, to: str, told: dict[str, str], file: Path) -> None:
    if to == "torchscript":
        write_torchscript(graph, told, file)
    else:
        _write_onnx(onnx_of(graph, alone=to == "openvino"), to, told, file)


def _write_onnx(content: bytes, to: str, told: dict[str, str], file: Path) -> None:
    if to == "openvino":
        write_openvino(content, told, file)
    else:
        file.write_bytes(with_metadata(content, told))


def _write_in_8_bits(graph: ModelGraph, to: str, told: dict[str, str], file: Path, calibrate: str) -> None:
    content = onnx_of(graph, alone=to == "openvino")
    check_network(content, graph, told["name"])
    known = calibration_of(calibrate, graph.size)
    small = quantised(content, graph, known.to_learn_from)
    with tempfile.TemporaryDirectory() as folder:
        suffix = next(suffix for suffix, form in SUFFIXES.items() if form == to)
        before, after = (Path(folder) / f"{name}{suffix}" for name in ("before", "after"))
        _write_onnx(content, to, told, before)
        _write_onnx(small, to, told, after)
        told["int8"] = json.dumps(_cost(before, after, known))
    _write_onnx(small, to, told, file)


def _cost(before: Path, after: Path, known: Calibration) -> dict[str, float | int | str]:
    return {"calibrated_on": known.name, **loss(load_exported(before), load_exported(after), known)}
