"""What the help and the two lines below the picture say."""

from cleanplate.camera.annotate import painting
from cleanplate.camera.annotate.desk import Desk
from cleanplate.camera.annotate.labels import LEAST, Labels
from cleanplate.report import drawing
from cleanplate.report.text import Colour

_GREY: Colour = (190, 185, 180)

KEYS = {
    "left click": "next corner; dragged: moves a corner",
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
"""What mouse and keys do, in words."""


def facts(desk: Desk, scale: float, labels: Labels, look: painting.Look, *, hole: bool) -> list[tuple[str, Colour]]:
    """Words for the first line: which picture of how many, what of them is done, and what is switched on."""
    count = len(desk.shots)
    found: list[tuple[str, Colour]] = [(f"{desk.index + 1} of {count}   {desk.shot.name}", drawing.WHITE)]
    document = desk.document
    if hole:
        found.append(("HOLE", painting.HOLE))
    if document is not None:
        if document.pending or labels.open:
            found.append(("not saved", painting.PROPOSED))
        elif document.masked:
            found.append(("labelled" if labels.closed else "labelled: nobody", painting.FOREGROUND))
    found.append((f"{desk.labelled} of {count} labelled", _GREY))
    found.append((f"{100 * scale:.0f} %", _GREY))
    if look != "tint":
        found.append((f"{look} only" if look == "mask" else look, _GREY))
    return found


def hint(labels: Labels, *, proposed: bool, busy: bool) -> str:
    """What can be done next."""
    if len(labels.open) >= LEAST:
        return "click on the first corner, or press enter: closed; right click: closed, saved, next picture"
    if labels.open:
        return "click: next corner; backspace: one back; esc: none of it"
    if proposed:
        return "a: take the proposal, then correct it; right click: done, next picture"
    if busy:
        return "the model looks at the picture …"
    if labels.closed:
        return "drag corners; x removes an outline; o: holes; right click: done, next picture"
    return "click around each person; right click with nothing drawn: nobody there"
