"""Shadows, which are background: at the foot of an object, cast over the ground, or of something out of sight."""

import cv2
import numpy as np

from cleanplate.foreground.difference import Image, Score
from cleanplate.models.plate.pasting import overlap
from cleanplate.models.plate.scenes import FOREGROUND
from cleanplate.models.plate.silhouettes import silhouette

_DARKEST = 0.1  # under a car hardly any light is left
_TINT = 0.03


def shade_of(random: np.random.Generator, picture: Score, labels: Image, mask: Image, top: int, left: int) -> None:
    """Darkens `picture` in place around an object that is about to be pasted there: contact shadows, a cast one.

    Wide things, vehicles among them, have a contact shadow three times of four, upright ones half of the time.
    """
    height, width = mask.shape
    if random.random() < (0.75 if width >= 0.8 * height else 0.5):
        for _ in range(int(random.integers(1, 3))):
            dark = float(np.exp(random.uniform(np.log(_DARKEST), np.log(0.75))))
            shadow = _contact(random, picture.shape[:2], height, width, top, left)
            darken(random, picture, labels, shadow, dark, random.uniform(0.5, 3))
    if random.random() < 0.45:
        slant, flat = random.uniform(-1.5, 1.5), random.uniform(-0.6, 0.6)
        # Sheared and flattened, the foot staying where the object stands.
        motion = np.array([[1, slant, left - slant * height], [0, flat, top + height - flat * height]], np.float32)
        cast = cv2.warpAffine(mask.astype(np.float32), motion, (picture.shape[1], picture.shape[0]))
        dark, soft = random.uniform(0.25, 0.85), random.uniform(0.5, 3)
        darken(random, picture, labels, np.asarray(cast, np.float32), dark, soft)


def shade_alone(random: np.random.Generator, picture: Score, labels: Image) -> None:
    """A shadow without an object: a cloud, a tree, somebody outside the picture."""
    side = min(picture.shape[:2])
    height, width = int(random.integers(8, side)), int(random.integers(8, side))
    top, left = somewhere(random, picture.shape[:2], height, width)
    window, part = overlap(picture.shape[:2], (height, width), top, left)
    shadow = np.zeros(picture.shape[:2], np.float32)
    shadow[window] = silhouette(random, height, width)[part]
    darken(random, picture, labels, shadow, random.uniform(0.15, 0.9), random.uniform(0.5, 5))


def darken(random: np.random.Generator, picture: Score, labels: Image, shadow: Score, dark: float, soft: float) -> None:
    """Multiplies by `dark`, slightly tinted, where `shadow` (float32 `[H, W]`, 0 to 1) lies; objects stay."""
    shadow = np.asarray(cv2.GaussianBlur(shadow, (0, 0), soft), np.float32)
    tint = 1 + random.normal(0, _TINT, 3).astype(np.float32)
    factor = 1 - shadow[..., None] * (1 - np.float32(min(dark, 0.98)) * tint)
    factor[labels == FOREGROUND] = 1
    picture *= factor


def somewhere(random: np.random.Generator, outer: tuple[int, ...], height: int, width: int) -> tuple[int, int]:
    """A place, top and left, where at least about half of a picture of that size can be seen."""
    top = int(random.integers(-height // 2, outer[0] - height // 2))
    left = int(random.integers(-width // 2, outer[1] - width // 2))
    return top, left


def _contact(random: np.random.Generator, size: tuple[int, ...], height: int, width: int, top: int, left: int) -> Score:
    shadow = np.zeros(size[:2], np.float32)
    reach, depth = max(2.0, width * random.uniform(0.35, 0.75)), max(2.0, height * random.uniform(0.05, 0.3))
    across = int(left + width / 2 + random.normal(0, width * 0.15))
    down = int(top + height * random.uniform(0.85, 1.08))
    if random.random() < 0.5:
        cv2.ellipse(shadow, (across, down), (int(reach), int(depth)), random.uniform(-15, 15), 0, 360, 1, -1)
    else:
        lean = random.uniform(-0.6, 0.6) * depth
        corners = [(-reach + lean, -depth), (reach + lean, -depth), (reach - lean, depth), (-reach - lean, depth)]
        cv2.fillPoly(shadow, [np.array([(across + x, down + y) for x, y in corners], np.int32)], 1)
    return shadow
