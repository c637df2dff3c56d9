"""The live preview of `cleanplate apply --show`."""

from typing import Self

from cleanplate.report import drawing
from cleanplate.report.colours import tinted
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.window import QUIT, Key, Window

TITLE = "cleanplate apply"


class LiveWindow(Window):
    """Shows each frame with its foreground tinted."""

    def __init__(self) -> None:
        super().__init__(TITLE)

    def __enter__(self) -> Self:
        """Opens the window with the first frame."""
        return super().__enter__()

    def preview(self, result: FrameResult, speed: float) -> bool:
        """Shows a frame and the speed in frames per second; returns whether the user wants to go on."""
        picture = tinted(result.frame, result.mask)
        drawing.label(picture, f"{speed:.0f} fps  q quits", 6, 6)
        self.show(picture)
        quits = any(isinstance(event, Key) and event.name in QUIT for event in self.events())
        return not (quits or self.closed)
