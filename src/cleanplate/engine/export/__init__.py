"""Fitted models as one file that runs without cleanplate: ONNX or TorchScript, pre-processing and threshold inside."""

from cleanplate.engine.export.writing import FORMATS, export

__all__ = ["FORMATS", "export"]
