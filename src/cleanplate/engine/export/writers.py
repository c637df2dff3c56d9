"""Graphs in the formats that runtimes read: ONNX, OpenVINO and TorchScript, with their metadata in the same file."""

import hashlib
import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

import cleanplate
from cleanplate.engine.export.model_graph import ModelGraph
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.checkpoint_file import read
from cleanplate.models.exported import EXTRA, FORMAT, FRAMES, NEXT, NOTES, OUTPUTS, RATE, STATES, packed
from cleanplate.models.exported.runtimes import GRAPH, WEIGHTS, openvino


def metadata_of(model: BackgroundModel, graph: ModelGraph, checkpoint: Path) -> dict[str, str]:
    """The metadata of a file with this graph of the model in a checkpoint; read by `ExportedModel`."""
    options = model.describe()["options"]
    notes = {key: value for key, value in read(checkpoint).get("notes", {}).items() if _is_json(value)}
    states = {name: state.numpy() for name, state in graph.states.items()}
    return {
        "cleanplate": cleanplate.__version__,
        "format": str(FORMAT),
        "name": model.name,
        "family": model.family,
        "league": model.league,
        "paper": model.paper,
        "size": json.dumps(graph.size),
        "parameters": str(model.parameters),
        "options": json.dumps(options),
        "foreground": json.dumps(model.head.options.model_dump()),
        "inputs": json.dumps(input_names(graph)),
        NOTES: json.dumps(notes),
        "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        **({STATES: packed(states)} if states else {}),
    }


def input_names(graph: ModelGraph) -> list[str]:
    """The names of the graph's inputs, in order."""
    return [FRAMES, *([RATE] if graph.takes_rate else []), *graph.states]


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


_OPSET = 17  # the oldest with all operations that are needed
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the same model gives the same file at any time


def onnx_of(graph: ModelGraph, *, single: bool) -> bytes:
    """The graph as ONNX.

    Args:
        graph: of a fitted model.
        single: one frame at a time; otherwise any number, where the graph remembers nothing.

    Raises:
        ModelError: if the package onnx is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise ModelError("export to onnx needs the package onnx: pip install 'cleanplate[export]'") from error
    inputs, example = input_names(graph), graph.example()
    single = single or len(inputs) > 1
    if single:
        example = (example[0][:1], *example[1:])
    data = io.BytesIO()
    with warnings.catch_warnings():  # about sizes that become constants, as intended, and about the newer exporter
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            example,
            data,  # type: ignore[arg-type]  # its stubs know paths only
            input_names=inputs,
            output_names=[*OUTPUTS, *(NEXT + name for name in graph.states)],
            dynamic_axes={} if single else {name: {0: "frames_at_once"} for name in (FRAMES, *OUTPUTS)},
            opset_version=_OPSET,
            dynamo=False,  # the newer exporter needs onnxscript and has no advantage here
        )
    onnx.checker.check_model(onnx.load_from_string(data.getvalue()))
    return data.getvalue()


def write_onnx(content: bytes, metadata: dict[str, str], file: Path) -> None:
    """Writes what `onnx_of` returned with its metadata."""
    import onnx

    model = onnx.load_from_string(content)
    onnx.helper.set_model_props(model, metadata)
    model.producer_name, model.producer_version = "cleanplate", cleanplate.__version__
    file.write_bytes(model.SerializeToString())


def write_openvino(content: bytes, metadata: dict[str, str], file: Path) -> None:
    """Writes what `onnx_of` returned as OpenVINO's two files and the metadata, in a zip without compression.

    Raises:
        ModelError: if the package openvino is missing.
    """
    package = openvino(file)
    model = package.Core().read_model(content)
    for place, part in enumerate(model.get_ordered_ops()):  # OpenVINO numbers nameless parts on through the process
        if part.get_type_name() not in ("Parameter", "Result"):
            part.set_friendly_name(f"{part.get_type_name()}_{place}")
    with tempfile.TemporaryDirectory() as folder:
        package.save_model(model, Path(folder) / GRAPH, compress_to_fp16=False)
        parts = {part: (Path(folder) / part).read_bytes() for part in (GRAPH, WEIGHTS)}
    parts[EXTRA] = json.dumps(metadata, indent=1).encode()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED_DATE), data)


def write_torchscript(graph: ModelGraph, metadata: dict[str, str], file: Path) -> None:
    """Writes the graph as TorchScript with its metadata."""
    data = io.BytesIO()  # given a path, torch writes the path's name into the file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Tests compare the file with the model on frames; torch's own check on noise would add nothing.
        traced = torch.jit.trace(graph, graph.example(), check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, data, _extra_files={EXTRA: json.dumps(metadata)})
    file.write_bytes(data.getvalue())
