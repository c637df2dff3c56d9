"""Generated scenes as material for training the head: frames with their backgrounds, noise and true labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from pydantic import Field

from cleanplate.data import open_sequence
from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.models.base import BackgroundModel
from cleanplate.scenes import SceneSpec, categories, write_scene
from cleanplate.utils.arrays import Image, Score

FOREGROUND, BACKGROUND, UNKNOWN = 1, 0, 255

_MOVING = 255
_STATIC = (0, 50)  # a shadow is background
_LARGEST_CUTOUT = 0.15
_SMALLEST_CUTOUT = 60


@dataclass(frozen=True)
class Cutout:
    """An object: its picture, float32 BGR `[h, w, 3]` in grey levels, and its mask, uint8 `[h, w]` of 0 and 1."""

    picture: Score
    mask: Image


@dataclass(frozen=True)
class Material:
    """What a scene gives to learn from.

    Attributes:
        frames: uint8 BGR `[H, W, 3]` each.
        backgrounds: the model's, one per frame.
        labels: uint8 `[H, W]` each: 1 foreground, 0 background, 255 unknown.
        noise: the scene's, float32 `[H, W]` in grey levels.
        cutouts: objects of the scene.
    """

    frames: list[Image]
    backgrounds: list[Image]
    labels: list[Image]
    noise: Score
    cutouts: list[Cutout]


def material(sequence: FrameSequence, model: BackgroundModel, count: int, cutouts: int = 60) -> Material:
    """Frames with truth, evenly spaced, as a fitted `model` sees them.

    Args:
        sequence: with ground truth.
        model: fitted to it.
        count: most frames that are taken.
        cutouts: most objects that are cut out.
    """
    assert sequence.truth is not None
    truth = sequence.truth
    known = [index for index, number in enumerate(sequence.numbers) if truth.path(number) is not None]
    frames, backgrounds, labels = [], [], []
    objects: list[Cutout] = Field([])
    for index in evenly_spaced(known, count):
        frame, marks = sequence[index], truth.read(sequence.numbers[index])
        assert marks is not None
        frames.append(frame)
        backgrounds.append(model.predict([frame])[0].background)
        labels.append(np.select([marks == _MOVING, np.isin(marks, _STATIC)], [FOREGROUND, BACKGROUND], UNKNOWN))
        if len(objects) < cutouts:
            objects.extend(_cut(frame, (marks == _MOVING).astype(np.uint8)))
    return Material(
        frames,
        backgrounds,
        [np.asarray(label, np.uint8) for label in labels],
        model.noise_of(sequence.size),
        objects[:cutouts],
    )


def rendered(
    folder: Path, seeds: range, frames: int = 100, size: tuple[int, int] = (240, 320)
) -> Iterator[FrameSequence]:
    """One scene of every category of the generator for each seed, written below `folder` where it is not there yet."""
    for seed in seeds:
        for category in categories():
            place = folder / str(seed) / category / "scene"
            if not place.is_dir():
                spec = SceneSpec(category, "scene", height=size[0], width=size[1], frames=frames, seed=seed)
                write_scene(spec, place)
            yield open_sequence(place)


def _cut(frame: Image, moving: Image) -> Iterator[Cutout]:
    count, regions, stats, _ = cv2.connectedComponentsWithStats(moving)
    for region in range(1, count):
        left, top, width, height, area = stats[region]
        if _SMALLEST_CUTOUT < area < _LARGEST_CUTOUT * moving.size:
            window = np.s_[top : top + height, left : left + width]
            yield Cutout(frame[window].astype(np.float32), (regions[window] == region).astype(np.uint8))
