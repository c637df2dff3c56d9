"""Reading a checkpoint: one self-contained file per model. Loading one runs no code from it."""

import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import cleanplate
from cleanplate.errors import CleanplateError, ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.models.registry import create

FORMAT = 1
"""Raised whenever older versions could not read the file."""


def load(path: Path | str, foreground: ForegroundOptions | None = None) -> BackgroundModel:
    """Reads a model back, ready to `apply`.

    Args:
        path: a file that `cleanplate.save` wrote.
        foreground: takes the place of the foreground parameters in the file.

    Raises:
        ModelError: if the file is missing, damaged, not a checkpoint of cleanplate's, or of a newer format.
    """
    content = read(path)
    try:
        described = content["model"]
        model = create(
            described["name"],
            asdict(foreground) if foreground else described["foreground"],
            **described["options"],
        )
        model.restore(_as_arrays(content["state"]))
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


def _as_arrays(state: dict[str, Any]) -> dict[str, Any]:
    """Top-level tensors as the arrays they were; tensors in nested dicts are weights and stay."""
    return {key: value.numpy() if isinstance(value, torch.Tensor) else value for key, value in state.items()}
