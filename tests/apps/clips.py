"""Tiny videos, folders and pipes to apply models to."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from click.testing import CliRunner, Result

from cleanplate.cli import main
from cleanplate.data.io.images import write_image
from cleanplate.report.clips import write_gif, write_mp4
from in_memory import photographed, textured

HEIGHT, WIDTH, COUNT, SIDE = 48, 64, 30, 12


def frames(count: int = COUNT, height: int = HEIGHT, width: int = WIDTH) -> list[np.ndarray]:
    """A bright square that crosses a textured wall."""
    wall = textured(height, width)
    made = []
    for index in range(count):
        frame = photographed(wall, index)
        left = square_at(index, width)
        frame[height // 3 : height // 3 + SIDE, left : left + SIDE] = (20, 250, 250)
        made.append(frame)
    return made


def square_at(index: int, width: int = WIDTH) -> int:
    """The square's left side in frame `index`."""
    return 2 * index % (width - SIDE)


def video(path: Path, count: int = COUNT, fps: int = 20) -> Path:
    """A video of the format that its suffix says."""
    if path.suffix == ".mp4":
        write_mp4(path, frames(count), fps)
    elif path.suffix == ".gif":
        write_gif(path, frames(count), fps)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (WIDTH, HEIGHT))
        assert writer.isOpened()
        for frame in frames(count):
            writer.write(frame)
        writer.release()
    return path


def folder(path: Path, count: int = COUNT) -> Path:
    """A folder of pictures."""
    for index, frame in enumerate(frames(count)):
        write_image(path / f"shot {index + 1}.png", frame)
    return path


def stream_of(form: str, codec: str, count: int = COUNT) -> bytes:
    """A video as it comes out of a pipe."""
    import av

    data = BytesIO()
    with av.open(data, "w", format=form) as container:
        stream = container.add_stream(codec, rate=Fraction(20))
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for frame in frames(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode())
    return data.getvalue()


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    """`cleanplate apply …`."""
    return CliRunner().invoke(main, ["apply", *(str(argument) for argument in arguments)], input=stdin)


def decoded(path: Path) -> list[np.ndarray]:
    """Frames of a video file, by OpenCV."""
    capture, found = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        found.append(read[1])
    return found
