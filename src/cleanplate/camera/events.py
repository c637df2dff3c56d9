"""What a person does to a window: keys and mouse, by names."""

from dataclasses import dataclass
from typing import Literal

import cv2

Button = Literal["left", "right", "middle"]
Deed = Literal["down", "up", "move", "wheel"]


@dataclass(frozen=True)
class Mouse:
    """The mouse did something.

    Attributes:
        deed: pressed, let go, moved, or its wheel was turned.
        x: column in the picture that is shown.
        y: row in it.
        button: which; of a move the one that is held, `None` for none.
        steps: of the wheel, positive away from the person.
    """

    deed: Deed
    x: int
    y: int
    button: Button | None = None
    steps: int = 0


@dataclass(frozen=True)
class Key:
    """A key was pressed: a character, or one of `enter esc space tab backspace delete left right up down`."""

    name: str


Event = Mouse | Key

_DEEDS: dict[int, tuple[Deed, Button]] = {
    cv2.EVENT_LBUTTONDOWN: ("down", "left"),
    cv2.EVENT_RBUTTONDOWN: ("down", "right"),
    cv2.EVENT_MBUTTONDOWN: ("down", "middle"),
    # The second press of a double click comes as this alone.
    cv2.EVENT_LBUTTONDBLCLK: ("down", "left"),
    cv2.EVENT_RBUTTONDBLCLK: ("down", "right"),
    cv2.EVENT_MBUTTONDBLCLK: ("down", "middle"),
    cv2.EVENT_LBUTTONUP: ("up", "left"),
    cv2.EVENT_RBUTTONUP: ("up", "right"),
    cv2.EVENT_MBUTTONUP: ("up", "middle"),
}
_HELD: tuple[tuple[int, Button], ...] = (
    (cv2.EVENT_FLAG_LBUTTON, "left"),
    (cv2.EVENT_FLAG_RBUTTON, "right"),
    (cv2.EVENT_FLAG_MBUTTON, "middle"),
)

_PLAIN = {13: "enter", 10: "enter", 27: "esc", 32: "space", 9: "tab", 8: "backspace", 127: "delete"}
_SPECIAL = {
    # X11
    0xFF51: "left",
    0xFF52: "up",
    0xFF53: "right",
    0xFF54: "down",
    0xFFFF: "delete",
    0xFF8D: "enter",
    # Windows
    0x250000: "left",
    0x260000: "up",
    0x270000: "right",
    0x280000: "down",
    0x2E0000: "delete",
    # macOS
    0xF702: "left",
    0xF700: "up",
    0xF703: "right",
    0xF701: "down",
    0xF728: "delete",
}


def key_of(code: int) -> Key | None:
    """The key of a `cv2.waitKeyEx` code; `None` where none was pressed, or one without a name here."""
    if code < 0:
        return None
    if code in _SPECIAL:
        return Key(_SPECIAL[code])
    plain = code & 0xFF if code < 0x10000 or code & 0xFF00 == 0 else -1
    if code >= 0x100 and code & 0xFF00:
        return None  # a function key or a modifier by itself
    if plain in _PLAIN:
        return Key(_PLAIN[plain])
    return Key(chr(plain)) if 32 < plain < 127 else None


def mouse_of(kind: int, x: int, y: int, flags: int) -> Mouse | None:
    """The deed of OpenCV's mouse callback; `None` for what nobody asks for."""
    if kind in _DEEDS:
        deed, button = _DEEDS[kind]
        return Mouse(deed, x, y, button)
    if kind == cv2.EVENT_MOUSEMOVE:
        return Mouse("move", x, y, next((button for flag, button in _HELD if flags & flag), None))
    if kind == cv2.EVENT_MOUSEWHEEL:
        return Mouse("wheel", x, y, steps=1 if flags > 0 else -1)
    return None
