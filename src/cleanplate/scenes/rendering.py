"""From a spec to frames, region of interest and temporal region of interest."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from cleanplate.errors import DataError
from cleanplate.scenes.camera import Noise
from cleanplate.scenes.scene import label, shoot
from cleanplate.scenes.spec import RenderedFrame, SceneSpec, build, stream


def render(spec: SceneSpec) -> Iterator[RenderedFrame]:
    """Render the frames of a scene in order, one at a time.

    Equal specs give equal bits on every x86 machine. A frame depends on the spec and on its number only.

    Args:
        spec: the scene.

    Yields:
        Image, ground truth and clean plate of each frame.
    """
    scene = build(spec)
    noise = Noise(stream(spec, "sensor"), scene.sensor, spec.height, spec.width)
    for frame in range(spec.frames):
        layers = shoot(scene, frame)
        image = layers.image if scene.weather is None else scene.weather(frame, layers.image)
        yield RenderedFrame(
            image=noise(stream(spec, "noise", frame), image),
            groundtruth=label(layers, scene.roi),
            background=layers.plate,
        )


def roi(spec: SceneSpec) -> npt.NDArray[np.uint8]:
    """Region of interest, uint8 H×W: 255 inside, 0 outside. Ground truth is 85 outside."""
    region = build(spec).roi
    return np.full((spec.height, spec.width), 255, np.uint8) if region is None else region


def temporal_roi(spec: SceneSpec) -> tuple[int, int]:
    """First and last frame to score, counted from 1, both included; the first tenth is for warming up."""
    return spec.frames // 10 + 1, spec.frames


# === files: A scene as a folder in the layout of CDnet 2014.

JPEG_QUALITY = 95


def write_scene(spec: SceneSpec, folder: Path, progress: Callable[[int], None] | None = None) -> None:
    """Render a scene into a folder.

    Writes ``input/in%06d.jpg``, ``groundtruth/gt%06d.png``, ``ROI.bmp``, ``ROI.jpg`` and ``temporalROI.txt`` as CDnet
    2014 does, numbered from 1, and the true clean plates as ``background/bg%06d.png``. The plates are sparse: a file
    holds from its number on until the next one, so that a scene with a constant background has ``bg000001.png`` only.

    Args:
        spec: the scene.
        folder: where to; it must be empty or not exist.
        progress: called with the number of each frame, from 1, after it is written.

    Raises:
        DataError: the folder holds something already, or a file cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: is not an empty folder; remove it, or render {spec.scene} somewhere else")
    for name in ("input", "groundtruth", "background"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    region = roi(spec)
    _write(folder / "ROI.bmp", region)
    _write(folder / "ROI.jpg", region)
    first, last = temporal_roi(spec)
    (folder / "temporalROI.txt").write_text(f"{first} {last}\n", encoding="ascii")
    held: npt.NDArray[np.uint8] | None = None
    for number, frame in enumerate(render(spec), start=1):
        _write(folder / "input" / f"in{number:06d}.jpg", frame.image)
        _write(folder / "groundtruth" / f"gt{number:06d}.png", frame.groundtruth)
        if held is None or not np.array_equal(held, frame.background):
            _write(folder / "background" / f"bg{number:06d}.png", frame.background)
            held = frame.background
        if progress is not None:
            progress(number)


def _write(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    # Encoded here and written by Python: OpenCV's own writer fails silently, and on names that are not ASCII.
    done, data = cv2.imencode(
        path.suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix == ".jpg" else []
    )
    if not done:
        raise DataError(f"{path}: OpenCV cannot encode this picture")
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error
