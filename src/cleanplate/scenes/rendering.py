"""Renders a scene: frames, ground truth, clean plates and regions of interest, in memory or as a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from cleanplate.errors import DataError
from cleanplate.scenes.camera import Noise
from cleanplate.scenes.exact import blur, over, times
from cleanplate.scenes.shadows import cast, darken
from cleanplate.scenes.spec import (
    MOVING,
    OUTSIDE,
    SHADOW,
    STATIC,
    UNKNOWN,
    Layers,
    RenderedFrame,
    Scene,
    SceneSpec,
    build,
    stream,
)
from cleanplate.scenes.stage import Stage
from cleanplate.scenes.traffic import Placement
from cleanplate.utils.arrays import Image

JPEG_QUALITY = 95


def render(spec: SceneSpec) -> Iterator[RenderedFrame]:
    """Render the frames of a scene in order, one at a time.

    Equal specs give identical bits on every x86 machine. A frame depends on the spec and its number only.

    Args:
        spec: the scene.

    Yields:
        Image, ground truth and clean plate of each frame.
    """
    scene = build(spec)
    noise = Noise(stream(spec, "sensor"), scene.sensor, spec.height, spec.width)
    for frame in range(spec.frames):
        layers = compose(scene, frame)
        image = layers.image if scene.weather is None else scene.weather(frame, layers.image)
        yield RenderedFrame(
            image=noise(stream(spec, "noise", frame), image),
            groundtruth=label(layers, scene.roi),
            background=layers.plate,
        )


def compose(scene: Scene, frame: int) -> Layers:
    """Compose a frame from plate, shadows, objects by depth, their light, illumination, camera view and lens blur.

    Args:
        scene: what to render.
        frame: number of the frame, from 0.

    Returns:
        The layers at frame size, before weather and noise.
    """
    plate = scene.stage.plate if scene.backdrop is None else scene.backdrop(frame)
    cover, shade, unknown = (np.zeros(plate.shape[:2], np.uint8) for _ in range(3))
    layers = Layers(plate.copy(), plate, cover, shade, unknown)
    present = [place for actor in scene.actors if (place := actor.at(frame, scene.stage)) is not None]
    present.sort(key=lambda place: place.y)
    if scene.sun is not None:
        for place in present:
            cast(shade, place, scene.sun, scene.stage.before(place.y))
        layers.image = darken(layers.image, shade, scene.sun)
    for place in present:
        _paint(layers, place, scene.stage)
    if scene.glow is not None:
        scene.glow(frame, layers, present)
    if scene.light is not None:
        layers.image, layers.plate = scene.light(frame, layers.image), scene.light(frame, layers.plate)
    marks = np.dstack([layers.cover, layers.shade, layers.unknown])
    if scene.warp is not None:
        warp = scene.warp(frame)
        layers.image, layers.plate, marks = warp.apply(layers.image), warp.apply(layers.plate), warp.apply(marks)
    # The marks are blurred like the picture, so that a mixed pixel has mixed marks.
    layers.image, layers.plate, marks = (blur(part, scene.sensor.blur) for part in (layers.image, layers.plate, marks))
    layers.cover, layers.shade, layers.unknown = (np.ascontiguousarray(marks[..., index]) for index in range(3))
    return layers


def label(layers: Layers, roi: Image | None) -> Image:
    """Return the CDnet ground truth of a composed frame, uint8 H×W.

    A pixel belongs to an object if at least 3/4 of it does, and to a shadow from half on; other mixed pixels are
    unknown.
    """
    truth = np.full(layers.cover.shape, STATIC, np.uint8)
    truth[layers.shade >= 26] = UNKNOWN
    truth[layers.shade >= 128] = SHADOW
    truth[layers.unknown >= 128] = UNKNOWN
    truth[layers.cover >= 24] = UNKNOWN
    truth[layers.cover >= 192] = MOVING
    if roi is not None:
        truth[roi == 0] = OUTSIDE
    return truth


def _paint(layers: Layers, place: Placement, stage: Stage) -> None:
    picture, left = place.sprite.placed(place.height, place.x, place.flipped)
    rows, columns = picture.shape[:2]
    top = round(place.y) - rows
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(stage.height, top + rows), min(stage.width, left + columns)
    if y0 >= y1 or x0 >= x1:
        return
    where = (slice(y0, y1), slice(x0, x1))
    visible = picture[y0 - top : y1 - top, x0 - left : x1 - left]
    for hider in stage.before(place.y):
        if hider[where].any():
            visible = times(visible, 255 - hider[where][..., None])
    alpha = visible[..., 3]
    layers.image[where] = over(layers.image[where], visible[..., :3], alpha[..., None])
    layers.cover[where] = over(layers.cover[where], alpha, alpha)


def roi(spec: SceneSpec) -> Image:
    """Return the region of interest, uint8 H×W: 255 inside, 0 outside. Ground truth is 85 outside."""
    region = build(spec).roi
    return np.full((spec.height, spec.width), 255, np.uint8) if region is None else region


def temporal_roi(spec: SceneSpec) -> tuple[int, int]:
    """Return the first and last scored frame, counted from 1, both included; the first tenth is for warming up."""
    return spec.frames // 10 + 1, spec.frames


def write_scene(spec: SceneSpec, folder: Path, progress: Callable[[int], None] | None = None) -> None:
    """Render a scene into a folder.

    Writes ``input/in%06d.jpg``, ``groundtruth/gt%06d.png``, ``ROI.bmp``, ``ROI.jpg`` and ``temporalROI.txt`` as CDnet
    2014 does, numbered from 1, and the true clean plates as ``background/bg%06d.png``. The plates are sparse: a file
    is valid from its number until the next file, so that a scene with a constant background has ``bg000001.png`` only.

    Args:
        spec: the scene.
        folder: the target folder; it must be empty or not exist.
        progress: called with the number of each frame, from 1, after it is written.

    Raises:
        DataError: if the folder is not empty, or a file cannot be written.
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
    held: Image | None = None
    for number, frame in enumerate(render(spec), start=1):
        _write(folder / "input" / f"in{number:06d}.jpg", frame.image)
        _write(folder / "groundtruth" / f"gt{number:06d}.png", frame.groundtruth)
        if held is None or not np.array_equal(held, frame.background):
            _write(folder / "background" / f"bg{number:06d}.png", frame.background)
            held = frame.background
        if progress is not None:
            progress(number)


def _write(path: Path, picture: Image) -> None:
    # Written by Python: OpenCV's writer fails silently, and on names that are not ASCII.
    done, data = cv2.imencode(
        path.suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix == ".jpg" else []
    )
    if not done:
        raise DataError(f"{path}: OpenCV cannot encode this picture")
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error
