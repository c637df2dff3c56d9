"""Clips of a result: a GIF, an MP4 for browsers, a WebM with alpha."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow

from cleanplate.errors import DataError
from cleanplate.report.colours import cut_out, tinted
from cleanplate.report.scene import SceneResult
from cleanplate.report.text import write
from cleanplate.utils.arrays import Image

_BAR = 26
_BAR_COLOUR = (40, 33, 28)
_BAR_INK = (225, 225, 225)
_BOX = 24


def foreground_frames(scene: SceneResult, numbers: Iterable[int], width: int = 320) -> Iterator[Image]:
    """The foreground alone, on the dimmed clean plate; uint8 BGR, at most `width` pixels wide."""
    for number in numbers:
        moment = scene.moment(number)
        yield _panel(scene, cut_out(moment.frame, moment.mask, moment.background), width)


def side_by_side(scene: SceneResult, numbers: Iterable[int], width: int = 360) -> Iterator[Image]:
    """Frame, frame with tinted foreground, and background beside each other under their titles; uint8 BGR."""
    for number in numbers:
        moment = scene.moment(number)
        panels = {"frame": moment.frame, "foreground": tinted(moment.frame, moment.mask)}
        if moment.background is not None:
            panels["background"] = moment.background
        row = np.hstack([_panel(scene, panel, width) for panel in panels.values()])
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


def write_mp4(path: Path, frames: Iterable[Image], fps: int | Fraction, preset: str = "medium") -> None:
    """Writes an MP4: H.264 in yuv420p through PyAV, which browsers play; MPEG-4 through OpenCV without PyAV.

    Args:
        path: the file; its folder is made.
        frames: uint8 BGR `[H, W, 3]` of one size; an odd last row or column is doubled, the codec needs even sizes.
        fps: frames per second.
        preset: x264's trade of speed for size.

    Raises:
        DataError: if there is no frame, or the video cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = map(_even, frames)
    first = next(stream, None)
    if first is None:
        raise DataError(f"{path}: no frames to write")
    try:
        _encode(path, first, stream, fps, "libx264", "yuv420p", {"crf": "23", "preset": preset})
    except ImportError:
        _write_mpeg4(path, first, stream, fps)


def write_webm(path: Path, frames: Iterable[Image], fps: int | Fraction) -> None:
    """Writes a WebM: VP9 through PyAV, with alpha where the frames have it.

    Args:
        path: the file; its folder is made.
        frames: uint8 BGR `[H, W, 3]` or BGRA `[H, W, 4]` of one size; an odd last row or column is doubled.
        fps: frames per second.

    Raises:
        DataError: if there is no frame, or the video cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = map(_even, frames)
    first = next(stream, None)
    if first is None:
        raise DataError(f"{path}: no frames to write")
    options = {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "8", "row-mt": "1"}
    pixels = "yuva420p" if first.shape[2] == 4 else "yuv420p"
    try:
        _encode(path, first, stream, fps, "libvpx-vp9", pixels, options)
    except ImportError as error:
        raise DataError(f"{path}: a WebM needs PyAV; pip install 'cleanplate[video]'") from error


def _encode(
    path: Path,
    first: Image,
    rest: Iterator[Image],
    fps: int | Fraction,
    codec: str,
    pixels: str,
    options: dict[str, str],
) -> None:
    import av

    form = "bgra" if first.shape[2] == 4 else "bgr24"
    # The table of contents in front: browsers begin to play before all is there. Other containers know no such option.
    container_options = {"movflags": "faststart"} if path.suffix.lower() in {".mp4", ".mov"} else {}
    try:
        with av.open(str(path), "w", options=container_options) as container:
            stream: Any = container.add_stream(codec, rate=Fraction(fps), options=options)
            stream.height, stream.width = first.shape[:2]
            stream.pix_fmt = pixels
            for picture in _joined(first, rest):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format=form)))
            container.mux(stream.encode())
    except av.error.FFmpegError as error:
        raise DataError(f"{path}: cannot be encoded: {error}") from error


def _write_mpeg4(path: Path, first: Image, rest: Iterator[Image], fps: int | Fraction) -> None:
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


def _panel(scene: SceneResult, picture: Image, width: int) -> Image:
    """A picture as a clip shows it: still pictures have many sizes, a clip has one."""
    if scene.sequence.still_pictures:
        return boxed(picture, (width, 3 * width // 4))
    return narrowed(picture, width)


def boxed(picture: Image, size: tuple[int, int]) -> Image:
    """A picture in the middle of a box of `size` (width, height), as large as fits, its proportions kept; uint8."""
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    wide, high = (max(1, round(length * scale)) for length in (picture.shape[1], picture.shape[0]))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    box = np.full((size[1], size[0], *picture.shape[2:]), _BOX, np.uint8)
    top, left = (size[1] - high) // 2, (size[0] - wide) // 2
    box[top : top + high, left : left + wide] = cv2.resize(picture, (wide, high), interpolation=smooth)
    return box


def narrowed(picture: Image, width: int) -> Image:
    """A picture at most `width` pixels wide, uint8."""
    height, found = picture.shape[:2]
    if found <= width:
        return picture
    size = (width, max(1, round(height * width / found)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
