"""Training pairs: crops of scenes with objects pasted, shadows cast and the camera's doings on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.models.components.pasting import paste, random_object
from cleanplate.models.components.shading import shade_alone, shade_of, somewhere
from cleanplate.models.hybrid.plate.network import MULTIPLE
from cleanplate.models.hybrid.plate.scenes import Material
from cleanplate.utils.arrays import Image, Score

Kind = TypeVar("Kind", np.uint8, np.float32)

_OBJECTS = (0.2, 0.4, 0.3, 0.1)  # how often none, one, two, three


@dataclass(frozen=True)
class Batch:
    """Crops: frames and backgrounds uint8 BGR `[N, h, w, 3]`, noise float32 `[N, h, w]`, labels uint8 `[N, h, w]`."""

    frames: Image
    backgrounds: Image
    noise: Score
    labels: Image


def draw_batch(materials: Sequence[Material], size: int, side: int, seed: tuple[int, ...]) -> Batch:
    """`size` crops of `side`×`side` pixels (less, in steps of 16, for smaller frames); the seed says which."""
    random = np.random.default_rng(seed)
    crops = [_crop(random, materials, side) for _ in range(size)]
    return Batch(*(np.stack(parts) for parts in zip(*crops, strict=True)))  # four lists


def _crop(random: np.random.Generator, materials: Sequence[Material], side: int) -> tuple[Image, Image, Score, Image]:
    here = materials[int(random.integers(len(materials)))]
    index = int(random.integers(len(here.frames)))
    height, width = (min(side, length // MULTIPLE * MULTIPLE) for length in here.noise.shape)
    top = int(random.integers(here.noise.shape[0] - height + 1))
    left = int(random.integers(here.noise.shape[1] - width + 1))
    mirror = slice(None, None, -1 if random.random() < 0.5 else 1)

    def part(whole: NDArray[Kind]) -> NDArray[Kind]:
        return np.ascontiguousarray(whole[top : top + height, left : left + width][:, mirror])

    picture, background = part(here.frames[index]).astype(np.float32), part(here.backgrounds[index])
    noise, labels = part(here.noise), part(here.labels[index])
    for _ in range(int(random.choice(len(_OBJECTS), p=_OBJECTS))):
        thing = random_object(random, materials, here, background.astype(np.float32))
        place = somewhere(random, picture.shape[:2], *thing.mask.shape)
        shade_of(random, picture, labels, thing.mask, *place)
        paste(random, picture, labels, thing, *place)
    if random.random() < 0.25:
        shade_alone(random, picture, labels)
    return (*photographed(random, picture, background), noise, labels)


def photographed(random: np.random.Generator, picture: NDArray[np.floating], background: Image) -> tuple[Image, Image]:
    """What a camera does to a picture: exposure, white balance, uneven light, shake, noise, compression."""
    height, width = picture.shape[:2]
    if random.random() < 0.5:
        picture = picture * np.exp(random.normal(0, 0.05))
    if random.random() < 0.4:
        picture = picture + random.normal(0, 5) + random.normal(0, 2, 3)
    if random.random() < 0.25:
        coarse = random.normal(0, 0.12, (3, 3)).astype(np.float32)
        picture = picture * (1 + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))[..., None]
    if random.random() < 0.3:
        across, down = random.uniform(-1.2, 1.2, 2)
        motion = np.array([[1, 0, across], [0, 1, down]], np.float32)
        moved = cv2.warpAffine(background, motion, (width, height), borderMode=cv2.BORDER_REPLICATE)
        background = np.asarray(moved, np.uint8)
    if random.random() < 0.5:
        picture = picture + random.normal(0, random.uniform(1, 6), picture.shape)
    frame = np.clip(picture, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        _, packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(50, 95))])
        frame = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return frame, background
