"""The file format of checkpoints: plain values and tensors, which are read without running code."""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import cleanplate
from cleanplate.errors import CleanplateError, ModelError
from cleanplate.utils.files import replacing

FORMAT = 1
"""Increased whenever older versions could not read the file."""


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


def write(content: dict[str, Any], path: Path | str) -> None:
    """Writes the content of a checkpoint, beside the format and the version; an existing file is replaced at the end.

    Raises:
        ModelError: if it holds something that could not be read back without running code.
    """
    head = {"cleanplate": {"format": FORMAT, "version": cleanplate.__version__}}
    # Through memory: given a path, torch writes the path's name into the file, and equal models should be equal files.
    data = io.BytesIO()
    torch.save(head | content, data)
    try:
        data.seek(0)
        torch.load(data, map_location="meta", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path}: not written: its state or notes hold more than arrays and plain values") from error
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(data.getvalue())


def as_tensors(value: Any) -> Any:
    """Arrays as tensors, the only arrays that a file may hold which is read without running code."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, dict):
        return {key: as_tensors(item) for key, item in value.items()}
    return [as_tensors(item) for item in value] if isinstance(value, list | tuple) else value


def all_arrays(value: Any) -> Any:
    """What `_as_tensors` made tensors of, as arrays again."""
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: all_arrays(item) for key, item in value.items()}
    return [all_arrays(item) for item in value] if isinstance(value, list) else value


def plain_values(value: Any) -> Any:
    """Tuples as lists, as a checkpoint gives them back."""
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    return [plain_values(item) for item in value] if isinstance(value, list | tuple) else value


def as_arrays(state: dict[str, Any]) -> dict[str, Any]:
    """Top-level tensors as the arrays they were; tensors in nested dicts are weights and stay."""
    return {key: value.numpy() if isinstance(value, torch.Tensor) else value for key, value in state.items()}


def check_same_model(
    content: dict[str, Any], own: dict[str, Any], renamed: Mapping[str, str], path: Path | str
) -> None:
    """Raises a `ModelError` if a checkpoint's content is of another model, or of other options, than `own`.

    Args:
        content: as `read` returns it.
        own: what the model's `describe` returns.
        renamed: former names of the model's options.
        path: of the checkpoint, for the message.
    """
    saved = content.get("model", {})
    if saved.get("name") != own["name"]:
        raise ModelError(f"{path}: holds {saved.get('name')!r}, this is {own['name']}; use cleanplate.load")
    options = {renamed.get(key, key): value for key, value in plain_values(saved.get("options", {})).items()}
    for key, value in plain_values(own["options"]).items():
        if options.get(key) != value:
            raise ModelError(f"{path}: its {key} is {options.get(key)}, this model's is {value}; use cleanplate.load")


def restore(model: Any, content: dict[str, Any], path: Path | str) -> None:
    """Gives a `BackgroundModel` the state of a checkpoint's content; raises `ModelError` if it does not fit."""
    try:
        model.load_state_dict(as_arrays(content["state"]))
        model.load_stream_state(all_arrays(content.get("memory", {})))
    except (CleanplateError, LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ModelError(f"{path}: its model cannot be rebuilt: {error}") from error
