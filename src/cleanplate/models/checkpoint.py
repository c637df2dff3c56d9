"""Checkpoints: one self-contained file per model. Loading one runs no code from it."""

import warnings
from pathlib import Path
from typing import Any

from cleanplate.errors import CleanplateError, ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models import checkpoint_file
from cleanplate.models.base import BackgroundModel
from cleanplate.models.exported import SUFFIXES, load_exported
from cleanplate.models.registry import create


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
    content = checkpoint_file.read(path)
    try:
        described = content["model"]
        head = foreground.model_dump() if foreground else described["foreground"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # options of an older version under their former names
            model = create(described["name"], head, **described["options"])
    except (CleanplateError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: its model cannot be rebuilt: {error}") from error
    checkpoint_file.restore(model, content, path)
    return model


def save(model: BackgroundModel, path: Path | str, **notes: Any) -> None:
    """Writes a model to a file, see `BackgroundModel.save`."""
    model.save(path, **notes)
