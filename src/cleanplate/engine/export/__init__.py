"""Fitted models as one file that runs without cleanplate: ONNX, OpenVINO or TorchScript, the whole model inside."""

from cleanplate.engine.export.writers import FORMATS, export

__all__ = ["FORMATS", "export"]
