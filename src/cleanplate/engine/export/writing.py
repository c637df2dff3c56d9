"""Writes a fitted model as one ONNX or TorchScript file, with what it is beside it in the same file."""

import hashlib
import io
import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import cleanplate
from cleanplate.engine.export.graphs import ModelGraph, graph_of
from cleanplate.errors import ModelError
from cleanplate.files import replacing
from cleanplate.models.base import BackgroundModel
from cleanplate.models.exported import EXTRA, FORMAT, INPUT, NOTES, OUTPUTS, SUFFIXES
from cleanplate.models.stored import load, read

FORMATS = tuple(SUFFIXES.values())

_OPSET = 17  # the oldest with all that is needed: runs on old runtimes too


def export(checkpoint: Path | str, to: str, out: Path | str | None = None) -> Path:
    """Writes the model of a checkpoint as one file: pre-processing, background, network, head and threshold inside.

    It takes uint8 BGR `[N, H, W, 3]` of the size that the model was fitted to, and gives `mask` uint8 `[N, H, W]` of 0
    and 255, `score` float32 `[N, H, W]` in grey levels and `background` uint8 BGR `[N, H, W, 3]`. Networks compute in
    32 bits, wherever it runs. `cleanplate.load` reads it back behind the same `apply`.

    Args:
        checkpoint: a fitted model, see `cleanplate.save`.
        to: `onnx` or `torchscript`.
        out: where; by default beside the checkpoint, with the suffix of the format.

    Returns:
        The file.

    Raises:
        ModelError: if the checkpoint cannot be read, the model cannot be exported, or a package is missing.
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
    model = load(checkpoint)
    told = _described(model, checkpoint)
    with torch.no_grad(), replacing(target) as temporary:
        write = _onnx if to == "onnx" else _torchscript
        write(graph_of(model), told, temporary)
    return target


def _described(model: BackgroundModel, checkpoint: Path) -> dict[str, str]:
    """What the file tells of its model; every value is a word or JSON."""
    described = model.describe()
    notes = {key: value for key, value in read(checkpoint).get("notes", {}).items() if _is_plain(value)}
    return {
        "cleanplate": cleanplate.__version__,
        "format": str(FORMAT),
        "name": model.name,
        "family": model.family,
        "league": model.league,
        "paper": model.paper,
        "size": json.dumps(model.fitted_size),
        "parameters": str(model.parameters),
        "options": json.dumps(described["options"]),
        "foreground": json.dumps(asdict(model.head.options)),
        NOTES: json.dumps(notes),
        "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
    }


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def _onnx(graph: ModelGraph, told: dict[str, str], file: Path) -> None:
    try:
        import onnx
    except ImportError as error:
        raise ModelError("export to onnx needs the package onnx: pip install 'cleanplate[export]'") from error
    with warnings.catch_warnings():  # of sizes that become constants, which is meant, and of a newer exporter
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (_example(graph),),
            str(file),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "frames_at_once"} for name in (INPUT, *OUTPUTS)},
            opset_version=_OPSET,
            dynamo=False,  # the newer exporter wants onnxscript, and gains nothing here
        )
    written = onnx.load_model(str(file))
    onnx.helper.set_model_props(written, told)
    written.producer_name, written.producer_version = "cleanplate", cleanplate.__version__
    onnx.checker.check_model(written)
    file.write_bytes(written.SerializeToString())


def _torchscript(graph: ModelGraph, told: dict[str, str], file: Path) -> None:
    data = io.BytesIO()  # given a path, torch writes the path's name into the file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Compared with the model on frames by the tests; comparing noise with itself here would tell nothing more.
        traced = torch.jit.trace(graph, (_example(graph),), check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, data, _extra_files={EXTRA: json.dumps(told)})
    file.write_bytes(data.getvalue())


def _example(graph: ModelGraph) -> torch.Tensor:
    """Two frames, so that nothing takes their number for a constant 1."""
    return graph.background.plate.permute(0, 2, 3, 1).to(torch.uint8).repeat(2, 1, 1, 1)
