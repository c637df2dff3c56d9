"""Exported models by runtime: ONNX Runtime, torch and OpenVINO."""

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import ModelError
from cleanplate.models.exported.model import EXTRA, FRAMES, Arrays, ExportedModel, threads

GRAPH, WEIGHTS = "model.xml", "model.bin"
"""The two files that OpenVINO writes; an exported file is a plain zip of both and `cleanplate.json`."""
_TELEMETRY = "openvino_telemetry"
_FATAL = 4  # ONNX Runtime's logger would also print the errors that it raises


class OnnxModel(ExportedModel):
    """An ONNX file, run by ONNX Runtime on the CPU."""

    def __init__(self, path: Path) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
        self._session = onnx_session(content, path)
        super().__init__(dict(self._session.get_modelmeta().custom_metadata_map), path)

    def run(self, inputs: Arrays) -> list[NDArray[Any]]:
        """See `ExportedModel.run`."""
        answers: list[NDArray[Any]] = self._session.run(None, inputs)
        return answers


def onnx_session(content: bytes, path: Path) -> Any:
    """A session of ONNX Runtime on the CPU.

    Args:
        content: of an ONNX file.
        path: of the file, for error messages.

    Raises:
        ModelError: if it is damaged, or the package is missing or too old.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError(f"{path}: needs the package onnxruntime: pip install 'cleanplate[export]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = _FATAL
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        if type(error).__name__ == "NotImplemented":  # before 1.24 minima and maxima of bytes are missing
            raise ModelError(f"{path}: needs onnxruntime 1.24 or newer: pip install -U onnxruntime") from error
        raise ModelError(f"{path}: damaged, or no ONNX file") from error


class TorchScriptModel(ExportedModel):
    """A TorchScript file, run by torch on the CPU."""

    def __init__(self, path: Path) -> None:
        import torch

        extra = {EXTRA: ""}
        try:
            with path.open("rb") as file:
                self._graph = torch.jit.load(file, map_location="cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
            metadata = json.loads(extra[EXTRA] or "{}")
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{path}: damaged, or no TorchScript file") from error
        super().__init__(metadata, path)

    def run(self, inputs: Arrays) -> list[NDArray[Any]]:
        """See `ExportedModel.run`."""
        import torch

        with torch.inference_mode():
            return [answer.numpy() for answer in self._graph(*(torch.from_numpy(each) for each in inputs.values()))]


class OpenVinoModel(ExportedModel):
    """An OpenVINO file, run on the CPU in 32 bits; quantized layers in 8."""

    def __init__(self, path: Path) -> None:
        parts = _read(path)
        core = openvino(path).Core()
        try:
            metadata = json.loads(parts[EXTRA])
            if not isinstance(metadata, dict):
                raise ValueError("no keys")
            self._request = core.compile_model(
                core.read_model(parts[GRAPH], parts[WEIGHTS]), "CPU", settings()
            ).create_infer_request()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{path}: damaged, or no OpenVINO file") from error
        super().__init__(metadata, path)

    def run(self, inputs: Arrays) -> list[NDArray[Any]]:
        """See `ExportedModel.run`."""
        rest = {name: array for name, array in inputs.items() if name != FRAMES}
        answers = [self._run_one({FRAMES: frame[None], **rest}) for frame in inputs[FRAMES]]
        return answers[0] if len(answers) == 1 else [np.concatenate(parts) for parts in zip(*answers, strict=True)]

    def _run_one(self, inputs: Arrays) -> list[NDArray[Any]]:
        answers = self._request.infer(inputs)
        return [np.array(answers[place]) for place in range(len(answers))]  # OpenVINO reuses its memory


def openvino(path: Path) -> Any:
    """The package openvino, imported without the telemetry that it otherwise sends on import.

    Raises:
        ModelError: if it is missing; `path` is for the message.
    """
    first = "openvino" not in sys.modules
    kept = sys.modules.get(_TELEMETRY)
    if first:
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        import openvino as package
    except ImportError as error:
        raise ModelError(f"{path}: needs the package openvino: pip install 'cleanplate[export]'") from error
    finally:
        if first and kept is None:
            del sys.modules[_TELEMETRY]
        elif first and kept is not None:
            sys.modules[_TELEMETRY] = kept
    return package


def settings() -> dict[str, Any]:
    """Settings to compile a model: one frame at a time, in 32 bits, with the threads of `threads`.

    Threads are not pinned to cores: two processes would be pinned to the same ones.
    """
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads(),
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
    }


def _read(path: Path) -> dict[str, bytes]:
    """The three parts of the file, stored uncompressed: nothing is unpacked to disk or larger than the file."""
    try:
        whole = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            parts = {part: archive.getinfo(part) for part in (GRAPH, WEIGHTS, EXTRA)}
            if any(info.compress_type != zipfile.ZIP_STORED or info.file_size > whole for info in parts.values()):
                raise zipfile.BadZipFile("packed")
            return {part: archive.read(info) for part, info in parts.items()}
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, LookupError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise ModelError(f"{path}: damaged, or no OpenVINO file") from error
