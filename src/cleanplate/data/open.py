"""Opens the user's input as a sequence, with random access, or as a stream, which is read once."""

import glob
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import cv2
import numpy as np

from cleanplate.data.datasets.cdnet import open_sequence
from cleanplate.data.io.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES, is_picture
from cleanplate.data.io.sources import FramesInMemory, ImageFiles, natural_key
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.camera import CameraStream
from cleanplate.data.streams.stdin_video import RawStdinVideo, StdinVideo
from cleanplate.data.streams.stream import FrameStream, SequenceStream, VideoStream, subsample
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.retry import RetryPolicy

FramesLike = FrameSequence | Path | str | Iterable[Image] | cv2.VideoCapture
"""All that `BackgroundModel.fit` takes for a scene."""

MOST_FRAMES = 1000
MOST_BYTES = 2**30
"""So much of an iterator or a capture is kept in memory, at most."""

CAMERA_FRAMES = 200
"""So many frames are read from a capture that does not end."""

_ADDRESS = re.compile(r"(rtsp|rtsps|rtmp|rtmps|http|https|udp|tcp|srt|rtp)://.+", re.IGNORECASE)


def as_sequence(frames: FramesLike, convert: Callable[[Any], Image] = np.asarray) -> FrameSequence:
    """Returns frames as a sequence, whatever form they come in.

    Args:
        frames: a sequence, returned as it is; a path, opened by `open_sequence`; a list, tuple or array of frames; an
            iterator of frames; or a `cv2.VideoCapture`, read from where it stands to its end. A capture that does not
            tell how many frames it has, such as a camera, is read for `CAMERA_FRAMES` frames. Of iterators and
            captures at most `MOST_FRAMES` frames and `MOST_BYTES` bytes are kept: every frame, or every second, every
            fourth, … where there are more.
        convert: makes a frame uint8 BGR `[H, W, 3]`, or raises.

    Raises:
        DataError: if there are no frames, or `frames` is nothing of these.
    """
    if isinstance(frames, FrameSequence):
        return frames
    if isinstance(frames, Path | str):
        return open_sequence(frames)
    kept: list[Image] = []
    step = 1
    if isinstance(frames, list | tuple | np.ndarray):
        if isinstance(frames, np.ndarray) and (frames.ndim < 3 or (frames.ndim == 3 and frames.shape[2] in (3, 4))):
            raise DataError(
                f"frames: an array {frames.shape} is a single frame; give [N, H, W, 3], or a list of frames"
            )
        kept = [convert(frame) for frame in frames]
    else:
        if isinstance(frames, cv2.VideoCapture):
            frames = _frames_of(frames)
        elif not isinstance(frames, Iterable):
            raise DataError(
                f"frames: {type(frames).__name__} holds no frames; give a sequence, a path, a list, array or iterator "
                "of frames, or a cv2.VideoCapture"
            )
        copies = (np.array(convert(frame)) for frame in frames)  # a capture may write the next frame over this one
        first = next(copies, None)
        if first is not None:
            most = max(2, min(MOST_FRAMES, MOST_BYTES // first.nbytes))
            kept, step = subsample(chain([first], copies), most)
    if not kept:
        raise DataError("frames: there are none; check that the video opened and the list is not empty")
    return FrameSequence("frames", FramesInMemory(kept, "frames"), range(1, step * len(kept) + 1, step))


def _frames_of(capture: cv2.VideoCapture) -> Iterator[Any]:
    """The frames that a capture has left."""
    if not capture.isOpened():
        raise DataError("frames: the cv2.VideoCapture is not open; check its file name or the camera's number")
    ends = capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
    for _ in count() if ends else range(CAMERA_FRAMES):
        ok, frame = capture.read()
        if not ok:
            return
        yield frame


def open_stream(
    location: str,
    retry: RetryPolicy,
    raw: str = "",
    stop: Event | None = None,
    notice: Callable[[str], None] = lambda text: None,
    stdin: BinaryIO | None = None,
) -> FrameStream:
    """Opens a video file, GIF, folder of pictures, CDnet folder, glob, webcam, address, or `-` for standard input.

    Args:
        location: what to open; digits alone are the number of a webcam.
        retry: when and how often a lost camera is opened again.
        raw: `WIDTHxHEIGHT` or `WIDTHxHEIGHT@FPS` if standard input holds raw BGR pictures.
        stop: ends the frames of a camera when it is set.
        notice: called with one line about a lost camera.
        stdin: replaces standard input.

    Raises:
        DataError: if it does not exist or contains no frames.
    """
    if raw and location != "-":
        raise DataError(f"--raw {raw}: is for raw pictures on standard input; say - in place of {location}")
    if location == "-":
        if stdin is None and sys.stdin.isatty():
            raise DataError("-: standard input is a terminal; pipe a video into it, or name a file")
        file = sys.stdin.buffer if stdin is None else stdin
        return RawStdinVideo(file, raw) if raw else StdinVideo(file)
    path = Path(location)
    if location.isascii() and location.isdecimal() and not path.exists():
        return CameraStream(int(location), retry, stop, notice)
    if _ADDRESS.fullmatch(location):
        return CameraStream(location, retry, stop, notice)
    try:
        if path.is_dir():
            return SequenceStream(open_sequence(path))
        if path.exists():
            return _open_file(path)
    except OSError as error:
        raise DataError(f"{location}: cannot be read: {error.strerror or error}; check its permissions") from error
    if any(sign in location for sign in "*?["):
        return SequenceStream(_open_glob(location))
    raise DataError(f"{location}: no such file or folder; check the name (a webcam is a number: 0)")


def _open_file(path: Path) -> FrameStream:
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return VideoStream(path)
    if is_picture(path):
        raise DataError(f"{path}: a single picture; give its folder, or a glob ('{path.parent}/*{path.suffix}')")
    kinds = ", ".join(sorted(VIDEO_SUFFIXES))
    raise DataError(f"{path}: neither a folder nor a video; a video's name ends in {kinds}")


def _open_glob(pattern: str) -> FrameSequence:
    paths = [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207  # pathlib has no absolute glob
    pictures = sorted(
        (path for path in paths if is_picture(path) and path.is_file()), key=lambda path: natural_key(str(path))
    )
    if not pictures:
        found = f"none of the {len(paths)} files it fits is a picture" if paths else "fits no file"
        raise DataError(f"{pattern}: {found} (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
    source = ImageFiles(pictures)
    return FrameSequence(Path(pattern).parent.name or "pictures", source, range(1, len(source) + 1))
