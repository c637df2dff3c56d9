"""Augmentation of labelled pictures by albumentations: geometry, light, camera, and copy-paste of people.

The generator given with each call alone determines the result.
"""

import os
import random as python_random
from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import Field

from cleanplate.data.training import MOVING, UNKNOWN
from cleanplate.errors import ModelError
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Options, Share

_STRETCHED = (0.75, 4 / 3)
_SMALLEST_SCALE = 0.75


class AugmentationOptions(Options):
    """How much a picture is changed; 0 (1 for `cropped`) leaves that out."""

    cropped: Annotated[float, Field(gt=0, le=1)] = 0.35
    """The smallest share of a picture that an example shows."""
    turned: Annotated[float, Field(ge=0, le=180)] = 10.0
    """Largest rotation in degrees, either way."""
    light: Share = 0.4
    """Largest change of brightness and contrast, as a share; colours and gamma change half as much."""
    rough: Share = 0.2
    """Probability of each of noise, blur and JPEG compression."""
    pasted: Share = 0.3
    """Probability that people of another picture are pasted into an example."""


class Augmentation:
    """Draws square examples of `side` pixels from pictures of any size.

    Raises:
        ModelError: if albumentations is not installed.
    """

    def __init__(self, side: int, strengths: AugmentationOptions) -> None:
        self.strengths = strengths
        library = _albumentations()
        self._geometry = library.Compose(_geometry(library, side, strengths))
        self._light = library.Compose(_light(library, strengths))

    def moved(self, picture: Image, labels: Image, random: np.random.Generator) -> tuple[Image, Image]:
        """A random view of a picture: cropped, rotated, mirrored, scaled.

        Args:
            picture: uint8 `[H, W, 3]`.
            labels: uint8 `[H, W]` of 0, 170 and 255; pixels from outside the picture become 170, unknown.
            random: source of randomness.

        Returns:
            uint8 `[side, side, 3]` and `[side, side]`.
        """
        changed = _drawn(self._geometry, random, image=picture, mask=labels)
        return changed["image"], changed["mask"]

    def seen(self, picture: Image, random: np.random.Generator) -> Image:
        """A picture, RGB uint8 `[h, w, 3]`, with another light and camera: colours, gamma, noise, blur, JPEG."""
        return np.asarray(_drawn(self._light, random, image=picture)["image"], np.uint8)


def pasted(picture: Image, labels: Image, other: Image, other_labels: Image) -> tuple[Image, Image]:
    """A picture with the people of another one of the same size pasted in (Ghiasi et al., "Simple copy-paste", 2021).

    Their outlines are softened over a pixel. Pixels that are unknown in the other picture are not pasted.
    """
    people = (other_labels == MOVING).astype(np.uint8)
    opaque = np.minimum(people, cv2.blur(people.astype(np.float32), (3, 3)))[..., None]
    mixed = np.rint(opaque * other + (1 - opaque) * picture).astype(np.uint8)
    return mixed, np.where(people > 0, MOVING, labels).astype(np.uint8)


def _drawn(transforms: Any, random: np.random.Generator, **pictures: Image) -> Any:
    # Both generators of a transform are seeded from `random`, so that any process draws the same.
    seed = int(random.integers(2**63))
    transforms.set_random_state(np.random.default_rng(seed), python_random.Random(seed))
    return transforms(**pictures)


def _geometry(library: Any, side: int, strengths: AugmentationOptions) -> list[Any]:
    steps = [
        library.RandomResizedCrop(
            (side, side),
            scale=(strengths.cropped, 1.0),
            ratio=_STRETCHED,
            interpolation=cv2.INTER_AREA,
            mask_interpolation=cv2.INTER_NEAREST,
        ),
        library.HorizontalFlip(p=0.5),
    ]
    if strengths.turned or strengths.cropped < 1:
        scale = (_SMALLEST_SCALE, 1.0) if strengths.cropped < 1 else 1.0
        steps.append(
            library.Affine(
                scale=scale,
                keep_ratio=True,
                rotate=(-strengths.turned, strengths.turned),
                interpolation=cv2.INTER_LINEAR,
                mask_interpolation=cv2.INTER_NEAREST,
                border_mode=cv2.BORDER_CONSTANT,
                fill_mask=UNKNOWN,
                p=0.5,
            )
        )
    return steps


def _light(library: Any, strengths: AugmentationOptions) -> list[Any]:
    steps = []
    if strengths.light:
        far, near = strengths.light, strengths.light / 2
        colours = (1 - near, 1 + near)
        steps += [
            library.ColorJitter((1 - far, 1 + far), (1 - far, 1 + far), colours, (-near / 4, near / 4), p=0.8),
            library.RandomGamma((round(100 * (1 - near)), round(100 * (1 + near))), p=0.5),
            library.ToGray(p=near / 4),
        ]
    if strengths.rough:
        steps += [
            library.GaussNoise(std_range=(0.01, 0.05), p=strengths.rough),
            library.GaussianBlur(blur_limit=(3, 5), p=strengths.rough),
            library.ImageCompression(quality_range=(30, 90), p=strengths.rough),
        ]
    return steps


def _albumentations() -> Any:
    """The library, imported on first use (it takes a second), without its search for newer versions."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    try:
        import albumentations
    except ImportError as error:
        raise ModelError(
            "augmentation of labelled pictures: albumentations is not installed; pip install 'cleanplate[labels]'"
        ) from error
    return albumentations
