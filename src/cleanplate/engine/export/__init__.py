"""Export of fitted models to one file that runs without cleanplate: ONNX, OpenVINO or TorchScript."""

from cleanplate.engine.export.exporter import FORMATS, export

__all__ = ["FORMATS", "export"]
