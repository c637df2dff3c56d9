"""Shadows on the ground, attached to the foot of each object."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.scenes.exact import SUBPIXEL, blur, sample, times
from cleanplate.scenes.traffic import Placement
from cleanplate.utils.arrays import Image


@dataclass(frozen=True)
class Sun:
    """Light that casts shadows.

    Attributes:
        lean: columns that a shadow runs to the right per pixel of height; negative to the left.
        length: rows that it runs towards the camera per pixel of height; 0 leaves the contact shadow only.
        strength: share of light that a shadow takes, 0 to 1.
        softness: blur of its edge in pixels.
    """

    lean: float = 0.0
    length: float = 0.0
    strength: float = 0.45
    softness: float = 0.8


OVERCAST = Sun(strength=0.32, softness=1.2)
"""An overcast day: contact shadows only."""


def cast(shade: Image, place: Placement, sun: Sun, hiders: Sequence[Image] = ()) -> None:
    """Add the shadow of one object to a map, in place.

    Args:
        shade: uint8 H×W, 255 in full shadow; the darker of two overlapping shadows counts.
        place: the object.
        sun: direction and softness.
        hiders: uint8 H×W each, opacity of what stands in front of the shadow.
    """
    picture, left = place.sprite.placed(place.height, place.x, place.flipped)
    rows, columns = picture.shape[:2]
    foot = round(place.y)
    # The contact shadow below feet and wheels exists on an overcast day too.
    wide, flat = (columns // 2, max(1, rows // 10)) if place.car else (max(2, columns // 4), max(1, rows // 36))
    pad = 2 + round(2 * sun.softness)
    contact = np.zeros((2 * flat + 2 * pad, 2 * wide + 2 * pad), np.uint8)
    centre = (contact.shape[1] // 2, contact.shape[0] // 2)
    cv2.ellipse(contact, centre, (wide, flat), 0, 0, 360, 255, -1)
    _darken(shade, blur(contact, sun.softness), round(place.x) - centre[0], foot - centre[1], hiders)
    if sun.length <= 0:
        return
    down = max(2, round(rows * sun.length))
    across = round(abs(sun.lean) * rows)
    margin = across if sun.lean < 0 else 0
    grid_y, grid_x = np.mgrid[-pad : down + pad, -pad : columns + across + pad].astype(np.int32)
    from_row = (rows - 1) * SUBPIXEL - grid_y * int(SUBPIXEL / sun.length)
    from_column = (grid_x - margin) * SUBPIXEL - grid_y * int(SUBPIXEL * sun.lean / sun.length)
    thrown = sample(np.ascontiguousarray(picture[..., 3]), from_column, from_row, outside=0)
    thrown[:pad][grid_y[:pad] < -1] = 0
    _darken(shade, blur(thrown, sun.softness), left - margin - pad, foot - pad - 1, hiders)


def darken(image: Image, shade: Image, sun: Sun) -> Image:
    """Return the image with its shadows; the blue light of the sky remains, so they are bluish."""
    rows = np.flatnonzero(shade.any(axis=1))
    if not rows.size:
        return image
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    taken = np.array([round(255 * sun.strength * tint) for tint in (0.88, 0.97, 1.0)], np.uint8)
    result = image.copy()
    result[part] = times(image[part], 255 - times(shade[part, :, None], taken))
    return result


def _darken(shade: Image, patch: Image, left: int, top: int, hiders: Sequence[Image]) -> None:
    rows, columns = patch.shape
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(shade.shape[0], top + rows), min(shade.shape[1], left + columns)
    if y0 < y1 and x0 < x1:
        target, seen = shade[y0:y1, x0:x1], patch[y0 - top : y1 - top, x0 - left : x1 - left]
        for hider in hiders:
            if hider[y0:y1, x0:x1].any():
                seen = times(seen, 255 - hider[y0:y1, x0:x1])
        np.maximum(target, seen, out=target)
