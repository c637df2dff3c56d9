"""Checkpoints: one self-contained file per model. Loading one runs no code from it."""

import io
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

import cleanplate
from cleanplate.errors import CleanplateError, ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.models.exported import SUFFIXES, load_exported
from cleanplate.models.registry import create
from cleanplate.utils.files import replacing
from cleanplate.utils.options import present_names

FORMAT = 1
"""Raised whenever older versions could not read the file."""


def load(path: Path | str, foreground: ForegroundOptions | None = None) -> BackgroundModel:
    """Reads a model back, ready to `apply`.

    Args:
        path: a file of `cleanplate.save`, or an `.onnx`, `.openvino` or `.torchscript` of `cleanplate export`.
        foreground: takes the place of the foreground parameters in the file.

    Raises:
        ModelError: if the file is missing, damaged, not a checkpoint of cleanplate's, or of a newer format.
    """
    if Path(path).suffix in SUFFIXES:
        if foreground:
            raise ModelError(f"{path}: its threshold is inside the file; set it in the checkpoint, and export that")
        return load_exported(Path(path))
    content = read(path)
    try:
        described = content["model"]
        head = foreground.model_dump() if foreground else described["foreground"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # options of an older version under their former names
            model = create(described["name"], head, **described["options"])
        model.load_state_dict(_as_arrays(content["state"]))
        model.load_stream_state(_all_arrays(content.get("memory", {})))
    except (CleanplateError, LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ModelError(f"{path}: its model cannot be rebuilt: {error}") from error
    return model


def read(path: Path | str) -> dict[str, Any]:
    """The content of a checkpoint as plain values and tensors, see `cleanplate.save`; raises as `load` does."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    except pickle.UnpicklingError as error:  # its text tells how to run the code all the same
        raise ModelError(f"{path}: damaged, or it holds more than arrays and plain values; refused unread") from error
    except Exception as error:  # the unpickler raises anything at all on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: damaged, or no checkpoint of cleanplate's ({reason[:120]})") from error
    written = content.get("cleanplate") if isinstance(content, dict) else None
    if not isinstance(written, dict) or not isinstance(written.get("format"), int):
        raise ModelError(f"{path}: no checkpoint of cleanplate's; `cleanplate.save` writes them")
    if written["format"] > FORMAT:
        raise ModelError(
            f"{path}: written by cleanplate {written.get('version')}, this is {cleanplate.__version__}; "
            "update cleanplate to read it"
        )
    return dict(content)


def load_into(model: BackgroundModel, path: Path | str) -> None:
    """Makes a model what a checkpoint holds, see `BackgroundModel.load`.

    Raises:
        ModelError: as `load`, and if the checkpoint is of another model or other options.
    """
    content = read(path)
    described, own = content.get("model", {}), model.describe()
    if described.get("name") != own["name"]:
        raise ModelError(f"{path}: holds {described.get('name')!r}, this is {own['name']}; use cleanplate.load")
    kept = _plain(present_names(type(model.options), described.get("options", {})))
    for key, value in _plain(own["options"]).items():
        if kept.get(key) != value:
            raise ModelError(f"{path}: its {key} is {kept.get(key)}, this model's is {value}; use cleanplate.load")
    loaded = load(path)
    model.load_state_dict(loaded.state_dict())
    model.load_stream_state(loaded.stream_state())
    model.head = loaded.head


def save(model: BackgroundModel, path: Path | str, **notes: Any) -> None:
    """Writes a model: weights, options, frame size, foreground parameters, and the version that wrote it.

    What the model remembers of the frames it has seen is written too, so that a stream goes on where it was; call
    `reset()` first to leave it out.

    Args:
        model: fitted, or streaming.
        path: where; an existing file is replaced only once the new one is complete.
        notes: plain values to keep beside it (training data, git sha).

    Raises:
        ModelError: if `notes` or the model's state hold something that could not be read back without running code, or
            the model has seen frames and cannot tell what it remembers of them (OpenCV's subtractors).
    """
    content = {
        "cleanplate": {"format": FORMAT, "version": cleanplate.__version__},
        "model": model.describe() | {"league": model.league, "family": model.family},
        "state": _as_tensors(model.state_dict()),
        "notes": _as_tensors(notes),
        "memory": _as_tensors(model.stream_state()),
    }
    # Through memory: given a path, torch writes the path's name into the file, and equal models should be equal files.
    data = io.BytesIO()
    torch.save(content, data)
    try:
        data.seek(0)
        torch.load(data, map_location="meta", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path}: not written: its state or notes hold more than arrays and plain values") from error
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(data.getvalue())


def _as_tensors(value: Any) -> Any:
    """Arrays as tensors, the only arrays that a file may hold which is read without running code."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, dict):
        return {key: _as_tensors(item) for key, item in value.items()}
    return [_as_tensors(item) for item in value] if isinstance(value, list | tuple) else value


def _all_arrays(value: Any) -> Any:
    """What `_as_tensors` made tensors of, as arrays again."""
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _all_arrays(item) for key, item in value.items()}
    return [_all_arrays(item) for item in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Tuples as lists, as a checkpoint gives them back."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _as_arrays(state: dict[str, Any]) -> dict[str, Any]:
    """Top-level tensors as the arrays they were; tensors in nested dicts are weights and stay."""
    return {key: value.numpy() if isinstance(value, torch.Tensor) else value for key, value in state.items()}
