"""Flow as pictures: the colour wheel of Baker et al. (2007), and a mask of what moves."""

import numpy as np
from numpy.typing import NDArray

from cleanplate.data.flow.estimation import Flow
from cleanplate.utils.arrays import Image

# Baker et al., A database and evaluation methodology for optical flow (ICCV 2007): from one pure hue to the next in so
# many colours, more where the eye tells more apart. Each corner is RGB.
_WHEEL = (((1, 0, 0), 15), ((1, 1, 0), 6), ((0, 1, 0), 4), ((0, 1, 1), 11), ((0, 0, 1), 13), ((1, 0, 1), 6))
_DIMMED = 0.75  # of a flow longer than the longest that is asked for


def colour_wheel(flow: Flow, longest: float | None = None) -> Image:
    """Flow in colours: the hue is the direction, the saturation the length; no motion is white.

    Args:
        flow: float32 `[h, w, 2]`.
        longest: pixels that have full colour, longer ones are dimmed; the longest of this flow by default.

    Returns:
        uint8 BGR `[h, w, 3]`.
    """
    flow = np.nan_to_num(flow)
    length = np.hypot(flow[..., 0], flow[..., 1])
    longest = float(length.max()) if longest is None else longest
    radius = length / max(longest, 1e-6)
    wheel = _colours()
    place = (np.arctan2(-flow[..., 1], -flow[..., 0]) / np.pi + 1) / 2 * (len(wheel) - 1)
    below = np.floor(place).astype(int)
    share = (place - below)[..., None]
    hue = (1 - share) * wheel[below] + share * wheel[(below + 1) % len(wheel)]
    inside = radius[..., None] <= 1
    colour = np.where(inside, 1 - radius[..., None] * (1 - hue), _DIMMED * hue)
    return np.ascontiguousarray(np.floor(255 * colour[..., ::-1]).astype(np.uint8))


def motion_mask(flow: Flow, level: float = 0.5) -> Image:
    """What moves: uint8 `[h, w]`, 255 where the flow is longer than `level` pixels, else 0."""
    return np.where(np.hypot(flow[..., 0], flow[..., 1]) > level, 255, 0).astype(np.uint8)


def _colours() -> NDArray[np.float64]:
    corners = [np.array(corner, dtype=np.float64) for corner, _ in _WHEEL]
    parts = [
        corner + (corners[(position + 1) % len(corners)] - corner) * (np.arange(count) / count)[:, None]
        for position, (corner, (_, count)) in enumerate(zip(corners, _WHEEL, strict=True))
    ]
    return np.concatenate(parts)
