"""The live window."""

from types import TracebackType
from typing import Self

from cleanplate.apps.apply.shot import Shot
from cleanplate.camera import drawing
from cleanplate.camera.events import Key
from cleanplate.camera.program import QUIT
from cleanplate.camera.window import Window
from cleanplate.report.colours import tinted

TITLE = "cleanplate apply"


class LiveWindow:
    """Shows each frame with its foreground tinted."""

    def __init__(self) -> None:
        self._window = Window(TITLE)

    def __enter__(self) -> Self:
        """Opens it with the first frame."""
        self._window.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Closes it."""
        self._window.__exit__(kind, error, where)

    def show(self, shot: Shot, speed: float) -> bool:
        """Shows a frame and the speed in frames per second; returns whether the user wants to go on."""
        picture = tinted(shot.frame, shot.mask)
        drawing.plate(picture, f"{speed:.0f} fps  q quits", 6, 6)
        self._window.show(picture)
        quits = any(isinstance(event, Key) and event.name in QUIT for event in self._window.events())
        return not (quits or self._window.closed)
