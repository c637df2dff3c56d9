"""An open hand, drawn: what the palm detector takes for a hand, where no picture of one may be kept."""

from functools import cache

import cv2
import numpy as np

from cleanplate.utils.arrays import Image

# Limbs of a right hand held up, its palm to the camera, from the palm's centre; y points down, one unit is about the
# breadth. Each is a tapering tube: (x, y) at its root and its tip, and the radius at both.
_FOREARM = ((0.02, 1.75), (0.0, 0.5), 0.32, 0.27)
_HEEL = [((-0.2, 0.3), (-0.3, -0.3), 0.2, 0.15), ((0.17, 0.28), (0.27, -0.25), 0.23, 0.15)]
_FINGERS = [
    ((-0.34, -0.33), (-0.55, -0.9), 0.105, 0.075),
    ((-0.13, -0.4), (-0.2, -1.15), 0.115, 0.085),
    ((0.08, -0.4), (0.1, -1.22), 0.12, 0.088),
    ((0.29, -0.35), (0.4, -1.1), 0.115, 0.083),
]
_THUMB = [((0.25, 0.3), (0.5, 0.0), 0.19, 0.13), ((0.5, 0.0), (0.73, -0.36), 0.13, 0.085)]
_CREASES = [
    [(0.33, -0.13), (0.1, -0.1), (-0.06, 0.1), (-0.08, 0.38)],
    [(0.36, -0.17), (0.05, -0.12), (-0.3, 0.05)],
    [(0.2, -0.36), (0.0, -0.22), (-0.38, -0.2)],
]
_SKIN = np.array([142, 172, 222], float)  # BGR
_LIGHT = np.array([-0.35, -0.55, 0.76])
_LEFT, _TOP, _WIDE, _HIGH = -1.1, -1.6, 2.2, 3.2  # of the drawing, in these units from the palm's centre
_DRAWN = 240  # pixels of a unit: drawn once, then shrunk, which makes soft edges
_BOX = 0.88  # units of the box that the detector puts around this palm


def draw(frame: Image, centre: tuple[float, float], size: float) -> Image:
    """A copy of a frame with an open hand in it.

    Args:
        frame: uint8 BGR `[H, W, 3]`.
        centre: x and y, pixels, of the palm's centre, where a detector should find it; may lie near an edge.
        size: side of the box around the palm, pixels; with its fingers the hand is two and a half times as high. At
            640×480 the detector found it from 60 to 106 on every ground that was tried.
    """
    skin, cover = _hand()
    scale = size / _BOX / _DRAWN
    soft = max(0.5, 0.35 / scale)
    step = np.array(
        [[scale, 0, centre[0] + _LEFT * _DRAWN * scale], [0, scale, centre[1] + (_TOP - 0.04) * _DRAWN * scale]]
    )
    area = (frame.shape[1], frame.shape[0])
    # The skin goes on beyond the hand, so that no dark rim comes into its soft edge.
    alpha = cv2.warpAffine(cv2.GaussianBlur(cover, (0, 0), soft), step, area)[..., None]
    shown = cv2.warpAffine(cv2.GaussianBlur(skin, (0, 0), soft), step, area, borderMode=cv2.BORDER_REPLICATE)
    return np.uint8(frame * (1 - alpha) + shown * alpha)


@cache
def _hand() -> tuple[np.ndarray, np.ndarray]:
    """Skin, float32 BGR, and where it is, float32 in [0, 1]."""
    y, x = np.mgrid[: round(_HIGH * _DRAWN), : round(_WIDE * _DRAWN)] / _DRAWN
    x, y = x + _LEFT, y + _TOP
    relief = 0.3 * np.sqrt(np.maximum(0, 1 - (x / 0.43) ** 2 - ((y + 0.02) / 0.52) ** 2))
    for limb in [_FOREARM, *_HEEL, *_FINGERS, *_THUMB]:
        relief = np.maximum(relief, _tube(x, y, *limb))
    skin = _shaded(relief)
    for crease in _CREASES:
        points = np.int32((np.array(crease) - [_LEFT, _TOP]) * _DRAWN)
        darker = cv2.polylines(skin.copy(), [points], False, (95, 115, 170), round(0.02 * _DRAWN))
        skin = cv2.addWeighted(skin, 0.4, darker, 0.6, 0)
    return skin, (relief > 0).astype(np.float32)


def _tube(x: np.ndarray, y: np.ndarray, root: tuple, tip: tuple, wide: float, narrow: float) -> np.ndarray:
    """Height of a tube with round ends over the plane, 0 beside it."""
    (ax, ay), (bx, by) = root, tip
    along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
    along = np.clip(along, 0, 1)
    away = (x - ax - along * (bx - ax)) ** 2 + (y - ay - along * (by - ay)) ** 2
    return np.sqrt(np.maximum(0, (wide + along * (narrow - wide)) ** 2 - away))


def _shaded(relief: np.ndarray) -> np.ndarray:
    """Skin under a lamp at the upper left, float32 BGR."""
    smooth = cv2.GaussianBlur(relief, (0, 0), 0.03 * _DRAWN)
    slope_y, slope_x = np.gradient(smooth, 1 / _DRAWN)
    normal = np.stack([-slope_x, -slope_y, np.ones_like(slope_x)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    lit = 0.42 + 0.68 * np.maximum(0, normal @ _LIGHT)
    return np.clip(_SKIN * lit[..., None], 0, 255).astype(np.float32)
