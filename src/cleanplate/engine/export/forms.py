"""A graph in the form that a runtime reads."""

import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path

import torch

import cleanplate
from cleanplate.engine.export.described import inputs_of
from cleanplate.engine.export.graphs import ModelGraph
from cleanplate.errors import ModelError
from cleanplate.models.exported import EXTRA, FRAMES, NEXT, OUTPUTS
from cleanplate.models.exported.openvino_file import GRAPH, WEIGHTS, openvino

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
