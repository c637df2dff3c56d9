"""Exported files as models: ONNX run by ONNX Runtime, OpenVINO by its own runtime, TorchScript by torch.

`cleanplate export` writes them. A file holds the whole model, fitted to one scene and one frame size. All run on the
CPU, on as many threads as torch is set to (`OMP_NUM_THREADS`).

Inputs and outputs are the same in every format. Input: `frames`, uint8 BGR `[N, H, W, 3]`. Outputs, in this order:
`mask`, uint8 `[N, H, W]` of 0 and 255; `score`, float32 `[N, H, W]` in grey levels; `background`, uint8 BGR
`[N, H, W, 3]`. OpenVINO files take one frame at a time, and so do models that remember. The latter also take
`learning_rate`, float32 `[1]` (-1 is the model's own, 0 freezes), and each of their states under its name, and return
each state for the next frame as `next_<name>` after the other outputs. The metadata holds the states before the first
frame, see `cleanplate.models.exported.model.unpacked`.

Without cleanplate:

    import onnxruntime
    session = onnxruntime.InferenceSession("model.onnx")
    mask, score, background = session.run(None, {"frames": frame[None]})

    import zipfile, openvino  # a .openvino is a plain zip of model.xml, model.bin and cleanplate.json
    zipfile.ZipFile("model.openvino").extractall("model")
    run = openvino.Core().compile_model("model/model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    mask, score, background = run({"frames": frame[None]}).values()

    import torch
    mask, score, background = torch.jit.load("model.torchscript")(torch.from_numpy(frame[None]))

With states, by ONNX Runtime:

    kept = session.get_modelmeta().custom_metadata_map["states"]
    states = dict(numpy.load(io.BytesIO(base64.b64decode(kept))))
    rate = numpy.float32([-1])
    mask, score, background, *after = session.run(None, {"frames": frame[None], "learning_rate": rate, **states})
    states = dict(zip(states, after))
"""

from pathlib import Path

from cleanplate.models.exported.model import (
    EXTRA,
    FORMAT,
    FRAMES,
    NEXT,
    NOTES,
    OUTPUTS,
    RATE,
    STATES,
    SUFFIXES,
    ExportedModel,
    packed,
    unpacked,
)
from cleanplate.models.exported.runtimes import OnnxModel, OpenVinoModel, TorchScriptModel

__all__ = [
    "EXTRA",
    "FORMAT",
    "FRAMES",
    "NEXT",
    "NOTES",
    "OUTPUTS",
    "RATE",
    "STATES",
    "SUFFIXES",
    "ExportedModel",
    "load_exported",
    "packed",
    "unpacked",
]

_KINDS: dict[str, type[OnnxModel] | type[OpenVinoModel] | type[TorchScriptModel]] = {
    "onnx": OnnxModel,
    "openvino": OpenVinoModel,
    "torchscript": TorchScriptModel,
}


def load_exported(path: Path) -> ExportedModel:
    """Reads an exported model, by its suffix.

    Raises:
        ModelError: if the file is missing or damaged, was not written by `cleanplate export`, or the package that runs
            it is missing.
    """
    return _KINDS[SUFFIXES[path.suffix]](path)
