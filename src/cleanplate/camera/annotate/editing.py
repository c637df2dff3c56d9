"""Keys that change what is drawn on a picture."""

from cleanplate.camera.annotate.document import Document
from cleanplate.camera.annotate.hand import Hand
from cleanplate.camera.annotate.labels import LEAST
from cleanplate.camera.annotate.view import View

_MEANT = 4.0  # pixels of the screen beside an outline that still mean it


def edit(name: str, document: Document, hand: Hand, view: View) -> str:
    """What a key does to a document; others do nothing.

    Args:
        name: of the key.
        document: is changed.
        hand: says where the mouse is, and whether holes are drawn.
        view: of the picture.

    Returns:
        Why nothing was done, in words; else nothing.
    """
    labels = document.labels
    if name in ("enter", "c"):
        document.push(labels.with_closed(hole=hand.hole))
        return "an outline has three corners at least" if len(labels.open) < LEAST else ""
    if name == "backspace":
        document.push(labels.without_last_point())
    elif name in ("x", "delete"):
        return _remove(document, hand, view)
    elif name == "u" and not document.undo():
        return "there is nothing to undo"
    elif name == "r" and not document.redo():
        return "there is nothing to redo"
    return ""


def _remove(document: Document, hand: Hand, view: View) -> str:
    if hand.place is None:
        return "no outline is under the mouse"
    # Outlines run through the middles of pixels.
    x, y = (middle - 0.5 for middle in view.to_picture(hand.place[0] + 0.5, hand.place[1] + 0.5))
    found = document.labels.at(x, y, _MEANT / view.scale)
    if found is None:
        return "no outline is under the mouse"
    document.push(document.labels.without(found))
    return ""
