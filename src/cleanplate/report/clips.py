"""Moving pictures of a result: a GIF of the foreground, and an MP4 that browsers play."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from cleanplate.data.images import Image
from cleanplate.errors import DataError
from cleanplate.report.colours import cut_out, tinted
from cleanplate.report.scene import SceneResult
from cleanplate.report.text import write

_BAR = 26
_BAR_COLOUR = (40, 33, 28)
_BAR_INK = (225, 225, 225)


def foreground_frames(scene: SceneResult, numbers: Iterable[int], width: int = 320) -> Iterator[Image]:
    """The foreground alone, on the dimmed clean plate; uint8 BGR, at most `width` pixels wide."""
    for number in numbers:
        moment = scene.moment(number)
        yield _narrowed(cut_out(moment.frame, moment.mask, moment.background), width)


def side_by_side(scene: SceneResult, numbers: Iterable[int], width: int = 360) -> Iterator[Image]:
    """Frame, frame with tinted foreground, and background beside each other under their titles; uint8 BGR."""
    for number in numbers:
        moment = scene.moment(number)
        panels = {"frame": moment.frame, "foreground": tinted(moment.frame, moment.mask)}
        if moment.background is not None:
            panels["background"] = moment.background
        row = np.hstack([_narrowed(panel, width) for panel in panels.values()])
        bar = np.full((_BAR, row.shape[1], 3), _BAR_COLOUR, np.uint8)
        for index, title in enumerate(panels):
            write(bar, title, 8 + index * row.shape[1] // len(panels), _BAR // 2, 14, _BAR_INK)
        write(bar, str(number), row.shape[1] - 8, _BAR // 2, 14, _BAR_INK, "rm")
        yield np.vstack([bar, row])


def write_gif(path: Path, frames: Iterable[Image], fps: int) -> None:
    """Writes an endless GIF.

    Args:
        path: the file; its folder is made.
        frames: uint8 BGR `[H, W, 3]` of one size.
        fps: frames per second; GIF counts in hundredths of a second and rounds.

    Raises:
        DataError: if there is no frame.
    """
    pictures = [Pillow.fromarray(np.ascontiguousarray(frame[..., ::-1])) for frame in frames]
    if not pictures:
        raise DataError(f"{path}: no frames to write")
    # One palette for all frames: a palette of its own for each makes still areas flicker.
    sample = np.vstack([np.asarray(picture) for picture in pictures[:: max(1, len(pictures) // 8)]])
    palette = Pillow.fromarray(sample).quantize(255, method=Pillow.Quantize.MEDIANCUT)
    indexed = [picture.quantize(palette=palette, dither=Pillow.Dither.NONE) for picture in pictures]
    path.parent.mkdir(parents=True, exist_ok=True)
    duration = max(20, round(100 / fps) * 10)
    # `optimize` and merging equal frames would change how many frames a reader counts; keep one per frame.
    indexed[0].save(path, save_all=True, append_images=indexed[1:], duration=duration, loop=0, disposal=1)


def write_mp4(path: Path, frames: Iterable[Image], fps: int) -> None:
    """Writes an MP4: H.264 in yuv420p through PyAV, which browsers play; MPEG-4 through OpenCV without PyAV.

    Args:
        path: the file; its folder is made.
        frames: uint8 BGR `[H, W, 3]` of one size; an odd last row or column is doubled, the codec needs even sizes.
        fps: frames per second.

    Raises:
        DataError: if there is no frame, or the video cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = map(_even, frames)
    first = next(stream, None)
    if first is None:
        raise DataError(f"{path}: no frames to write")
    try:
        _write_h264(path, first, stream, fps)
    except ImportError:
        _write_mpeg4(path, first, stream, fps)


def _write_h264(path: Path, first: Image, rest: Iterator[Image], fps: int) -> None:
    import av

    try:
        with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=Fraction(fps), options={"crf": "23", "preset": "medium"})
            stream.height, stream.width = first.shape[:2]
            stream.pix_fmt = "yuv420p"
            for picture in _joined(first, rest):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            container.mux(stream.encode())
    except av.error.FFmpegError as error:
        raise DataError(f"{path}: cannot be encoded: {error}") from error


def _write_mpeg4(path: Path, first: Image, rest: Iterator[Image], fps: int) -> None:
    height, width = first.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), float(fps), (width, height))
    if not writer.isOpened():
        raise DataError(f"{path}: OpenCV cannot write an MP4 here; pip install 'cleanplate[video]'")
    for picture in _joined(first, rest):
        writer.write(picture)
    writer.release()


def _joined(first: Image, rest: Iterator[Image]) -> Iterator[Image]:
    yield first
    yield from rest


def _even(picture: Image) -> Image:
    height, width = picture.shape[:2]
    grown = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(grown, np.uint8)


def _narrowed(picture: Image, width: int) -> Image:
    height, found = picture.shape[:2]
    if found <= width:
        return picture
    size = (width, max(1, round(height * width / found)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
