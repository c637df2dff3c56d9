"""Two lines below the picture: where one is, and what there is to say."""

import numpy as np

from cleanplate.report import drawing
from cleanplate.report.text import Colour, width_of
from cleanplate.utils.arrays import Image

HEIGHT = 56
"""Rows that it takes."""

_SIZE = 15
_MARGIN = 10
_GREY: Colour = (190, 185, 180)


def strip(width: int, facts: list[tuple[str, Colour]], message: str, *, bad: bool) -> Image:
    """The two lines, uint8 BGR `[56, width, 3]`.

    Args:
        width: of the window.
        facts: words for the first line and their colours; as many as there is room for.
        message: the second line, shortened where it is too long.
        bad: whether it tells of something that went wrong: on red then.
    """
    canvas = np.full((HEIGHT, width, 3), drawing.DARK, np.uint8)
    if bad:
        canvas[HEIGHT // 2 :] = drawing.RED
    hint = "h  help"
    room = width - 3 * _MARGIN - width_of(hint, _SIZE)
    drawing.write(canvas, hint, width - _MARGIN, HEIGHT // 4 + 1, _SIZE, _GREY, "r")
    x = _MARGIN
    for text, colour in facts:
        if x == _MARGIN:
            text = shortened(text, room)
        across = width_of(text, _SIZE)
        if x + across > room + _MARGIN:
            break
        drawing.write(canvas, text, x, HEIGHT // 4 + 1, _SIZE, colour)
        x += across + 2 * _MARGIN
    said = shortened(message, width - 2 * _MARGIN)
    drawing.write(canvas, said, _MARGIN, 3 * HEIGHT // 4, _SIZE, drawing.WHITE if bad else _GREY)
    return canvas


def shortened(text: str, width: int) -> str:
    """A text that takes no more than `width` pixels, its middle left out where it is longer."""
    if width_of(text, _SIZE) <= width:
        return text
    kept = len(text) - 1
    while kept > 1 and width_of(_without_middle(text, kept), _SIZE) > width:
        kept -= 1
    return _without_middle(text, kept)


def _without_middle(text: str, kept: int) -> str:
    return f"{text[: (kept + 1) // 2].rstrip()}…{text[len(text) - kept // 2 :].lstrip()}"
