"""Training examples of the network: crops of generated scenes with pasted objects, shadows and camera effects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data import open_sequence
from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.data.training import MOVING, UNKNOWN
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.pasting import Cutout, TrainingScene, paste, random_object
from cleanplate.models.components.shading import shade_alone, shade_of, somewhere
from cleanplate.models.hybrid.plate.network import MULTIPLE
from cleanplate.scenes import SceneSpec, categories, write_scene
from cleanplate.utils.arrays import Image, Score

Kind = TypeVar("Kind", np.uint8, np.float32)

_OBJECTS = (0.2, 0.4, 0.3, 0.1)  # probabilities of zero, one, two, three objects
_STATIC = (0, 50)  # a shadow is background
_LARGEST_CUTOUT = 0.15  # of the picture
_SMALLEST_CUTOUT = 60  # pixels


@dataclass(frozen=True)
class Batch:
    """Crops: frames and backgrounds uint8 BGR `[N, h, w, 3]`, noise float32 `[N, h, w]`, labels uint8 `[N, h, w]`."""

    frames: Image
    backgrounds: Image
    noise: Score
    labels: Image


def training_scene(sequence: FrameSequence, model: BackgroundModel, count: int, cutouts: int = 60) -> TrainingScene:
    """Evenly spaced frames with ground truth, and the backgrounds that a fitted `model` gives for them.

    Args:
        sequence: with ground truth.
        model: fitted to it.
        count: largest number of frames.
        cutouts: largest number of objects that are cut out.
    """
    assert sequence.truth is not None
    truth = sequence.truth
    known = [index for index, number in enumerate(sequence.numbers) if truth.path(number) is not None]
    frames, backgrounds, labels = [], [], []
    objects: list[Cutout] = []
    for index in evenly_spaced(known, count):
        frame, marks = sequence[index], truth.read(sequence.numbers[index])
        assert marks is not None
        frames.append(frame)
        backgrounds.append(model.predict([frame])[0].background)
        labels.append(np.select([marks == MOVING, np.isin(marks, _STATIC)], [MOVING, 0], UNKNOWN))
        if len(objects) < cutouts:
            objects.extend(_cut_out(frame, (marks == MOVING).astype(np.uint8)))
    return TrainingScene(
        frames,
        backgrounds,
        [np.asarray(label, np.uint8) for label in labels],
        model.noise_of(sequence.size),
        objects[:cutouts],
    )


def rendered(
    folder: Path, seeds: range, frames: int = 100, size: tuple[int, int] = (240, 320)
) -> Iterator[FrameSequence]:
    """One scene per category of the generator and seed, rendered below `folder` unless it is there already."""
    for seed in seeds:
        for category in categories():
            place = folder / str(seed) / category / "scene"
            if not place.is_dir():
                spec = SceneSpec(category, "scene", height=size[0], width=size[1], frames=frames, seed=seed)
                write_scene(spec, place)
            yield open_sequence(place)


def _cut_out(frame: Image, moving: Image) -> Iterator[Cutout]:
    count, regions, stats, _ = cv2.connectedComponentsWithStats(moving)
    for region in range(1, count):
        left, top, width, height, area = stats[region]
        if _SMALLEST_CUTOUT < area < _LARGEST_CUTOUT * moving.size:
            window = np.s_[top : top + height, left : left + width]
            yield Cutout(frame[window].astype(np.float32), (regions[window] == region).astype(np.uint8))


def draw_batch(scenes: Sequence[TrainingScene], size: int, side: int, seed: tuple[int, ...]) -> Batch:
    """`size` crops of `side`×`side` pixels (less, in steps of 16, from smaller frames), determined by the seed."""
    random = np.random.default_rng(seed)
    crops = [_crop(random, scenes, side) for _ in range(size)]
    return Batch(*(np.stack(parts) for parts in zip(*crops, strict=True)))


def _crop(random: np.random.Generator, scenes: Sequence[TrainingScene], side: int) -> tuple[Image, Image, Score, Image]:
    here = scenes[int(random.integers(len(scenes)))]
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
        thing = random_object(random, scenes, here, background.astype(np.float32))
        place = somewhere(random, picture.shape[:2], *thing.mask.shape)
        shade_of(random, picture, labels, thing.mask, *place)
        paste(random, picture, labels, thing, *place)
    if random.random() < 0.25:
        shade_alone(random, picture, labels)
    return (*camera_effects(random, picture, background), noise, labels)


def camera_effects(
    random: np.random.Generator, picture: NDArray[np.floating], background: Image
) -> tuple[Image, Image]:
    """A picture with camera effects (exposure, white balance, uneven light, noise, JPEG); its background, shifted."""
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
