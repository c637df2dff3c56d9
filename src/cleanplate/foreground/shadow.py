"""Shadow test: foreground that is only darkened background, its colour unchanged."""

import cv2
import numpy as np

from cleanplate.foreground.difference import Image
from cleanplate.foreground.options import ForegroundOptions

SHADOW = 127


def mark_shadows(mask: Image, frame: Image, background: Image, options: ForegroundOptions) -> Image:
    """Marks as 127 the foreground that looks like shaded background.

    A shadow scales the three channels alike: the ratio of frame to background lies between `shadow_darkest` and one,
    and the chromaticity (each channel's share of the sum) stays (after Horprasert et al., 1999; Prati et al., 2003).

    Args:
        mask: uint8 `[H, W]` of 0 and 255.
        frame: uint8 BGR `[H, W, 3]`.
        background: uint8 BGR `[H, W, 3]`.
        options: `shadow_darkest` and `shadow_chroma` are read.

    Returns:
        uint8 `[H, W]` of 0, 127 and 255.
    """
    seen = cv2.blur(frame, (3, 3)).astype(np.float32) + 1.0
    plate = cv2.blur(background, (3, 3)).astype(np.float32) + 1.0
    seen_sum, plate_sum = seen.sum(axis=2), plate.sum(axis=2)
    ratio = seen_sum / plate_sum
    chroma = np.abs(seen / seen_sum[..., None] - plate / plate_sum[..., None]).max(axis=2)
    shaded = (ratio >= options.shadow_darkest) & (ratio < 1.0) & (chroma <= options.shadow_chroma)
    return np.where((mask == 255) & shaded, SHADOW, mask).astype(np.uint8)
