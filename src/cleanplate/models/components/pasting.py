"""Objects pasted into a picture, and the label of every pixel with them."""

from collections.abc import Sequence

import cv2
import numpy as np

from cleanplate.models.components.shading import overlap, silhouette
from cleanplate.models.hybrid.plate.scenes import FOREGROUND, UNKNOWN, Cutout, Material
from cleanplate.utils.arrays import Image, Score

_FROM_SCENE = 0.35
_SMALLEST = 8
_DARK_LEVELS = 38.0
_DARK_KEPT = 0.5


def random_object(random: np.random.Generator, materials: Sequence[Material], here: Material, under: Score) -> Cutout:
    """A thing that might pass: cut out of the scene, or a silhouette with some skin.

    Near-black ones are rare: what is black at an object's foot is its shadow far more often than an object.

    Args:
        random: where chance comes from.
        materials: all scenes, whose pictures serve as texture.
        here: the scene that it is pasted into.
        under: float32 BGR `[h, w, 3]`, the place; no object is larger.
    """
    for _ in range(4):
        if here.cutouts and random.random() < _FROM_SCENE:
            thing = _from_scene(random, here, under)
        else:
            thing = _drawn(random, materials, under)
        if thing.picture[thing.mask > 0].mean() > _DARK_LEVELS or random.random() < _DARK_KEPT:
            break
    return thing


def paste(random: np.random.Generator, picture: Score, labels: Image, thing: Cutout, top: int, left: int) -> None:
    """Blends a thing into `picture` and `labels` in place; its soft or smeared border is left unknown."""
    alpha = thing.mask.astype(np.float32)
    edge = random.random()
    if edge < 0.5:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), random.uniform(0.5, 1.5)), np.float32)
    elif edge < 0.7:  # it moved while the shutter was open
        alpha = np.asarray(cv2.blur(alpha, (int(random.integers(3, 10)), 1)), np.float32)
    if random.random() < 0.08:
        alpha = alpha * random.uniform(0.6, 0.95)
    window, part = overlap(picture.shape[:2], alpha.shape[:2], top, left)
    share = np.asarray(alpha[part])
    picture[window] += (thing.picture[part] - picture[window]) * share[..., None]
    known = labels[window]
    known[share > 0.6] = FOREGROUND
    known[(share > 0.15) & (share <= 0.6)] = UNKNOWN


def _from_scene(random: np.random.Generator, here: Material, under: Score) -> Cutout:
    thing = here.cutouts[int(random.integers(len(here.cutouts)))]
    height, width = thing.mask.shape
    scale = min(float(np.exp(random.uniform(-0.5, 0.5))), 1.2 * min(under.shape[:2]) / max(height, width))
    size = (max(3, int(width * scale)), max(3, int(height * scale)))
    picture, mask = cv2.resize(thing.picture, size), cv2.resize(thing.mask, size, interpolation=cv2.INTER_NEAREST)
    if random.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    picture = picture * random.uniform(0.7, 1.3) + random.uniform(-15, 15)
    return Cutout(np.clip(picture, 0, 255).astype(np.float32), np.ascontiguousarray(mask, np.uint8))


def _drawn(random: np.random.Generator, materials: Sequence[Material], under: Score) -> Cutout:
    side = min(under.shape[:2])
    height = int(np.exp(random.uniform(np.log(_SMALLEST), np.log(side))))
    width = int(np.clip(height * np.exp(random.uniform(-1.0, 0.9)), 6, side))
    skin = _skin(random, materials, under, height, width)
    if random.random() < 0.3:  # trousers of another colour than the shirt
        belt = int(height * random.uniform(0.3, 0.7))
        skin[belt:] = skin[belt:] * random.uniform(0.4, 1.3) + random.uniform(-20, 20, 3)
    return Cutout(np.clip(skin, 0, 255).astype(np.float32), silhouette(random, height, width))


def _skin(random: np.random.Generator, materials: Sequence[Material], under: Score, height: int, width: int) -> Score:
    kind = random.random()
    size = (height, width, 3)
    if kind < 0.45:  # some piece of some scene
        skin = _texture(random, materials, height, width) * random.uniform(0.5, 1.5) + random.uniform(-30, 30, 3)
    elif kind < 0.65:  # from one colour to another
        share = np.linspace(0, 1, height)[:, None, None]
        skin = np.broadcast_to(random.uniform(0, 255, 3) * (1 - share) + random.uniform(0, 255, 3) * share, size)
    elif kind < 0.85:  # nearly the colours of the place
        skin = under[:height, :width].mean(axis=(0, 1)) + random.normal(0, 18, 3) + _blotches(random, size, 25, 2)
    else:  # nearly black
        skin = random.uniform(2, 45) + random.normal(0, 4, 3) + _blotches(random, size, 10, 1.5)
    return np.array(skin, np.float32)


def _texture(random: np.random.Generator, materials: Sequence[Material], height: int, width: int) -> Score:
    source = materials[int(random.integers(len(materials)))].frames
    frame = source[int(random.integers(len(source)))]
    scale = np.exp(random.uniform(-0.9, 0.7))
    rows, columns = (min(side, max(4, int(wanted * scale))) for side, wanted in zip(frame.shape, (height, width)))  # noqa: B905  # the channels are of no use
    top, left = int(random.integers(frame.shape[0] - rows + 1)), int(random.integers(frame.shape[1] - columns + 1))
    piece = frame[top : top + rows, left : left + columns]
    return np.asarray(cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _blotches(random: np.random.Generator, size: tuple[int, int, int], strength: float, smooth: float) -> Score:
    drawn = random.normal(0, strength, size).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), smooth), np.float32)
