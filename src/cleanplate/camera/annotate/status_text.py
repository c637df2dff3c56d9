"""The status strip below the image, its texts, and the help."""

import numpy as np

from cleanplate.camera.annotate import painting
from cleanplate.camera.annotate.labels import MIN_CORNERS, Labels
from cleanplate.camera.annotate.session import Session
from cleanplate.report import drawing
from cleanplate.report.text import Colour, shortened, width_of
from cleanplate.utils.arrays import Image

STRIP_HEIGHT = 56
_GREY: Colour = (190, 185, 180)
_FONT, _MARGIN = 15, 10

KEYS = {
    "left click": "next corner",
    "enter, c": "close the outline, as a click on its first corner",
    "right click": "done: save, next picture; nothing drawn: nobody there",
    "e": "nobody there: remove all, save, next picture",
    "backspace, esc": "remove the last corner, the open outline",
    "x, delete": "remove the outline under the mouse",
    "o": "holes on and off: what is closed is cut out",
    "u, r": "undo, redo",
    "a, g": "take the proposal, ask for one",
    "n, p": "next, previous picture; saves changes",
    "+, -, 0": "zoom about the mouse; 0: the whole picture",
    "arrows, middle button": "move the picture",
    "m, b": "tint, outlines or mask; the background",
}
"""What mouse and keys do."""


def facts(
    session: Session, scale: float, labels: Labels, look: painting.Look, *, hole: bool
) -> list[tuple[str, Colour]]:
    """Returns the first line: the image, whether it is saved, the progress, and what is switched on."""
    count = len(session.images)
    found: list[tuple[str, Colour]] = [(f"{session.index + 1} of {count}   {session.image.name}", drawing.WHITE)]
    if hole:
        found.append(("HOLE", painting.HOLE))
    if (document := session.document) is not None:
        if document.unsaved or labels.open:
            found.append(("not saved", painting.PROPOSED))
        elif document.masked:
            found.append(("labelled" if labels.closed else "labelled: nobody", painting.FOREGROUND))
    found.append((f"{session.labelled} of {count} labelled", _GREY))
    found.append((f"{100 * scale:.0f} %", _GREY))
    if look != "tint":
        found.append((f"{look} only" if look == "mask" else look, _GREY))
    return found


def hint(labels: Labels, *, proposed: bool, busy: bool) -> str:
    """Returns what the user can do next."""
    if len(labels.open) >= MIN_CORNERS:
        return "click on the first corner, or press enter: closed; right click: closed, saved, next picture"
    if labels.open:
        return "click: next corner; backspace: one back; esc: none of it"
    if proposed:
        return "a: take the proposal, then correct it; right click: done, next picture"
    if busy:
        return "the model looks at the picture …"
    if labels.closed:
        return "o: cut holes; x removes an outline; right click: done, next picture"
    return "click around each person; right click with nothing drawn: nobody there"


def strip(width: int, facts: list[tuple[str, Colour]], message: str, *, error: bool) -> Image:
    """Returns two lines of text, uint8 BGR `[56, width, 3]`.

    Args:
        width: of the window.
        facts: texts of the first line with their colours, as many as fit.
        message: the second line, shortened if it does not fit.
        error: whether it is shown on red.
    """
    canvas = np.full((STRIP_HEIGHT, width, 3), drawing.DARK, np.uint8)
    if error:
        canvas[STRIP_HEIGHT // 2 :] = drawing.RED
    hint = "h  help"
    room = width - 3 * _MARGIN - width_of(hint, _FONT)
    first, second = STRIP_HEIGHT // 4 + 1, 3 * STRIP_HEIGHT // 4
    drawing.write(canvas, hint, width - _MARGIN, first, _FONT, _GREY, "r")
    x = _MARGIN
    for text, colour in facts:
        if x == _MARGIN:
            text = shortened(text, _FONT, room)
        if x + width_of(text, _FONT) > room + _MARGIN:
            break
        drawing.write(canvas, text, x, first, _FONT, colour)
        x += width_of(text, _FONT) + 2 * _MARGIN
    text = shortened(message, _FONT, width - 2 * _MARGIN)
    drawing.write(canvas, text, _MARGIN, second, _FONT, drawing.WHITE if error else _GREY)
    return canvas
