"""The mirrored double of a person: cut out, turned round, and put behind the person into the same picture."""

import cv2
import numpy as np

from cleanplate.utils.arrays import Image, Score

_SHARE = 0.15  # of the largest blob: smaller ones are no part of a person
_GAP = 40  # pieces as near as this part of the shorter side belong together
_LEAST = 0.002  # of the picture
_HOLE = 0.02  # of its blob: a larger one is a real one, between an arm and the body
_SOFT = 200  # the edge's deviation is this part of the shorter side
_DARKEST = 0.45
_SHADOW = 60  # deviation of a shadow's blur, as a part of the shorter side
_REACH = 4  # a shadow reaches as far as this part of the shorter side
_COARSE = 4
_NOISE = 0.05  # share by which light may differ without a shadow


def person_mask(mask: Image) -> Image:
    """The large blobs of a mask, their holes filled, uint8 `[H, W]` of 0 and 255.

    Args:
        mask: uint8 `[H, W]`: 255 foreground; 127, shadow, is none.
    """
    found = np.where(mask == 255, np.uint8(255), np.uint8(0))
    # What lies close together counts together: a belt of the wall's colour does not cost anybody the legs.
    gap = 2 * (min(found.shape) // _GAP) + 1
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(found, np.ones((gap, gap), np.uint8)))
    areas = stats[1:count, cv2.CC_STAT_AREA]
    if not areas.size:
        return found
    kept = np.flatnonzero(areas >= max(_SHARE * areas.max(), _LEAST * found.size)) + 1
    person = np.where(np.isin(labels, kept), found, np.uint8(0))
    # With a floor below it, a slit that runs out of the picture is a hole as well.
    person = np.vstack([person, np.full((1, person.shape[1]), 255, np.uint8)])
    outlines, tree = cv2.findContours(person, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for outline, (_, _, _, parent) in zip(outlines, [] if tree is None else tree[0], strict=True):
        if parent >= 0 and cv2.contourArea(outline) < _HOLE * cv2.contourArea(outlines[parent]):
            cv2.drawContours(person, [outline], -1, 255, -1)
    return np.ascontiguousarray(person[:-1])


def softened(person: Image) -> Score:
    """How much of each pixel is the person, float32 `[H, W]`, 0 to 1: soft at the edge, and drawn in a little there.

    What lies just outside, the wall, would show as a seam before another part of the wall.
    """
    sigma = max(0.6, min(person.shape) / _SOFT)
    share = cv2.GaussianBlur(person.astype(np.float32) / 255, (0, 0), sigma)
    return np.asarray(np.clip((share - 0.4) / 0.5, 0, 1), np.float32)


def doubled(frame: Image, mask: Image, plate: Image | None = None) -> Image:
    """The frame with the mirrored double of who is in it, behind them where both overlap.

    Args:
        frame: uint8 BGR `[H, W, 3]`.
        mask: uint8 `[H, W]`, 255 foreground.
        plate: the scene with nobody in it; with it the double throws the person's shadow, too.

    Returns:
        uint8 BGR `[H, W, 3]`.
    """
    person = person_mask(mask)
    share = softened(person)
    behind = 1 - share
    picture = frame if plate is None else _shaded(frame, plate, person, behind)
    weight = np.asarray(cv2.flip(share, 1)) * behind
    return np.asarray(cv2.blendLinear(np.asarray(cv2.flip(frame, 1)), picture, weight, 1 - weight), np.uint8)


def _shaded(frame: Image, plate: Image, person: Image, behind: Score) -> Image:
    """The frame, darkened at the mirrored places of where the person darkens the scene."""
    height, width = person.shape
    dark = cv2.resize(_darkness(*(_coarse(picture) for picture in (frame, plate, person))), (width, height))
    kept = 1 - np.asarray(cv2.flip(dark, 1)) * behind
    return np.asarray(cv2.blendLinear(frame, np.zeros_like(frame), kept, 1 - kept), np.uint8)


def _darkness(frame: Image, plate: Image, person: Image) -> Score:
    """How much light the scene lacks near the person, float32 `[H, W]`, 0 to 1, smooth."""
    side = min(person.shape)
    scene = (person == 0).astype(np.float32)
    reach = max(3, 2 * side // _REACH) | 1
    box = np.ones((reach, reach), np.uint8)
    near = cv2.blur(np.asarray(cv2.dilate(1 - scene, box)), (reach, reach))
    light, usual = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) + 8 for picture in (frame, plate))
    # Of the scene alone: the person's own brightness must not bleed into the light around.
    sigma, weight = max(1.0, side / _SHADOW), scene + np.float32(1e-3)
    ratio = cv2.GaussianBlur(light / usual * scene + 1e-3, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    # A camera that has become darker as a whole is no shadow.
    dark = np.clip(1 - ratio / np.median(ratio), 0, 1 - _DARKEST)
    return np.asarray(dark * np.clip((dark - _NOISE) / _NOISE, 0, 1) * near, np.float32)


def _coarse(picture: Image) -> Image:
    """A picture at a quarter of its size: shadows have no detail."""
    size = tuple(max(1, length // _COARSE) for length in picture.shape[1::-1])
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
