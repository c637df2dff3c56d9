"""A frame with the mask and the background that a model found, and the pictures that are made of them."""

from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.utils.arrays import Image

_BLUR = 24  # the standard deviation of `blurred` is this part of the shorter side


@dataclass(frozen=True)
class FrameResult:
    """One frame and what a model found in it.

    Attributes:
        number: of the frame, from 1.
        seconds: since the first frame, by the source's frame rate.
        frame: uint8 BGR `[H, W, 3]`.
        mask: uint8 `[H, W]`: 255 foreground, 127 shadow, 0 background.
        background: uint8 BGR `[H, W, 3]`; `None` where no output asks for it.
    """

    number: int
    seconds: float
    frame: Image
    mask: Image
    background: Image | None

    @property
    def share(self) -> float:
        """Share of the picture that is foreground, 0 to 1."""
        return float((self.mask == 255).mean())


def with_alpha(frame: Image, mask: Image) -> Image:
    """Returns the frame with opaque foreground on a transparent background, uint8 BGRA `[H, W, 4]`.

    Transparent pixels are black: files are smaller, and nothing of the scene is left in them.
    """
    alpha = np.where(mask == 255, 255, 0).astype(np.uint8)
    shown = cv2.bitwise_and(frame, frame, mask=alpha)
    return np.dstack([np.asarray(shown, np.uint8), alpha])


def on_background(frame: Image, mask: Image, background: Image) -> Image:
    """Returns the foreground on another picture of the frame's size, uint8 BGR, with the edge softened by a pixel."""
    alpha = cv2.GaussianBlur(np.where(mask == 255, np.float32(1), np.float32(0)), (3, 3), 0)
    return np.asarray(cv2.blendLinear(frame, background, alpha, 1 - alpha), np.uint8)


def blurred(picture: Image) -> Image:
    """Returns a picture out of focus, uint8 BGR."""
    sigma = max(1.0, min(picture.shape[:2]) / _BLUR)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def center_crop(picture: Image, size: tuple[int, int]) -> Image:
    """Returns the largest central part of a picture with the aspect ratio of `size` (height, width), at that size."""
    height, width = picture.shape[:2]
    scale = max(size[0] / height, size[1] / width)
    grown = (max(size[1], round(width * scale)), max(size[0], round(height * scale)))
    resized = cv2.resize(picture, grown, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (resized.shape[0] - size[0]) // 2, (resized.shape[1] - size[1]) // 2
    return np.ascontiguousarray(resized[top : top + size[0], left : left + size[1]], np.uint8)
