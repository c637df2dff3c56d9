"""Exported models, behind the same seam as all others: ONNX files by ONNX Runtime, TorchScript by torch.

`cleanplate export` writes them. The whole of the model is in the file, fitted to one scene and one size of frames.
"""

import json
from abc import abstractmethod
from collections.abc import Sequence as Listing
from pathlib import Path
from typing import Any, Self

import numpy as np

from cleanplate.data.sequence import Sequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.foreground.difference import Image, Score
from cleanplate.models.base import BackgroundModel, Estimate, Prediction
from cleanplate.models.options import filled

FORMAT = 1
"""Raised whenever older versions could not read the file."""

SUFFIXES = {".onnx": "onnx", ".torchscript": "torchscript"}
INPUT = "frames"
OUTPUTS = ("mask", "score", "background")
EXTRA = "cleanplate.json"
NOTES = "notes"

Answers = tuple[Image, Score, Image]


class ExportedModel(BackgroundModel):
    """A model in a file of another format. It is fitted for good: what it was fitted from is the checkpoint.

    Attributes:
        told: what the file tells of itself: `name`, `league`, `cleanplate` (version), `checkpoint_sha256`, `notes`, ….
    """

    name = "exported"
    family = "statistical"

    def __init__(self, told: dict[str, str], path: Path) -> None:
        try:
            if int(told["format"]) > FORMAT:
                raise ModelError(
                    f"{path}: written by cleanplate {told['cleanplate']}, which is newer than this; update cleanplate"
                )
            foreground = filled(ForegroundOptions, {}, json.loads(told["foreground"]), "foreground.")
            height, width = json.loads(told["size"])
            self.told = {**told, "options": json.loads(told["options"]), NOTES: json.loads(told[NOTES])}
            kept = {key: told[key] for key in ("name", "family", "league", "paper")}
            self._count = int(told["parameters"])
        except (LookupError, ValueError, TypeError, ConfigError) as error:
            raise ModelError(f"{path}: not written by `cleanplate export`") from error
        super().__init__(foreground=foreground)
        self.__dict__.update(kept)  # those of the model that was exported
        self._size = (int(height), int(width))

    @abstractmethod
    def run(self, frames: Image) -> Answers:
        """Mask, score and background of uint8 BGR frames `[N, H, W, 3]`, in one array each."""

    def predict(self, frames: Listing[Image], learning_rate: float = -1.0) -> list[Prediction]:
        """See `BackgroundModel.predict`; nothing is learnt from the frames, whatever the rate."""
        self._check_rate(learning_rate)
        admitted = [self._admitted(frame) for frame in frames]
        if not admitted:
            return []
        found = [Prediction(*known) for known in zip(*self.run(np.stack(admitted)), strict=True)]
        self._background = found[-1].background
        return found

    @property
    def background(self) -> Image:
        """See `BackgroundModel.background`."""
        if self._background is None:  # as the model was fitted, an answer does not need a frame of the scene
            assert self._size is not None
            return np.asarray(self.run(np.zeros((1, *self._size, 3), np.uint8))[2][0])
        return self._background

    def _estimate(self, frames: Listing[Image], learning_rate: float) -> list[Estimate]:
        return [
            Estimate(known.background, score=known.score)
            for known in ExportedModel.predict(self, frames, learning_rate)
        ]

    @property
    def parameters(self) -> int:
        """Of the model that was exported."""
        return self._count

    def describe(self) -> dict[str, Any]:
        """See `BackgroundModel.describe`: of the model that was exported."""
        return super().describe() | {"options": self.told["options"]}

    def fit(self, sequence: Sequence) -> Self:
        """Raises `ModelError`."""
        raise ModelError(f"{self.name}: an exported model is fitted for good; fit its checkpoint, and export that")

    def state(self) -> dict[str, Any]:
        """Raises `ModelError`: the file is all there is."""
        raise ModelError(f"{self.name}: an exported model is no checkpoint; copy its file")


class OnnxModel(ExportedModel):
    """An ONNX file, run by ONNX Runtime on the CPU."""

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelError(f"{path}: needs the package onnxruntime: pip install 'cleanplate[export]'") from error
        try:
            self._session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
        except Exception as error:  # its errors have no common base
            raise ModelError(f"{path}: damaged, or no ONNX file") from error
        super().__init__(dict(self._session.get_modelmeta().custom_metadata_map), path)

    def run(self, frames: Image) -> Answers:
        """See `ExportedModel.run`."""
        mask, score, background = self._session.run(list(OUTPUTS), {INPUT: frames})
        return mask, score, background


class TorchScriptModel(ExportedModel):
    """A TorchScript file, run by torch on the CPU."""

    def __init__(self, path: Path) -> None:
        import torch

        extra = {EXTRA: ""}
        try:
            with path.open("rb") as file:
                self._graph = torch.jit.load(file, map_location="cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
            told = json.loads(extra[EXTRA] or "{}")
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{path}: damaged, or no TorchScript file") from error
        super().__init__(told, path)

    def run(self, frames: Image) -> Answers:
        """See `ExportedModel.run`."""
        import torch

        with torch.inference_mode():
            mask, score, background = (answer.numpy() for answer in self._graph(torch.from_numpy(frames)))
        return mask, score, background


def load_exported(path: Path) -> ExportedModel:
    """Reads an exported model, by its suffix.

    Raises:
        ModelError: if the file is missing or damaged, was not written by `cleanplate export`, or the package that runs
            it is missing.
    """
    return OnnxModel(path) if SUFFIXES[path.suffix] == "onnx" else TorchScriptModel(path)
