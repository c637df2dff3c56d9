"""Writes a fitted model as one ONNX, OpenVINO or TorchScript file, with what it is in the same file."""

import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path

import torch

import cleanplate
from cleanplate.engine.export.described import described, inputs_of
from cleanplate.engine.export.graphs import ModelGraph, graph_of
from cleanplate.engine.export.quantization import Calibration, calibration_of, check_network, loss, quantised
from cleanplate.errors import ModelError
from cleanplate.models.checkpoint import load
from cleanplate.models.exported import EXTRA, FRAMES, NEXT, OUTPUTS, SUFFIXES, load_exported
from cleanplate.models.exported.runtimes import GRAPH, WEIGHTS, openvino
from cleanplate.utils.files import replacing

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


# === forms: A graph in the form that a runtime reads.

_OPSET = 17  # the oldest with all that is needed
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same model is the same file, whenever it is written


def onnx_of(graph: ModelGraph, *, alone: bool) -> bytes:
    """The graph as ONNX.

    Args:
        graph: of a fitted model.
        alone: one frame at a time; otherwise any number, where the graph remembers nothing.

    Raises:
        ModelError: if the package onnx is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise ModelError("export to onnx needs the package onnx: pip install 'cleanplate[export]'") from error
    inputs, example = inputs_of(graph), graph.example()
    alone = alone or len(inputs) > 1
    if alone:
        example = (example[0][:1], *example[1:])
    data = io.BytesIO()
    with warnings.catch_warnings():  # of sizes that become constants, which is meant, and of a newer exporter
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            example,
            data,  # type: ignore[arg-type]  # its stubs know paths only
            input_names=inputs,
            output_names=[*OUTPUTS, *(NEXT + name for name in graph.states)],
            dynamic_axes={} if alone else {name: {0: "frames_at_once"} for name in (FRAMES, *OUTPUTS)},
            opset_version=_OPSET,
            dynamo=False,  # the newer exporter wants onnxscript, and gains nothing here
        )
    onnx.checker.check_model(onnx.load_from_string(data.getvalue()))
    return data.getvalue()


def with_metadata(content: bytes, told: dict[str, str]) -> bytes:
    """ONNX, and what it tells of itself."""
    import onnx

    model = onnx.load_from_string(content)
    onnx.helper.set_model_props(model, told)
    model.producer_name, model.producer_version = "cleanplate", cleanplate.__version__
    written: bytes = model.SerializeToString()
    return written


def write_openvino(content: bytes, told: dict[str, str], file: Path) -> None:
    """Writes ONNX as OpenVINO's two files and what it tells of itself, in a zip that packs nothing.

    Raises:
        ModelError: if the package openvino is missing.
    """
    package = openvino(file)
    model = package.Core().read_model(content)
    for place, part in enumerate(model.get_ordered_ops()):  # it numbers what has no name, on and on in one process
        if part.get_type_name() not in ("Parameter", "Result"):
            part.set_friendly_name(f"{part.get_type_name()}_{place}")
    with tempfile.TemporaryDirectory() as folder:
        package.save_model(model, Path(folder) / GRAPH, compress_to_fp16=False)
        parts = {part: (Path(folder) / part).read_bytes() for part in (GRAPH, WEIGHTS)}
    parts[EXTRA] = json.dumps(told, indent=1).encode()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), data)


def write_torchscript(graph: ModelGraph, told: dict[str, str], file: Path) -> None:
    """Writes the graph as TorchScript, with what it tells of itself inside."""
    data = io.BytesIO()  # given a path, torch writes the path's name into the file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Compared with the model on frames by the tests; comparing noise with itself here would tell nothing more.
        traced = torch.jit.trace(graph, graph.example(), check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, data, _extra_files={EXTRA: json.dumps(told)})
    file.write_bytes(data.getvalue())
