"""What an exported file tells of itself: words and JSON by key, and what a model that remembers starts from."""

import base64
import binascii
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
"""Raised whenever older versions could not read the file."""

SUFFIXES = {".onnx": "onnx", ".openvino": "openvino", ".torchscript": "torchscript"}
FRAMES, RATE = "frames", "learning_rate"
OUTPUTS = ("mask", "score", "background")
NEXT = "next_"
EXTRA = "cleanplate.json"
NOTES = "notes"
STATES = "states"

Arrays = dict[str, NDArray[Any]]


def packed(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Arrays by name, in order, as one word: NumPy's `.npz`, in base64."""
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **dict(arrays))
    return base64.b64encode(data.getvalue()).decode()


def unpacked(word: str) -> Arrays:
    """What `packed` was given; an empty word is no array. Runs no code.

    Raises:
        ValueError: if it is none.
    """
    if not word:
        return {}
    try:
        with np.load(io.BytesIO(base64.b64decode(word, validate=True)), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (binascii.Error, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError("no arrays") from error
