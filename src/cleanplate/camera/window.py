"""A window of OpenCV's: pictures in, events out."""

import contextlib
from types import TracebackType
from typing import Any, Self

import cv2

from cleanplate.camera.events import Event, key_of, mouse_of
from cleanplate.camera.toolkit_zoom import undo_zoom
from cleanplate.utils.arrays import Image

# No toolbar and no zoom of the toolkit's own; the picture keeps its shape when the window is drawn larger.
_FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
_LARGEST = (1600, 900)
_GAP = 24


class Window:
    """One main window, and others beside it that only show."""

    def __init__(self, title: str) -> None:
        """Args: what stands above it; the others' names are put behind it."""
        self.title = title
        self.closed = False
        self._happened: list[Event] = []
        self._latest: Event | None = None
        self._beside: dict[str, bool] = {}

    def __enter__(self) -> Self:
        """Opens nothing yet: the first picture gives the size."""
        self._opened = False
        self._shape: tuple[int, ...] = ()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Closes all."""
        cv2.destroyAllWindows()
        cv2.waitKey(1)  # lets the toolkit do it

    def show(self, picture: Image) -> None:
        """Shows a picture, uint8 BGR `[H, W, 3]`, until the next one. The window takes its size."""
        if not self._opened:
            _open(self.title, picture)
            cv2.setMouseCallback(self.title, self._on_mouse)
            self._opened = True
        elif picture.shape != self._shape:
            _fit(self.title, picture)
        self._shape = picture.shape
        cv2.imshow(self.title, picture)

    def show_beside(self, name: str, picture: Image) -> None:
        """Shows a picture in a window beside; one that the person closed stays closed until `hide` forgets it."""
        title = self._title_of(name)
        if name not in self._beside:
            _open(title, picture)
            left, top, width, _ = cv2.getWindowImageRect(self.title)
            cv2.moveWindow(title, left + width + _GAP, top + _GAP * len(self._beside))
            self._beside[name] = True
        if self._beside[name]:
            cv2.imshow(title, picture)

    def hide(self, name: str) -> None:
        """Closes a window beside, if it is there."""
        if self._beside.pop(name, False):
            with contextlib.suppress(cv2.error):
                cv2.destroyWindow(self._title_of(name))

    def shows(self, name: str) -> bool:
        """Whether a window beside is open."""
        return self._beside.get(name, False)

    def events(self, milliseconds: int = 1) -> list[Event]:
        """What has happened since the last call; the toolkit draws and listens only while it waits here.

        Args:
            milliseconds: to wait at most for a key, at least 1.
        """
        key = key_of(cv2.waitKeyEx(max(1, milliseconds)))
        happened, self._happened = self._happened, []
        self.closed = self._opened and not _visible(self.title)
        for name, open_ in self._beside.items():
            self._beside[name] = open_ and _visible(self._title_of(name))
        return [*happened, key] if key else happened

    def _title_of(self, name: str) -> str:
        return f"{self.title}: {name}"

    def _on_mouse(self, kind: int, x: int, y: int, flags: int, given: Any) -> None:
        event = mouse_of(kind, x, y, flags)
        # Qt tells the second press of a double click twice, as one and as a press.
        twice = event == self._latest and event is not None and event.deed == "down"
        self._latest = event
        if event is None or twice:
            return
        self._happened.append(event)
        if event.deed == "wheel":
            undo_zoom(self.title, (x + 0.5) / self._shape[1], (y + 0.5) / self._shape[0])


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
