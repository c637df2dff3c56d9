"""Middlebury's `.flo`: the number 202021.25 as float32 (bytes `PIEH`), int32 width and height, then float32 x and y.

Little-endian, row by row; Baker et al., A database and evaluation methodology for optical flow (IJCV 2011). A component
above a thousand million means that the flow there is unknown; it is read as it stands.
"""

from pathlib import Path

import numpy as np

from cleanplate.data.flow.estimation import Flow
from cleanplate.errors import DataError
from cleanplate.utils.files import replacing

_MAGIC = b"PIEH"
_HEADER = 12
_LARGEST_SIDE = 99999  # Middlebury's own reader takes no more


def read_flo(path: Path) -> Flow:
    """Reads a flow.

    Returns:
        float32 `[h, w, 2]`: x and y in pixels.

    Raises:
        DataError: if the file is missing, does not begin as such a file does, or does not hold what its sizes promise.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) < _HEADER or data[:4] != _MAGIC:
        raise DataError(f"{path}: begins with {data[:4]!r}, a .flo file begins with {_MAGIC!r}")
    width, height = (int(side) for side in np.frombuffer(data, "<i4", count=2, offset=4))
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise DataError(f"{path}: its sizes, {width}×{height}, are outside 1 … {_LARGEST_SIDE}")
    if len(data) != _HEADER + 8 * width * height:
        promised = _HEADER + 8 * width * height
        raise DataError(f"{path}: {len(data)} bytes; {width}×{height} take {promised}, it is cut or something else")
    return np.frombuffer(data, "<f4", offset=_HEADER).reshape(height, width, 2).astype(np.float32)


def write_flo(path: Path, flow: Flow) -> None:
    """Writes a flow, float32 `[h, w, 2]`.

    Raises:
        DataError: if it is not of that form.
    """
    if flow.ndim != 3 or flow.shape[2] != 2 or not flow.size:
        raise DataError(f"{path}: not written: flow must be [height, width, 2], this is {flow.shape}")
    sides = np.array([flow.shape[1], flow.shape[0]], "<i4")
    with replacing(path) as temporary:
        temporary.write_bytes(_MAGIC + sides.tobytes() + np.ascontiguousarray(flow, "<f4").tobytes())
