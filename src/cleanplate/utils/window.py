"""A window of OpenCV: pictures in, key and mouse events out."""

import contextlib
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import cv2

from cleanplate.utils.arrays import Image

Button = Literal["left", "right", "middle"]
Action = Literal["down", "up", "move"]

QUIT = frozenset({"q", "esc"})
"""Names of the keys that end a program with a window."""

# The picture keeps its aspect ratio when the window is resized; no toolbar.
_FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
_LARGEST = (1600, 900)
_GAP = 24

_ACTIONS: dict[int, tuple[Action, Button]] = {
    cv2.EVENT_LBUTTONDOWN: ("down", "left"),
    cv2.EVENT_RBUTTONDOWN: ("down", "right"),
    cv2.EVENT_MBUTTONDOWN: ("down", "middle"),
    # The second press of a double click arrives as this event alone.
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
_KEYS = {13: "enter", 10: "enter", 27: "esc", 32: "space", 9: "tab", 8: "backspace", 127: "delete"}
# X11, Windows and macOS number the keys without a character differently.
_KEYS |= {0xFF51: "left", 0xFF52: "up", 0xFF53: "right", 0xFF54: "down", 0xFFFF: "delete", 0xFF8D: "enter"}
_KEYS |= {0x250000: "left", 0x260000: "up", 0x270000: "right", 0x280000: "down", 0x2E0000: "delete"}
_KEYS |= {0xF702: "left", 0xF700: "up", 0xF703: "right", 0xF701: "down", 0xF728: "delete"}


@dataclass(frozen=True)
class Mouse:
    """A mouse button was pressed or released, or the mouse was moved.

    Attributes:
        action: what happened.
        x: column in the picture that is shown.
        y: row in it.
        button: which button; while moving the one that is held, or `None`.
    """

    action: Action
    x: int
    y: int
    button: Button | None = None


@dataclass(frozen=True)
class Key:
    """A key was pressed: a character, or one of `enter esc space tab backspace delete left right up down`."""

    name: str


Event = Mouse | Key


def key_of(code: int) -> Key | None:
    """Returns the key of a `cv2.waitKeyEx` code; `None` for no key, a modifier or a function key."""
    if code in _KEYS:
        return Key(_KEYS[code])
    if code < 0 or code & 0xFF00:
        return None
    plain = code & 0xFF  # the bits above tell of shift, control and locks
    if plain in _KEYS:
        return Key(_KEYS[plain])
    return Key(chr(plain)) if 32 < plain < 127 else None


def mouse_of(kind: int, x: int, y: int, flags: int) -> Mouse | None:
    """Returns the event of OpenCV's mouse callback; `None` for the wheel.

    OpenCV's windows on Linux zoom by themselves when the wheel is turned, and nothing in its interface prevents that:
    the wheel is left to them. The places of later events are still those of the picture.
    """
    if kind in _ACTIONS:
        action, button = _ACTIONS[kind]
        return Mouse(action, x, y, button)
    if kind == cv2.EVENT_MOUSEMOVE:
        return Mouse("move", x, y, next((button for flag, button in _HELD if flags & flag), None))
    return None


class Window:
    """One main window, and others beside it that only show pictures."""

    def __init__(self, title: str) -> None:
        """Takes the title; the other windows append their names to it."""
        self.title = title
        self.closed = False
        self._events: list[Event] = []
        self._latest: Event | None = None
        self._shape: tuple[int, ...] = ()
        self._beside: dict[str, bool] = {}

    def __enter__(self) -> Self:
        """Opens nothing yet: the first picture gives the size."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Closes all windows."""
        cv2.destroyAllWindows()
        cv2.waitKey(1)  # lets the toolkit do it

    def show(self, picture: Image) -> None:
        """Shows a picture, uint8 BGR `[H, W, 3]`, until the next one. The window takes its size."""
        if not self._shape:
            _open(self.title, picture)
            cv2.setMouseCallback(self.title, self._on_mouse)
        elif picture.shape != self._shape:
            _fit(self.title, picture)
        self._shape = picture.shape
        cv2.imshow(self.title, picture)

    def show_beside(self, name: str, picture: Image | None) -> None:
        """Shows a picture in a window beside the main one; `None` closes that window.

        A window that the user closed stays closed until it was closed by `None` as well.
        """
        title = f"{self.title}: {name}"
        if picture is None:
            if self._beside.pop(name, False):
                with contextlib.suppress(cv2.error):
                    cv2.destroyWindow(title)
            return
        if name not in self._beside:
            _open(title, picture)
            left, top, width, _ = cv2.getWindowImageRect(self.title)
            cv2.moveWindow(title, left + width + _GAP, top + _GAP * len(self._beside))
            self._beside[name] = True
        if self._beside[name]:
            cv2.imshow(title, picture)

    def events(self, milliseconds: int = 1) -> list[Event]:
        """Returns the events since the last call. The toolkit draws and listens only during this call.

        Args:
            milliseconds: longest wait for a key, at least 1.
        """
        key = key_of(cv2.waitKeyEx(max(1, milliseconds)))
        events, self._events = self._events, []
        self.closed = bool(self._shape) and not _visible(self.title)
        for name, is_open in self._beside.items():
            self._beside[name] = is_open and _visible(f"{self.title}: {name}")
        return [*events, key] if key else events

    def _on_mouse(self, kind: int, x: int, y: int, flags: int, data: Any) -> None:
        event = mouse_of(kind, x, y, flags)
        # Qt reports the second press of a double click twice, as a double click and as a press.
        repeated = event is not None and event.action == "down" and event == self._latest
        self._latest = event
        if event is not None and not repeated:
            self._events.append(event)


def _open(title: str, picture: Image) -> None:
    cv2.namedWindow(title, _FLAGS)
    _fit(title, picture)


def _fit(title: str, picture: Image) -> None:
    height, width = picture.shape[:2]
    scale = min(1.0, _LARGEST[0] / width, _LARGEST[1] / height)
    cv2.resizeWindow(title, max(1, round(width * scale)), max(1, round(height * scale)))


def _visible(title: str) -> bool:
    try:
        return cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:
        return False
