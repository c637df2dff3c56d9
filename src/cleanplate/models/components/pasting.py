"""Objects pasted into training pictures, together with their labels (uint8: 0, 170 unknown, 255 foreground)."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.data.training import MOVING, UNKNOWN
from cleanplate.models.components.shading import overlap, silhouette
from cleanplate.utils.arrays import Image, Score

_FROM_SCENE = 0.35
_SMALLEST = 8
_DARK_LEVELS = 38.0
_DARK_KEPT = 0.5


@dataclass(frozen=True)
class Cutout:
    """An object: its picture, float32 BGR `[h, w, 3]` in grey levels, and its mask, uint8 `[h, w]` of 0 and 1."""

    picture: Score
    mask: Image


@dataclass(frozen=True)
class TrainingScene:
    """Labelled frames of one scene with their backgrounds.

    Attributes:
        frames: uint8 BGR `[H, W, 3]` each.
        backgrounds: one per frame, the same form.
        labels: one per frame, uint8 `[H, W]`: 0 background, 170 unknown, 255 foreground.
        noise: of the scene, float32 `[H, W]` in grey levels.
        cutouts: objects of the scene.
    """

    frames: list[Image]
    backgrounds: list[Image]
    labels: list[Image]
    noise: Score
    cutouts: list[Cutout]


def random_object(
    random: np.random.Generator, scenes: Sequence[TrainingScene], here: TrainingScene, under: Score
) -> Cutout:
    """An object to paste: one cut out of the scene, or a random silhouette with a random texture.

    Near-black objects are rare: black pixels at the foot of an object are far more often its shadow.

    Args:
        random: source of randomness.
        scenes: all scenes; their frames serve as texture.
        here: the scene that the object is pasted into.
        under: float32 BGR `[h, w, 3]`, the picture that it is pasted into; no object is larger.
    """
    for _ in range(4):
        if here.cutouts and random.random() < _FROM_SCENE:
            thing = _from_scene(random, here, under)
        else:
            thing = _drawn(random, scenes, under)
        if thing.picture[thing.mask > 0].mean() > _DARK_LEVELS or random.random() < _DARK_KEPT:
            break
    return thing


def paste(random: np.random.Generator, picture: Score, labels: Image, thing: Cutout, top: int, left: int) -> None:
    """Blends an object into `picture` and `labels` in place; its soft or blurred border is labelled unknown."""
    alpha = thing.mask.astype(np.float32)
    edge = random.random()
    if edge < 0.5:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), random.uniform(0.5, 1.5)), np.float32)
    elif edge < 0.7:  # motion blur
        alpha = np.asarray(cv2.blur(alpha, (int(random.integers(3, 10)), 1)), np.float32)
    if random.random() < 0.08:
        alpha = alpha * random.uniform(0.6, 0.95)
    window, part = overlap(picture.shape[:2], alpha.shape[:2], top, left)
    share = np.asarray(alpha[part])
    picture[window] += (thing.picture[part] - picture[window]) * share[..., None]
    known = labels[window]
    known[share > 0.6] = MOVING
    known[(share > 0.15) & (share <= 0.6)] = UNKNOWN


def _from_scene(random: np.random.Generator, here: TrainingScene, under: Score) -> Cutout:
    thing = here.cutouts[int(random.integers(len(here.cutouts)))]
    height, width = thing.mask.shape
    scale = min(float(np.exp(random.uniform(-0.5, 0.5))), 1.2 * min(under.shape[:2]) / max(height, width))
    size = (max(3, int(width * scale)), max(3, int(height * scale)))
    picture, mask = cv2.resize(thing.picture, size), cv2.resize(thing.mask, size, interpolation=cv2.INTER_NEAREST)
    if random.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    picture = picture * random.uniform(0.7, 1.3) + random.uniform(-15, 15)
    return Cutout(np.clip(picture, 0, 255).astype(np.float32), np.ascontiguousarray(mask, np.uint8))


def _drawn(random: np.random.Generator, scenes: Sequence[TrainingScene], under: Score) -> Cutout:
    side = min(under.shape[:2])
    height = int(np.exp(random.uniform(np.log(_SMALLEST), np.log(side))))
    width = int(np.clip(height * np.exp(random.uniform(-1.0, 0.9)), 6, side))
    texture = _surface(random, scenes, under, height, width)
    if random.random() < 0.3:  # trousers of another colour than the shirt
        belt = int(height * random.uniform(0.3, 0.7))
        texture[belt:] = texture[belt:] * random.uniform(0.4, 1.3) + random.uniform(-20, 20, 3)
    return Cutout(np.clip(texture, 0, 255).astype(np.float32), silhouette(random, height, width))


def _surface(
    random: np.random.Generator, scenes: Sequence[TrainingScene], under: Score, height: int, width: int
) -> Score:
    kind = random.random()
    size = (height, width, 3)
    if kind < 0.45:  # a piece of any scene
        surface = _texture(random, scenes, height, width) * random.uniform(0.5, 1.5) + random.uniform(-30, 30, 3)
    elif kind < 0.65:  # a gradient between two colours
        share = np.linspace(0, 1, height)[:, None, None]
        surface = np.broadcast_to(random.uniform(0, 255, 3) * (1 - share) + random.uniform(0, 255, 3) * share, size)
    elif kind < 0.85:  # camouflage: nearly the colours of the place
        surface = under[:height, :width].mean(axis=(0, 1)) + random.normal(0, 18, 3) + _blotches(random, size, 25, 2)
    else:  # nearly black
        surface = random.uniform(2, 45) + random.normal(0, 4, 3) + _blotches(random, size, 10, 1.5)
    return np.array(surface, np.float32)


def _texture(random: np.random.Generator, scenes: Sequence[TrainingScene], height: int, width: int) -> Score:
    source = scenes[int(random.integers(len(scenes)))].frames
    frame = source[int(random.integers(len(source)))]
    scale = np.exp(random.uniform(-0.9, 0.7))
    rows, columns = (min(side, max(4, int(wanted * scale))) for side, wanted in zip(frame.shape, (height, width)))  # noqa: B905  # of three lengths two
    top, left = int(random.integers(frame.shape[0] - rows + 1)), int(random.integers(frame.shape[1] - columns + 1))
    piece = frame[top : top + rows, left : left + columns]
    return np.asarray(cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _blotches(random: np.random.Generator, size: tuple[int, int, int], strength: float, smooth: float) -> Score:
    drawn = random.normal(0, strength, size).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), smooth), np.float32)
