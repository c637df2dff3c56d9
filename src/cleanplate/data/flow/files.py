"""The flow of a whole sequence in one file: a zip archive of int16 arrays, one per frame, that NumPy reads too.

`numpy.load(file)["000012"] / 16` is the flow of frame 12 in pixels. Each frame is compressed for
itself, so that any of them is read without the others; the archive's checksums tell a damaged one.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from cleanplate.data.flow.estimation import STEP, Flow, FlowSettings, FlowTracker, from_steps, on_steps
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import replacing

if TYPE_CHECKING:
    from cleanplate.data.sequence import FrameSequence

_ABOUT = "about.json"
_DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, NotImplementedError)


def write_flow_file(path: Path, flows: Iterable[tuple[int, Flow]], about: dict[str, Any]) -> None:
    """Writes flow, rounded to steps of 1/16 pixel, an existing file being replaced once the new one is complete.

    Args:
        path: where; the suffix should be `.npz`.
        flows: frame numbers, ascending, with float32 `[h, w, 2]` in pixels of its own grid.
        about: plain values that say what the flow was made of, see `FlowFile.about`.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        # The same content is the same file: every member bears the date that zip begins with.
        archive.writestr(zipfile.ZipInfo(_ABOUT), json.dumps({"step": STEP} | about, indent=2))
        for number, flow in flows:
            data = io.BytesIO()
            np.save(data, on_steps(flow))
            member = zipfile.ZipInfo(f"{number:06d}.npy")
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data.getvalue(), compresslevel=1)


class FlowFile:
    """Reads what `write_flow_file` wrote, frame by frame; threads may share one."""

    def __init__(self, path: Path) -> None:
        """Opens the file.

        Raises:
            DataError: if it is missing, damaged, or no flow file.
        """
        self.path = path
        self._lock = Lock()
        try:
            self._archive = zipfile.ZipFile(path)
            about = json.loads(self._archive.read(_ABOUT))
        except _DAMAGE as error:
            raise DataError(f"{path}: no file of optical flow, or a damaged one ({error})") from error
        if not isinstance(about, dict) or about.pop("step", None) != STEP:
            raise DataError(f"{path}: its flow is not in steps of {STEP} pixels; remove it, and it is made again")
        self.about: dict[str, Any] = about
        """What the writer said of the flow."""
        self.numbers = sorted(int(name[:-4]) for name in self._archive.namelist() if name[:-4].isdecimal())

    def __len__(self) -> int:
        return len(self.numbers)

    def read(self, number: int) -> Flow:
        """Flow of frame `number`, float32 `[h, w, 2]` in pixels of its own grid; see `resized_flow`.

        Raises:
            DataError: if it holds none for that frame, or the file is damaged.
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
        return from_steps(steps)

    def close(self) -> None:
        """Closes the file."""
        self._archive.close()


# === sequences: The flow of a sequence's frames: read where it is kept, estimated where it is not.


def flows(
    sequence: "FrameSequence",
    indices: Iterable[int] | None = None,
    settings: FlowSettings = FlowSettings(),  # noqa: B008  # frozen
) -> Iterator[tuple[int, Image, Flow]]:
    """Yields `(index, frame, flow)` in order; the flow is that since the frame before, be it asked for or not.

    Args:
        sequence: its `flow` is read where it has one, whatever its settings.
        indices: which frames, ascending from 0; all by default.
        settings: where the flow is estimated here.

    Raises:
        DataError: see `FrameSequence.frames` and `FlowFile.read`.
    """
    wanted = range(len(sequence)) if indices is None else list(indices)
    if sequence.flow is not None:
        for index, frame in sequence.frames(wanted):
            yield index, frame, sequence.flow.read(sequence.numbers[index])
        return
    tracker = FlowTracker(settings)
    asked = set(wanted)
    for index, frame in sequence.frames(sorted(asked | {index - 1 for index in asked if index})):
        if index not in asked:
            tracker.see(frame)
            continue
        yield index, frame, tracker.next(frame)
