"""Text, banners, buttons and bars, drawn onto a picture in place: what programs with a window show over a frame."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from cleanplate.report.text import Colour, width_of
from cleanplate.utils.arrays import Image

WHITE: Colour = (255, 255, 255)
DARK: Colour = (32, 26, 22)
RED: Colour = (48, 48, 220)
BLUE: Colour = (210, 110, 40)
GREEN: Colour = (70, 180, 60)
MAGENTA: Colour = (200, 40, 200)

# Opacities.
_LABEL = 0.7
_BUTTON = 0.6
_BANNER = 0.75
_MISSING = str.maketrans("×–", "x-")  # in Pillow's font


def text_size(picture: Image) -> int:
    """Returns a font size in pixels that can be read on a picture of this size."""
    return int(max(11, round(picture.shape[0] / 26)))


def write(
    picture: Image, text: str, x: int, y: int, size: int | None = None, colour: Colour = WHITE, anchor: str = "l"
) -> None:
    """Writes a line of text around row `y`; `x` is its left, middle or right for the anchors l, m and r."""
    coverage = _coverage(text, size or text_size(picture))
    height, width = coverage.shape
    left = x - {"l": 0, "m": width // 2, "r": width}[anchor]
    _blend(picture, coverage, left, y - height // 2, colour)


def label(picture: Image, text: str, x: int, y: int, colour: Colour = DARK, size: int | None = None) -> None:
    """Writes a line of text on a coloured box whose upper left corner is at (x, y)."""
    size = size or text_size(picture)
    height, width = _coverage(text, size).shape
    margin = size // 3
    _shade(picture, x, y, width + 2 * margin, height + margin, colour, _LABEL)
    write(picture, text, x + margin, y + (height + margin) // 2, size)


def paragraph(
    picture: Image,
    text: str,
    x: int,
    y: int,
    width: int,
    colour: Colour = DARK,
    *,
    size: int = 0,
    upwards: bool = False,
) -> int:
    """Writes text on a coloured box, wrapped to a width.

    Args:
        picture: uint8 BGR `[H, W, 3]`, drawn on.
        text: may be of any length.
        x: left side of the box.
        y: its upper side, or its lower side if `upwards`.
        width: most pixels that the box takes.
        colour: of the box, BGR.
        size: of the font; 0 chooses one that suits the picture.
        upwards: whether the box ends at `y` instead of beginning there.

    Returns:
        The row where the next box may begin, or end.
    """
    size = size or text_size(picture)
    margin, step = size // 3, round(1.4 * size)
    lines = wrapped(text, size, width - 2 * margin)
    widest, height = max(width_of(line, size) for line in lines), step * len(lines) + margin
    top = y - height if upwards else y
    _shade(picture, x, top, widest + 2 * margin, height, colour, _LABEL)
    for index, line in enumerate(lines):
        write(picture, line, x + margin, top + margin // 2 + step // 2 + index * step, size)
    return top - margin if upwards else top + height + margin


@lru_cache(64)
def wrapped(text: str, size: int, width: int) -> tuple[str, ...]:
    """Returns the lines of a text, at most `width` pixels wide; a word longer than a line is broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size) <= width:
            lines[-1] = longer
            continue
        lines += [word] if lines[-1] else []
        lines[-1] = word
        while width_of(lines[-1], size) > width and len(lines[-1]) > 1:
            fits = next(n for n in range(len(lines[-1]) - 1, 0, -1) if n == 1 or width_of(lines[-1][:n], size) <= width)
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return tuple(lines)


def banner(picture: Image, lines: list[str], row: int, width: int = 0) -> None:
    """Draws a dark band over the whole width, around a row, with the lines of text in it.

    The text shrinks until it takes at most `width` pixels, by default the picture's width.
    """
    size = _fitting(tuple(lines), max(14, round(picture.shape[0] / 16)), width or picture.shape[1])
    step = round(1.5 * size)
    top = row - step * len(lines) // 2
    _shade(picture, 0, top, picture.shape[1], step * len(lines), DARK, _BANNER)
    for index, line in enumerate(lines):
        write(picture, line, picture.shape[1] // 2, top + step // 2 + index * step, size, anchor="m")


def progress(picture: Image, share: float, row: int, colour: Colour = GREEN) -> None:
    """Draws a progress bar, `share` from 0 to 1, below a banner of one line around `row`."""
    height = max(14, round(picture.shape[0] / 16))
    top, thick = row + round(0.75 * height), max(3, height // 5)
    _shade(picture, 0, top, picture.shape[1], thick, DARK, _BANNER)
    _shade(picture, 0, top, round(picture.shape[1] * min(1.0, max(0.0, share))), thick, colour, 1.0)


def disc(picture: Image, centre: tuple[int, int], radius: int, colour: Colour, share: float = 1.0) -> None:
    """Draws a filled circle with an opacity of `share`."""
    left, top = max(0, centre[0] - radius - 1), max(0, centre[1] - radius - 1)
    part = picture[top : centre[1] + radius + 2, left : centre[0] + radius + 2]
    if not part.size:
        return
    drawn = part.copy()
    cv2.circle(drawn, (centre[0] - left, centre[1] - top), radius, colour, -1, cv2.LINE_AA)
    cv2.addWeighted(drawn, share, part, 1 - share, 0, dst=part)


def round_button(picture: Image, label: str, centre: tuple[int, int], radius: int, colour: Colour) -> None:
    """Draws a translucent round button with a word in it."""
    disc(picture, centre, radius, colour, _BUTTON)
    write(picture, label, *centre, size=max(9, round(radius * 0.62)), anchor="m")


def help_box(picture: Image, keys: Mapping[str, str]) -> None:
    """Lists keys and what they do over the middle of the picture."""
    size = text_size(picture) + 1
    width, height = picture.shape[1] + 1, picture.shape[0] + 1
    while size > 8 and (width > picture.shape[1] or height > picture.shape[0]):
        size -= 1
        step = round(1.55 * size)
        names = max(width_of(name, size) for name in keys)
        words = max(width_of(word, size) for word in keys.values())
        width, height = names + words + 3 * size, step * len(keys) + size
    left, top = max(0, (picture.shape[1] - width) // 2), max(0, (picture.shape[0] - height) // 2)
    _shade(picture, left, top, width, height, DARK, 0.85)
    for index, (name, word) in enumerate(keys.items()):
        row = top + size // 2 + step // 2 + index * step
        write(picture, name, left + size, row, size, (140, 220, 255))
        write(picture, word, left + 2 * size + names, row, size)


@lru_cache(64)
def _fitting(lines: tuple[str, ...], size: int, width: int) -> int:
    """Returns the largest font size up to `size` in which all lines fit the width, at least 8."""
    while size > 8 and max(width_of(line, size) for line in lines) > width:
        size -= 1
    return size


@lru_cache(512)
def _coverage(text: str, size: int) -> NDArray[np.float32]:
    """Returns how much of each pixel a line of text covers, 0 to 1. All lines of a size have the same height."""
    font: Any = ImageFont.load_default(size)
    text = text.translate(_MISSING)
    ascent, descent = font.getmetrics()
    canvas = Pillow.new("L", (max(1, int(font.getlength(text) + 1.5)), ascent + descent))
    ImageDraw.Draw(canvas).text((0, 0), text, fill=255, font=font)
    return np.asarray(np.asarray(canvas, np.float32) / 255, np.float32)


def _blend(picture: Image, coverage: NDArray[np.float32], left: int, top: int, colour: Colour) -> None:
    part, known = _overlap(picture, left, top, coverage.shape[1], coverage.shape[0])
    share = coverage[known][..., None]
    part[:] = np.rint(part * (1 - share) + np.asarray(colour, np.float32) * share)


def _shade(picture: Image, left: int, top: int, width: int, height: int, colour: Colour, share: float) -> None:
    part, _ = _overlap(picture, left, top, width, height)
    if part.size:
        cv2.addWeighted(np.full_like(part, colour), share, part, 1 - share, 0, dst=part)


def _overlap(picture: Image, left: int, top: int, width: int, height: int) -> tuple[Image, tuple[slice, slice]]:
    """Returns the part of a picture inside a rectangle, and the slices of the rectangle inside the picture."""
    first_row, last_row = max(0, top), min(picture.shape[0], top + height)
    first, last = max(0, left), min(picture.shape[1], left + width)
    last_row, last = max(first_row, last_row), max(first, last)
    return picture[first_row:last_row, first:last], (
        slice(first_row - top, last_row - top),
        slice(first - left, last - left),
    )
