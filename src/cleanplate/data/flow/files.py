"""Optical flow on disk and as images: the flow of a sequence in one file, Middlebury's `.flo`, and the colour wheel.

A flow file is a zip archive of int16 arrays, one per frame: `numpy.load(file)["000012"] / 16` is the flow of frame 12
in pixels. Each frame is compressed by itself, so that any of them is read without the others; the checksums of the
archive detect damage.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.flow.estimation import STEP, Flow, dequantize, quantize
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import replacing

_ABOUT = "about.json"
_DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, NotImplementedError)
_FLO_HEADER_BYTES = 12

# Baker et al., A database and evaluation methodology for optical flow (ICCV 2007): the pure hues as RGB, and the number
# of colours from each to the next, more where the eye distinguishes more.
_WHEEL = (((1, 0, 0), 15), ((1, 1, 0), 6), ((0, 1, 0), 4), ((0, 1, 1), 11), ((0, 0, 1), 13), ((1, 0, 1), 6))
_DIMMED = 0.75  # brightness of flow that is longer than `longest`


def write_flow_file(path: Path, flows: Iterable[tuple[int, Flow]], about: dict[str, Any]) -> None:
    """Writes flow, rounded to steps of 1/16 pixel; an existing file is replaced once the new one is complete.

    Args:
        path: the file; its suffix should be `.npz`.
        flows: ascending frame numbers, each with float32 `[h, w, 2]` in pixels of its own grid.
        about: JSON values that tell what the flow was made from, see `FlowFile.about`.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        # `ZipInfo` sets a fixed date, so that the same content gives the same file.
        archive.writestr(zipfile.ZipInfo(_ABOUT), json.dumps({"step": STEP} | about, indent=2))
        for number, flow in flows:
            data = io.BytesIO()
            np.save(data, quantize(flow))
            member = zipfile.ZipInfo(f"{number:06d}.npy")
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data.getvalue(), compresslevel=1)


class FlowFile:
    """Reads a file of `write_flow_file` frame by frame; thread-safe."""

    def __init__(self, path: Path) -> None:
        """Opens the file.

        Raises:
            DataError: if it is missing, damaged, or not a flow file.
        """
        self.path = path
        self._lock = Lock()
        try:
            self._archive = zipfile.ZipFile(path)
            about = json.loads(self._archive.read(_ABOUT))
        except _DAMAGE as error:
            raise DataError(f"{path}: not a file of optical flow, or a damaged one ({error})") from error
        if not isinstance(about, dict) or about.pop("step", None) != STEP:
            raise DataError(f"{path}: its flow is not in steps of {STEP} pixels; remove it, and it is made again")
        self.about: dict[str, Any] = about
        """The `about` values of the writer."""
        self.numbers = sorted(int(name[:-4]) for name in self._archive.namelist() if name[:-4].isdecimal())

    def __len__(self) -> int:
        return len(self.numbers)

    def read(self, number: int) -> Flow:
        """Flow of frame `number`, float32 `[h, w, 2]` in pixels of its own grid; see `resized_flow`.

        Raises:
            DataError: if there is none for that frame, or the file is damaged.
        """
        try:
            with self._lock:
                data = self._archive.read(f"{number:06d}.npy")
            steps = np.load(io.BytesIO(data), allow_pickle=False)
        except KeyError as error:
            raise DataError(f"{self.path}: holds no flow for frame {number}") from error
        except _DAMAGE as error:
            raise DataError(f"{self.path}: the flow of frame {number} is damaged ({error})") from error
        if steps.dtype != np.int16 or steps.ndim != 3 or steps.shape[2] != 2:
            raise DataError(f"{self.path}: frame {number} holds {steps.dtype} {steps.shape}, not int16 [h, w, 2]")
        return dequantize(steps)

    def close(self) -> None:
        """Closes the file."""
        self._archive.close()


def read_flo(path: Path) -> Flow:
    """Reads a `.flo` file (Baker et al., IJCV 2011) with OpenCV.

    Returns:
        float32 `[h, w, 2]`: x and y in pixels. A component above 1e9 means that the flow there is unknown.

    Raises:
        DataError: if the file is missing, not of this format, or not of the length that its header tells.
    """
    try:
        size = path.stat().st_size
        flow = cv2.readOpticalFlow(str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except cv2.error:  # impossible width or height
        flow = None
    if flow is None or size != _FLO_HEADER_BYTES + flow.nbytes:
        raise DataError(f"{path}: not a .flo file, or its {size} bytes are not what its header tells; get a whole copy")
    return np.asarray(flow, dtype=np.float32)


def write_flo(path: Path, flow: Flow) -> None:
    """Writes flow, float32 `[h, w, 2]`, as a `.flo` file with OpenCV.

    Raises:
        DataError: for an array of another shape, or if the file cannot be written.
    """
    if flow.ndim != 3 or flow.shape[2] != 2 or not flow.size:
        raise DataError(f"{path}: not written: flow must be [height, width, 2], this is {flow.shape}")
    with replacing(path) as temporary:
        if not cv2.writeOpticalFlow(str(temporary), np.ascontiguousarray(flow, np.float32)):
            raise DataError(f"{path}: cannot be written; check the space and the permissions")


def colour_wheel(flow: Flow, longest: float | None = None) -> Image:
    """Flow as a colour image: the hue is the direction, the saturation the length; no motion is white.

    Args:
        flow: float32 `[h, w, 2]`.
        longest: length in pixels with full saturation; longer flow is dimmed. By default the maximum of this flow.

    Returns:
        uint8 BGR `[h, w, 3]`.
    """
    flow = np.nan_to_num(flow)
    length = np.hypot(flow[..., 0], flow[..., 1])
    longest = float(length.max()) if longest is None else longest
    radius = length / max(longest, 1e-6)
    wheel = _colours()
    place = (np.arctan2(-flow[..., 1], -flow[..., 0]) / np.pi + 1) / 2 * (len(wheel) - 1)
    below = np.floor(place).astype(int)
    share = (place - below)[..., None]
    hue = (1 - share) * wheel[below] + share * wheel[(below + 1) % len(wheel)]
    inside = radius[..., None] <= 1
    colour = np.where(inside, 1 - radius[..., None] * (1 - hue), _DIMMED * hue)
    return np.ascontiguousarray(np.floor(255 * colour[..., ::-1]).astype(np.uint8))


def motion_mask(flow: Flow, level: float = 0.5) -> Image:
    """Mask of moving pixels: uint8 `[h, w]`, 255 where the flow is longer than `level` pixels, else 0."""
    return np.where(np.hypot(flow[..., 0], flow[..., 1]) > level, 255, 0).astype(np.uint8)


def _colours() -> NDArray[np.float64]:
    corners = [np.array(corner, dtype=np.float64) for corner, _ in _WHEEL]
    parts = [
        corner + (corners[(position + 1) % len(corners)] - corner) * (np.arange(count) / count)[:, None]
        for position, (corner, (_, count)) in enumerate(zip(corners, _WHEEL, strict=True))
    ]
    return np.concatenate(parts)
