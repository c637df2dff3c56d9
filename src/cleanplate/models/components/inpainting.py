"""A picture with a part of it filled in from the surroundings: what may lie behind somebody, for want of a better view.

Pull and push over a pyramid (Gortler et al., "The lumigraph", 1996): going down, known pixels are averaged, each level
weighing by how much of it is known; going up, what is not known is taken from the coarser level. A large hole ends
smoother than a small one, and the cost is that of a few small blurs.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.utils.arrays import Image

_SIDE = 256  # a smooth patch needs no more pixels than this
_REACH = 0.012  # of the longer side: the seam of a mask still bears the colour of what it cuts out


def filled_in(frame: Image, hole: NDArray[np.bool_]) -> Image:
    """A frame in which a hole, and a narrow seam around it, shows what its surroundings look like.

    Args:
        frame: uint8 BGR `[H, W, 3]`.
        hole: bool `[H, W]`.

    Returns:
        uint8 BGR `[H, W, 3]`: the frame itself outside, its mean colour where everything is hole.
    """
    if not hole.any():
        return frame.copy()
    height, width = hole.shape
    side = 2 * round(_REACH * max(height, width)) + 1
    wide = cv2.dilate(hole.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    if wide.all():
        return np.full_like(frame, np.rint(frame.mean(axis=(0, 1))))
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    known = (1 - wide).astype(np.float32)
    weight = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
    colour = np.asarray(cv2.resize(frame * known[..., None], size, interpolation=cv2.INTER_AREA), np.float32)
    patch = cv2.resize(_smoothed(colour, weight), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(wide[..., None] > 0, np.clip(np.rint(patch), 0, 255), frame).astype(np.uint8)


def _smoothed(colour: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours, `[h, w, 3]` and each times its `weight`, as colours everywhere: of the coarser level where not known."""
    if max(weight.shape) > 1:
        below = _smoothed(_halved(colour), _halved(weight))
        coarse = cv2.resize(below, weight.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(colour.shape)
    else:
        coarse = colour / np.maximum(weight, 1e-6)[..., None]
    return np.asarray(colour + np.clip(1 - weight, 0, 1)[..., None] * coarse, np.float32)


def _halved(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    half = ((picture.shape[1] + 1) // 2, (picture.shape[0] + 1) // 2)
    return np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.float32)
