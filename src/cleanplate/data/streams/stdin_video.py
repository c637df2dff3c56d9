"""Video on standard input: any container that FFmpeg reads forwards, or raw pictures of a known size."""

import re
from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

import numpy as np

from cleanplate.data.streams.stream import Numbered, plausible_rate
from cleanplate.errors import DataError

_RAW = re.compile(r"(\d+)x(\d+)(?:@(\d+(?:\.\d+)?))?")
_MAX_BYTES = 2**31


class _ForwardOnly:
    """A file without `seek`, so that FFmpeg reads it forwards."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        return self._file.read(size)


class StdinVideo:
    """A video on standard input (MJPEG, MPEG-TS, Matroska/WebM, AVI, Y4M, H.264, …), decoded by PyAV."""

    live = True
    pictures = False
    total = None
    name = "standard input"

    def __init__(self, file: BinaryIO) -> None:
        """Raises `DataError` if PyAV is missing; reads nothing yet."""
        try:
            import av
        except ImportError as error:
            raise DataError(
                "-: a video on standard input needs PyAV: pip install 'cleanplate[video]'; or pipe raw pictures and "
                "say --raw WIDTHxHEIGHT"
            ) from error
        self._av = av
        self._file = file
        self.frames_per_second = plausible_rate(0)

    def frames(self) -> Iterator[Numbered]:
        """See `FrameStream`."""
        number = 0
        try:
            with self._av.open(_ForwardOnly(self._file), "r") as container:
                if not container.streams.video:
                    raise DataError("-: what came on standard input holds no video")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                self.frames_per_second = plausible_rate(float(stream.average_rate or stream.guessed_rate or 0))
                for number, frame in enumerate(container.decode(stream), 1):
                    yield number, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
        except self._av.error.FFmpegError as error:
            if number:
                raise DataError(f"-: the video on standard input is damaged after frame {number}: {error}") from error
            raise DataError(
                "-: what came on standard input is empty or no video that can be read forwards; pipe MJPEG, MPEG-TS, "
                "Matroska, AVI or Y4M (an MP4 must be made with -movflags frag_keyframe), or say --raw WIDTHxHEIGHT"
            ) from error

    def sequence(self, most: int | None = None) -> None:
        """See `FrameStream`."""


class RawStdinVideo:
    """Raw pictures, uint8 BGR row by row, as FFmpeg's `-f rawvideo -pix_fmt bgr24` writes them."""

    live = True
    pictures = False
    total = None
    name = "standard input"

    def __init__(self, file: BinaryIO, form: str) -> None:
        """Args: `form` is `WIDTHxHEIGHT` or `WIDTHxHEIGHT@FPS`; raises `DataError` for anything else."""
        found = _RAW.fullmatch(form)
        width, height = (int(found[1]), int(found[2])) if found else (0, 0)
        if found is None or not 0 < width * height * 3 < _MAX_BYTES:
            raise DataError(
                f"--raw {form}: not the size of a picture; say WIDTHxHEIGHT or WIDTHxHEIGHT@FPS, as 640x480@30"
            )
        self.frames_per_second = plausible_rate(float(found[3] or 0))
        self._file = file
        self._shape = (height, width, 3)

    def frames(self) -> Iterator[Numbered]:
        """See `FrameStream`; raises if the last picture is incomplete."""
        size = int(np.prod(self._shape))
        for number in count(1):
            data = self._file.read(size)
            if not data:
                return
            if len(data) < size:
                height, width = self._shape[:2]
                raise DataError(
                    f"-: standard input ends within picture {number}: {len(data)} of {size} bytes; is --raw "
                    f"{width}x{height} right, and are they bgr24?"
                )
            yield number, np.frombuffer(data, np.uint8).reshape(self._shape).copy()

    def sequence(self, most: int | None = None) -> None:
        """See `FrameStream`."""
