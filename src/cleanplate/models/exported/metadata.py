"""Keys and values of an exported file's metadata, and the arrays that its states start from."""

import base64
import binascii
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
