"""The base of exported models, whatever runtime runs them."""

import base64
import binascii
import io
import json
import zipfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.models.types import Estimate, Prediction, check_learning_rate
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import validated

FORMAT = 1
"""Version of the format; it grows when older versions of cleanplate cannot read the file."""

SUFFIXES = {".onnx": "onnx", ".openvino": "openvino", ".torchscript": "torchscript"}
FRAMES, RATE = "frames", "learning_rate"
OUTPUTS = ("mask", "score", "background")
NEXT = "next_"
EXTRA = "cleanplate.json"
NOTES = "notes"
STATES = "states"

Arrays = dict[str, NDArray[Any]]


def packed(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Named arrays, in order, as text: NumPy's `.npz` in base64."""
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **dict(arrays))
    return base64.b64encode(data.getvalue()).decode()


def unpacked(text: str) -> Arrays:
    """The arrays of `packed`; none from an empty text. Runs no code.

    Raises:
        ValueError: if the text holds no arrays.
    """
    if not text:
        return {}
    try:
        with np.load(io.BytesIO(base64.b64decode(text, validate=True)), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (binascii.Error, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError("no arrays") from error


_JSON = ("options", NOTES, "int8")


class ExportedModel(BackgroundModel):
    """A model in an exported file. It cannot be fitted or saved: that is what the checkpoint is for.

    Attributes:
        metadata: of the file: `name`, `league`, `cleanplate` (version), `checkpoint_sha256`, `notes` (such as the
            training data, where the checkpoint names it), `int8` (what quantization costs), ….
    """

    name = "exported"
    family = "statistical"

    def __init__(self, metadata: dict[str, str], path: Path) -> None:
        try:
            if int(metadata["format"]) > FORMAT:
                version = metadata["cleanplate"]
                raise ModelError(
                    f"{path}: written by cleanplate {version}, which is newer than this; update cleanplate"
                )
            foreground = validated(ForegroundOptions, json.loads(metadata["foreground"]), "foreground.")
            height, width = json.loads(metadata["size"])
            self.metadata = {**metadata, **{key: json.loads(metadata[key]) for key in _JSON if key in metadata}}
            described = {key: metadata[key] for key in ("name", "family", "league", "paper")}
            self._count = int(metadata["parameters"])
            self._initial = unpacked(self.metadata.pop(STATES, ""))
            self._takes_rate = RATE in json.loads(metadata["inputs"])
        except (LookupError, ValueError, TypeError, ConfigError) as error:
            raise ModelError(f"{path}: not written by `cleanplate export`") from error
        super().__init__(foreground=foreground)
        self.__dict__.update(described)  # name, family, … of the model that was exported
        self._size = (int(height), int(width))
        self._one_by_one = self._takes_rate or bool(self._initial)
        self._states = dict(self._initial)

    @abstractmethod
    def run(self, inputs: Arrays) -> list[NDArray[Any]]:
        """Mask, score, background and the next states, one array each.

        Args:
            inputs: by name: frames, uint8 BGR `[N, H, W, 3]`, and the other inputs of the file.
        """

    def predict(self, frames: Sequence[Image], learning_rate: float = -1.0) -> list[Prediction]:
        """See `BackgroundModel.predict`; without states the model learns nothing, whatever the rate."""
        check_learning_rate(learning_rate, self.name)
        admitted = [self._checked_frame(frame) for frame in frames]
        predictions: list[Prediction] = []
        if admitted and self._one_by_one:
            predictions = list(self._in_order(admitted, learning_rate))
        elif admitted:
            answers = self.run({"frames": np.stack(admitted)})
            predictions = [Prediction(*known) for known in zip(*answers, strict=True)]
        if predictions:
            self._background = predictions[-1].background
        return predictions

    def _in_order(self, frames: Sequence[Image], learning_rate: float) -> Iterator[Prediction]:
        for frame in frames:
            answers = self.run(self._inputs(frame, learning_rate))
            mask, score, background = (answer[0] for answer in answers[:3])
            self._states = dict(zip(self._states, answers[3:], strict=True))
            yield Prediction(mask, score, background)

    def _inputs(self, frame: Image, learning_rate: float) -> Arrays:
        rate = {RATE: np.array([learning_rate], np.float32)} if self._takes_rate else {}
        return {"frames": frame[None], **rate, **self._states}

    @property
    def remembers(self) -> bool:
        """See `BackgroundModel.remembers`."""
        return bool(self._initial)

    def reset(self) -> None:
        """See `BackgroundModel.reset`: back to the states in the file."""
        self._states = dict(self._initial)
        self._background = None

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`."""
        return {STATES: {name: state.copy() for name, state in self._states.items()}} if self._initial else {}

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `BackgroundModel.load_stream_state`.

        Raises:
            ModelError: if the states are those of another model.
        """
        states = {name: np.array(state) for name, state in memory.get(STATES, {}).items()}
        known = {name: (state.shape, state.dtype) for name, state in self._initial.items()}
        if {name: (state.shape, state.dtype) for name, state in states.items()} != known:
            raise ModelError(f"{self.name}: the stream state is that of another model")
        self._states = {name: states[name] for name in self._initial}
        self._background = None

    @property
    def background(self) -> Image:
        """See `BackgroundModel.background`."""
        if self._background is None:  # any frame will do: the model is fitted
            assert self._size is not None
            return np.asarray(self.run(self._inputs(np.zeros((*self._size, 3), np.uint8), 0.0))[2][0])
        return self._background

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        return [
            Estimate(known.background, score=known.score)
            for known in ExportedModel.predict(self, frames, learning_rate)
        ]

    @property
    def parameters(self) -> int:
        """Learnt weights of the model that was exported."""
        return self._count

    def describe(self) -> dict[str, Any]:
        """See `BackgroundModel.describe`: of the model that was exported."""
        return super().describe() | {"options": self.metadata["options"]}

    def summary(self) -> list[str]:
        """The metadata in lines for a user."""
        height, width = self.fitted_size or (0, 0)
        training_data = self.metadata[NOTES].get("data", [])
        lines = [
            f"{self.name}, league {self.league}, {self.parameters:,} weights; cleanplate {self.metadata['cleanplate']}",
            f"frames {width}×{height}" + (", one after the other: it remembers" if self.remembers else ""),
            f"checkpoint sha256 {self.metadata['checkpoint_sha256']}",
        ]
        if training_data:
            names = training_data if isinstance(training_data, list) else [training_data]
            lines.append(f"learnt from {', '.join(map(str, names))}")
        cost = self.metadata.get("int8")
        if cost:
            line = f"8 bits: F {cost['f_masks']:.4f} against the masks in 32 bits"
            if "f_int8" in cost:
                line += f"; against ground truth {cost['f_int8']:.4f}, in 32 bits {cost['f_float']:.4f}"
            lines.append(f"{line} ({cost['frames']} frames of {cost['calibrated_on']} that were kept back)")
        return lines

    def _fit(self, sequence: FrameSequence) -> None:
        """Raises `ModelError`."""
        raise ModelError(f"{self.name}: an exported model is fitted for good; fit its checkpoint, and export that")

    def state_dict(self) -> dict[str, Any]:
        """Raises `ModelError`: copy the file instead."""
        raise ModelError(f"{self.name}: an exported model is no checkpoint; copy its file")


def threads() -> int:
    """Number of threads that an exported model may use: that of torch, which `OMP_NUM_THREADS` sets."""
    import torch

    return torch.get_num_threads()
