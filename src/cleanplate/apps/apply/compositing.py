"""Pictures of the foreground: cut out, before another picture, before its own background blurred."""

import cv2
import numpy as np

from cleanplate.utils.arrays import Image

_BLUR = 24
"""The blurred background's deviation is this part of the shorter side."""


def with_alpha(frame: Image, mask: Image) -> Image:
    """The frame with its foreground opaque and the rest transparent, uint8 BGRA `[H, W, 4]`.

    What is transparent is black, so that files are small and nothing of the scene travels with them.
    """
    alpha = np.where(mask == 255, 255, 0).astype(np.uint8)
    shown = cv2.bitwise_and(frame, frame, mask=alpha)
    return np.dstack([np.asarray(shown, np.uint8), alpha])


def before(frame: Image, mask: Image, scenery: Image) -> Image:
    """The foreground of a frame before another picture of its size, the edge softened by a pixel; uint8 BGR."""
    alpha = cv2.GaussianBlur(np.where(mask == 255, np.float32(1), np.float32(0)), (3, 3), 0)
    return np.asarray(cv2.blendLinear(frame, scenery, alpha, 1 - alpha), np.uint8)


def blurred(picture: Image) -> Image:
    """A picture out of focus, uint8 BGR."""
    sigma = max(1.0, min(picture.shape[:2]) / _BLUR)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def covering(picture: Image, size: tuple[int, int]) -> Image:
    """The largest part of a picture, around its middle, that has the shape of `size` (height, width), at that size."""
    height, width = picture.shape[:2]
    scale = max(size[0] / height, size[1] / width)
    grown = (max(size[1], round(width * scale)), max(size[0], round(height * scale)))
    resized = cv2.resize(picture, grown, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (resized.shape[0] - size[0]) // 2, (resized.shape[1] - size[1]) // 2
    return np.ascontiguousarray(resized[top : top + size[0], left : left + size[1]], np.uint8)
