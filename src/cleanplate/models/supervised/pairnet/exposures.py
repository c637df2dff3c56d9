"""Two exposures of the same place: changes of light and camera that a network must not take for objects."""

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.models.components.shading import darken, shade_alone, silhouette, somewhere
from cleanplate.utils.arrays import Image, Score

_GAIN, _GAMMA, _CAST, _OFFSET, _UNEVEN = 0.35, 0.2, 0.06, 12.0, 0.15
_SHIFT_PIXELS, _TURN_DEGREES, _ZOOM = 2.5, 0.4, 0.008


def cast_shadows(random: np.random.Generator, picture: Score, labels: Image) -> None:
    """Casts hard and soft shadows, in place, of things outside the picture; objects stay as they are."""
    if random.random() < 0.1:  # rarely: a sharp dark figure is far more often a person in the dark than a shadow
        shade_alone(random, picture, labels)
    if random.random() < 0.3:  # indoors, people cast shadows without a clear outline
        height, width = picture.shape[:2]
        size = int(random.integers(height // 4, height)), int(random.integers(width // 5, width // 2))
        top, left = somewhere(random, picture.shape, *size)
        shadow = np.zeros((height + 2 * size[0], width + 2 * size[1]), np.float32)
        shadow[size[0] + top : 2 * size[0] + top, size[1] + left : 2 * size[1] + left] = silhouette(random, *size)
        inside = shadow[size[0] : size[0] + height, size[1] : size[1] + width]
        darken(random, picture, labels, inside, random.uniform(0.5, 0.95), random.uniform(5, 0.08 * width))


def relit(random: np.random.Generator, picture: Score) -> Score:
    """A picture in another light: exposure, tone curve, white balance, uneven light; float32, not clipped."""
    if random.random() < 0.5:
        gamma = np.float32(np.exp(random.normal(0, _GAMMA)))
        picture = np.asarray(255 * (np.clip(picture, 0, 255) / 255) ** gamma, np.float32)
    if random.random() < 0.6:
        picture = picture * np.float32(np.clip(np.exp(random.normal(0, _GAIN)), 0.4, 2.5))
    if random.random() < 0.5:
        picture = picture * np.exp(random.normal(0, _CAST, 3)).astype(np.float32)
    if random.random() < 0.4:
        picture = picture + np.float32(random.normal(0, _OFFSET))
    if random.random() < 0.4:
        coarse = random.normal(0, _UNEVEN, (3, 3)).astype(np.float32)
        size = picture.shape[1], picture.shape[0]
        picture = picture * (1 + cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))[..., None]
    return np.asarray(picture, np.float32)


def moved_camera(random: np.random.Generator, picture: Score) -> Score:
    """A picture after the camera was touched: shifted, turned and zoomed a little, or out of focus."""
    height, width = picture.shape[:2]
    if random.random() < 0.5:
        centre = width / 2, height / 2
        turn, zoom = float(random.normal(0, _TURN_DEGREES)), float(1 + random.normal(0, _ZOOM))
        motion = cv2.getRotationMatrix2D(centre, turn, zoom)
        motion = motion + np.pad(random.uniform(-_SHIFT_PIXELS, _SHIFT_PIXELS, (2, 1)), ((0, 0), (2, 0)))
        moved = cv2.warpAffine(picture, motion, (width, height), borderMode=cv2.BORDER_REPLICATE)
        picture = np.asarray(moved, np.float32)
    if random.random() < 0.25:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.5)), np.float32)
    return picture


def two_lights(random: np.random.Generator, plate: Score) -> Score:
    """A plate composed of two lights, as an initializer composes it in a scene with both."""
    height, width = plate.shape[:2]
    coarse = random.normal(random.uniform(-1, 1), 1, (3, 4)).astype(np.float32)
    where = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) > 0
    return np.where(where[..., None], relit(random, plate), plate)


def recorded(random: np.random.Generator, picture: NDArray[np.floating]) -> Image:
    """A picture with sensor noise, sometimes JPEG artefacts, as uint8 `[h, w, 3]`."""
    if random.random() < 0.5:
        picture = picture + random.normal(0, random.uniform(1, 8), picture.shape)
    whole: Image = np.clip(picture, 0, 255).astype(np.uint8)
    if random.random() < 0.3:
        _, packed = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(40, 95))])
        whole = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return whole


def two_exposures(random: np.random.Generator, frame: Score, plate: Score, labels: Image) -> tuple[Image, Image]:
    """Frame and plate as two exposures of a camera: one in another light and with shadows, the plate shifted.

    Args:
        random: source of randomness.
        frame: float32 BGR `[h, w, 3]` in grey levels; may be changed in place.
        plate: the same.
        labels: uint8 `[h, w]`, 255 where an object is in the frame; no shadow falls on it.

    Returns:
        Both, uint8.
    """
    nothing = np.zeros_like(labels)
    if random.random() < 0.75:
        cast_shadows(random, frame, labels)
        frame, plate = (
            relit(random, frame),
            moved_camera(random, plate),
        )  # the frame stays in place, for the labels are its own
    else:
        cast_shadows(random, plate, nothing)
        plate = moved_camera(random, relit(random, plate))
    if random.random() < 0.1:
        plate = two_lights(random, plate)
    return recorded(random, frame), recorded(random, plate)
