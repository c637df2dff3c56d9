"""A scene ready to be shot, and the one pass that shoots a frame of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from cleanplate.scenes.camera import Sensor, Warp
from cleanplate.scenes.exact import blur, over, times
from cleanplate.scenes.shadows import Sun, cast, darken
from cleanplate.scenes.spec import MOVING, OUTSIDE, SHADOW, STATIC, UNKNOWN
from cleanplate.scenes.stage import Stage
from cleanplate.scenes.traffic import Actor, Placement
from cleanplate.utils.arrays import Image


@dataclass
class Layers:
    """A frame in the making; all of one size, that of the stage until the camera has looked at it.

    Attributes:
        image: uint8 H×W×3 with everybody in it.
        plate: uint8 H×W×3 with nobody in it.
        cover: uint8 H×W, opacity of the objects.
        shade: uint8 H×W, depth of the shadows that they throw.
        doubt: uint8 H×W, 128 and more where nobody could label the pixel (glare, heat halo).
    """

    image: Image
    plate: Image
    cover: Image
    shade: Image
    doubt: Image


@dataclass(frozen=True)
class Scene:
    """What a category's generator returns. Every function gets the frame number, counted from 0.

    Attributes:
        stage: the place.
        actors: who plays.
        sun: light that throws shadows; None for none.
        sensor: the camera's blur and noise.
        backdrop: stage plate of a frame, where the background moves by itself.
        glow: light of the objects themselves, written into the layers.
        light: what happens to the light on image and plate alike.
        warp: where the camera looks; it may be smaller than the stage.
        weather: what falls between camera and scene, on the image only.
        roi: uint8 H×W of the frame, 255 inside; None is everything.
    """

    stage: Stage
    actors: Sequence[Actor]
    sun: Sun | None = None
    sensor: Sensor = field(default_factory=Sensor)
    backdrop: Callable[[int], Image] | None = None
    glow: Callable[[int, Layers, Sequence[Placement]], None] | None = None
    light: Callable[[int, Image], Image] | None = None
    warp: Callable[[int], Warp] | None = None
    weather: Callable[[int, Image], Image] | None = None
    roi: Image | None = None


def shoot(scene: Scene, frame: int) -> Layers:
    """Compose a frame: plate, shadows, objects by depth, their light, the light on all, the camera, the lens.

    Args:
        scene: what to shoot.
        frame: number of the frame, from 0.

    Returns:
        The layers at frame size, before weather and noise.
    """
    plate = scene.stage.plate if scene.backdrop is None else scene.backdrop(frame)
    cover, shade, doubt = (np.zeros(plate.shape[:2], np.uint8) for _ in range(3))
    layers = Layers(plate.copy(), plate, cover, shade, doubt)
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
    marks = np.dstack([layers.cover, layers.shade, layers.doubt])
    if scene.warp is not None:
        warp = scene.warp(frame)
        layers.image, layers.plate, marks = warp.apply(layers.image), warp.apply(layers.plate), warp.apply(marks)
    # The marks go through the same lens as the picture: what is mixed in one is mixed in the other.
    layers.image, layers.plate, marks = (blur(part, scene.sensor.blur) for part in (layers.image, layers.plate, marks))
    layers.cover, layers.shade, layers.doubt = (np.ascontiguousarray(marks[..., index]) for index in range(3))
    return layers


def label(layers: Layers, roi: Image | None) -> Image:
    """CDnet ground truth of a composed frame, uint8 H×W.

    A pixel is an object's, a shadow's or the background's where it is at least 3/4 so (shadow: half), and unknown
    where it is mixed.
    """
    truth = np.full(layers.cover.shape, STATIC, np.uint8)
    truth[layers.shade >= 26] = UNKNOWN
    truth[layers.shade >= 128] = SHADOW
    truth[layers.doubt >= 128] = UNKNOWN
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
    seen = picture[y0 - top : y1 - top, x0 - left : x1 - left]
    for hider in stage.before(place.y):
        if hider[where].any():
            seen = times(seen, 255 - hider[where][..., None])
    alpha = seen[..., 3]
    layers.image[where] = over(layers.image[where], seen[..., :3], alpha[..., None])
    layers.cover[where] = over(layers.cover[where], alpha, alpha)
