"""Composites the mirrored double of a person into the frame, behind the person, with a shadow."""

import cv2
import numpy as np

from cleanplate.utils.arrays import Image, Score

_SHARE = 0.15  # of the largest blob; smaller ones are not part of the person
_GAP = 40  # pieces closer than this fraction of the shorter side belong together
_LEAST = 0.002  # of the picture
_HOLE = 0.02  # of its blob; larger holes are real, as between arm and body
_SOFT = 200  # the edge's blur has this fraction of the shorter side as standard deviation
_DARKEST = 0.45
_SHADOW = 60  # and a shadow's blur this fraction
_REACH = 4  # a shadow reaches this fraction of the shorter side
_COARSE = 4
_NOISE = 0.05  # relative difference of light that is not a shadow


def person_mask(mask: Image) -> Image:
    """Returns the large blobs of a mask with small holes filled, uint8 `[H, W]` of 0 and 255.

    Args:
        mask: uint8 `[H, W]`: 255 foreground; 127, shadow, does not count.
    """
    found = np.where(mask == 255, np.uint8(255), np.uint8(0))
    # Close pieces belong together: a belt of the wall's colour must not cut off the legs.
    gap = 2 * (min(found.shape) // _GAP) + 1
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(found, np.ones((gap, gap), np.uint8)))
    areas = stats[1:count, cv2.CC_STAT_AREA]
    if not areas.size:
        return found
    kept = np.flatnonzero(areas >= max(_SHARE * areas.max(), _LEAST * found.size)) + 1
    person = np.where(np.isin(labels, kept), found, np.uint8(0))
    # A floor below turns a slit that leaves the picture into a hole.
    person = np.vstack([person, np.full((1, person.shape[1]), 255, np.uint8)])
    outlines, tree = cv2.findContours(person, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for outline, (_, _, _, parent) in zip(outlines, [] if tree is None else tree[0], strict=True):
        if parent >= 0 and cv2.contourArea(outline) < _HOLE * cv2.contourArea(outlines[parent]):
            cv2.drawContours(person, [outline], -1, 255, -1)
    return np.ascontiguousarray(person[:-1])


def softened(person: Image) -> Score:
    """Returns the person's opacity, float32 `[H, W]`, 0 to 1, soft at the edge.

    The edge lies slightly inside: the wall around the person would show as a seam elsewhere.
    """
    sigma = max(0.6, min(person.shape) / _SOFT)
    share = cv2.GaussianBlur(person.astype(np.float32) / 255, (0, 0), sigma)
    return np.asarray(np.clip((share - 0.4) / 0.5, 0, 1), np.float32)


def doubled(frame: Image, mask: Image, plate: Image | None = None) -> Image:
    """Returns the frame with the person's mirrored double, behind the person where both overlap.

    Args:
        frame: uint8 BGR `[H, W, 3]`.
        mask: uint8 `[H, W]`, 255 foreground.
        plate: the empty scene; with it the double casts the person's shadow as well.

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
    """Returns the frame, darkened at the mirrored places of the person's shadow."""
    height, width = person.shape
    dark = cv2.resize(_darkness(*(_coarse(picture) for picture in (frame, plate, person))), (width, height))
    kept = 1 - np.asarray(cv2.flip(dark, 1)) * behind
    return np.asarray(cv2.blendLinear(frame, np.zeros_like(frame), kept, 1 - kept), np.uint8)


def _darkness(frame: Image, plate: Image, person: Image) -> Score:
    """Returns the relative loss of light near the person, float32 `[H, W]`, 0 to 1, smooth."""
    side = min(person.shape)
    scene = (person == 0).astype(np.float32)
    reach = max(3, 2 * side // _REACH) | 1
    box = np.ones((reach, reach), np.uint8)
    near = cv2.blur(np.asarray(cv2.dilate(1 - scene, box)), (reach, reach))
    light, usual = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) + 8 for picture in (frame, plate))
    # Of the scene alone: the person's brightness must not bleed into it.
    sigma, weight = max(1.0, side / _SHADOW), scene + np.float32(1e-3)
    ratio = cv2.GaussianBlur(light / usual * scene + 1e-3, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    # A darker picture as a whole is not a shadow.
    dark = np.clip(1 - ratio / np.median(ratio), 0, 1 - _DARKEST)
    return np.asarray(dark * np.clip((dark - _NOISE) / _NOISE, 0, 1) * near, np.float32)


def _coarse(picture: Image) -> Image:
    """Returns a picture at a quarter of its size: shadows have no detail."""
    size = tuple(max(1, length // _COARSE) for length in picture.shape[1::-1])
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
