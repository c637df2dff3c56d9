"""Writing a checkpoint: one self-contained file per model; `cleanplate.models.stored` reads it back."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

import cleanplate
from cleanplate.errors import ModelError
from cleanplate.files import replacing
from cleanplate.models import BackgroundModel
from cleanplate.models.stored import FORMAT


def save(model: BackgroundModel, path: Path | str, **notes: Any) -> None:
    """Writes a model: weights, options, frame size, foreground parameters, and the version that wrote it.

    Args:
        model: fitted, or streaming.
        path: where; an existing file is replaced only once the new one is complete.
        notes: plain values to keep beside it (training data, git sha).

    Raises:
        ModelError: if `notes` or the model's state hold something that could not be read back without running code.
    """
    content = {
        "cleanplate": {"format": FORMAT, "version": cleanplate.__version__},
        "model": model.describe() | {"league": model.league, "family": model.family},
        "state": _as_tensors(model.state()),
        "notes": _as_tensors(notes),
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
