"""Random silhouettes of objects, and the shadows they cast, for training pictures.

Silhouettes are drawn at random so that a network learns no particular kind of object. Shadows are background: at the
foot of an object, cast over the ground, or of something outside the picture. Labels are uint8 `[H, W]` of 0 background,
170 unknown and 255 foreground.
"""

import cv2
import numpy as np

from cleanplate.data.training import MOVING
from cleanplate.utils.arrays import Image, Score

_DARKEST = 0.1  # under a car hardly any light is left
_TINT = 0.03


def silhouette(random: np.random.Generator, height: int, width: int) -> Image:
    """A random silhouette of one of four kinds, uint8 `[height, width]` of 0 and 1."""
    kinds = (_superellipse, _polygon, _vehicle, _figure)
    return kinds[int(random.integers(len(kinds)))](random, height, width)


def _superellipse(random: np.random.Generator, height: int, width: int) -> Image:
    exponent = random.uniform(1.5, 5)  # from a rhombus with round sides to a rectangle with round corners
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(np.abs(across) ** exponent + np.abs(down) ** exponent <= 1, np.uint8)


def _polygon(random: np.random.Generator, height: int, width: int) -> Image:
    corners = int(random.integers(4, 9))
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = random.uniform(0.5, 1, corners)
    points = np.stack([(np.cos(angles) * reach + 1) / 2 * width, (np.sin(angles) * reach + 1) / 2 * height], axis=1)
    return _filled(points, height, width)


def _vehicle(random: np.random.Generator, height: int, width: int) -> Image:
    """A body with a cabin on top."""
    mask = np.zeros((height, width), np.uint8)
    roof = int(height * random.uniform(0.3, 0.55))
    mask[roof:] = 1
    mask[:roof, int(width * random.uniform(0.05, 0.35)) : int(width * random.uniform(0.6, 0.95))] = 1
    return np.asarray(cv2.medianBlur(mask, 5), np.uint8) if min(height, width) > 6 else mask


def _figure(random: np.random.Generator, height: int, width: int) -> Image:
    """A person standing: head, trunk, two legs."""
    mask = np.zeros((height, width), np.uint8)
    middle = width // 2
    head = max(2, int(height * 0.09))
    cv2.circle(mask, (middle, head + 1), head, 1, -1)
    trunk = (max(2, int(width * random.uniform(0.25, 0.45))), max(1, int(height * 0.24)))
    cv2.ellipse(mask, (middle, int(height * 0.38)), trunk, 0, 0, 360, 1, -1)
    stride, leg = int(width * random.uniform(0.05, 0.3)), max(2, int(width * 0.18))
    for side in (-1, 1):
        hip, foot = (middle + side * leg // 2, int(height * 0.55)), (middle + side * stride, height - 1)
        cv2.line(mask, hip, foot, 1, leg)
    return mask


def _filled(points: np.ndarray, height: int, width: int) -> Image:
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    return mask


def shade_of(random: np.random.Generator, picture: Score, labels: Image, mask: Image, top: int, left: int) -> None:
    """Darkens `picture` in place where an object will be pasted: contact shadows at its foot, a cast shadow.

    Wide objects, such as vehicles, get a contact shadow three times out of four, upright ones half of the time.
    """
    height, width = mask.shape
    if random.random() < (0.75 if width >= 0.8 * height else 0.5):
        for _ in range(int(random.integers(1, 3))):
            dark = float(np.exp(random.uniform(np.log(_DARKEST), np.log(0.75))))
            shadow = _contact(random, picture.shape[:2], height, width, top, left)
            darken(random, picture, labels, shadow, dark, random.uniform(0.5, 3))
    if random.random() < 0.45:
        slant, flat = random.uniform(-1.5, 1.5), random.uniform(-0.6, 0.6)
        # Sheared and flattened; the foot stays where the object stands.
        motion = np.array([[1, slant, left - slant * height], [0, flat, top + height - flat * height]], np.float32)
        cast = cv2.warpAffine(mask.astype(np.float32), motion, (picture.shape[1], picture.shape[0]))
        dark, soft = random.uniform(0.25, 0.85), random.uniform(0.5, 3)
        darken(random, picture, labels, np.asarray(cast, np.float32), dark, soft)


def shade_alone(random: np.random.Generator, picture: Score, labels: Image) -> None:
    """Darkens `picture` in place by the shadow of something outside it: a cloud, a tree, a person."""
    side = min(picture.shape[:2])
    height, width = int(random.integers(8, side)), int(random.integers(8, side))
    top, left = somewhere(random, picture.shape[:2], height, width)
    window, part = overlap(picture.shape[:2], (height, width), top, left)
    shadow = np.zeros(picture.shape[:2], np.float32)
    shadow[window] = silhouette(random, height, width)[part]
    darken(random, picture, labels, shadow, random.uniform(0.15, 0.9), random.uniform(0.5, 5))


def darken(random: np.random.Generator, picture: Score, labels: Image, shadow: Score, dark: float, soft: float) -> None:
    """Multiplies `picture` by `dark`, slightly tinted, in a `shadow` (float32 `[H, W]`, 0 to 1) but not on objects."""
    shadow = np.asarray(cv2.GaussianBlur(shadow, (0, 0), soft), np.float32)
    tint = 1 + random.normal(0, _TINT, 3).astype(np.float32)
    factor = 1 - shadow[..., None] * (1 - np.float32(min(dark, 0.98)) * tint)
    factor[labels == MOVING] = 1
    picture *= factor


def somewhere(random: np.random.Generator, outer: tuple[int, ...], height: int, width: int) -> tuple[int, int]:
    """A random place, top and left, where at least about half of an object of that size is inside the picture."""
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


def overlap(
    outer: tuple[int, ...], inner: tuple[int, ...], top: int, left: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The window of a picture (`outer`) that another (`inner`) covers at `top`, `left`; and its visible part."""
    rows = slice(max(0, top), max(0, min(outer[0], top + inner[0])))
    columns = slice(max(0, left), max(0, min(outer[1], left + inner[1])))
    part = (slice(rows.start - top, max(rows.start, rows.stop) - top),
            slice(columns.start - left, max(columns.start, columns.stop) - left))  # fmt: skip
    return (slice(rows.start, max(rows.start, rows.stop)), slice(columns.start, max(columns.start, columns.stop))), part
