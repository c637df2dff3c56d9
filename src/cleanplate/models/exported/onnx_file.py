"""ONNX files, run by ONNX Runtime."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cleanplate.errors import ModelError
from cleanplate.models.exported.base import ExportedModel, threads
from cleanplate.models.exported.metadata import Arrays

_SEVERE = 4  # its own logger would print what is raised as well


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
        path: where it is from, for errors.

    Raises:
        ModelError: if it is damaged, or the package is missing or too old.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError(f"{path}: needs the package onnxruntime: pip install 'cleanplate[export]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = _SEVERE
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        if type(error).__name__ == "NotImplemented":  # minima and maxima of bytes are missing before 1.24
            raise ModelError(f"{path}: needs onnxruntime 1.24 or newer: pip install -U onnxruntime") from error
        raise ModelError(f"{path}: damaged, or no ONNX file") from error
