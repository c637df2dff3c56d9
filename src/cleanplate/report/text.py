"""Captions on pictures in Pillow's font."""

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from cleanplate.utils.arrays import Image

Colour = tuple[int, int, int]
"""BGR, as the pictures it is put on."""

INK: Colour = (48, 40, 36)
FAINT: Colour = (135, 124, 116)


@lru_cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def width_of(text: str, size: int) -> int:
    """Width of a line in pixels."""
    return int(_font(size).getlength(text) + 0.5)


def write(image: Image, text: str, x: int, y: int, size: int = 15, colour: Colour = INK, anchor: str = "lm") -> None:
    """Writes one line onto a picture, in place.

    Args:
        image: uint8 BGR `[H, W, 3]`.
        text: what to write.
        x: the anchor's column.
        y: the anchor's row.
        size: of the font, in pixels.
        colour: BGR.
        anchor: Pillow's: `l`, `m` or `r` for the column, `m` for the middle of the line.
    """
    canvas = Pillow.fromarray(np.ascontiguousarray(image[..., ::-1]))
    ImageDraw.Draw(canvas).text((x, y), text, fill=colour[::-1], font=_font(size), anchor=anchor)
    image[:] = np.asarray(canvas)[..., ::-1]


def shortened(text: str, size: int, width: int) -> str:
    """The text cut to `width` pixels, with an ellipsis where something is missing."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(text + "…", size) > width:
        text = text[:-1]
    return text + "…"
