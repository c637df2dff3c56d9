"""What the user sees of a running `cleanplate apply`: progress, and the live preview of `--show`."""

from collections.abc import Callable
from typing import Self

from cleanplate.report import drawing
from cleanplate.report.colours import tinted
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.console import Advance
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


class Monitor:
    """Reports each frame to the progress bar and the preview, and counts them."""

    def __init__(self, advance: Advance, window: LiveWindow | None, resumed: int, clock: Callable[[], float]) -> None:
        """Args: `resumed` is the number of frames that an earlier run did, `clock` returns seconds."""
        self.count = 0
        self.closed = False
        self._advance = advance
        self._window = window
        self._resumed = resumed
        self._clock = clock
        self._start = clock()

    @property
    def seconds(self) -> float:
        """Seconds since the start, more than 0."""
        return max(self._clock() - self._start, 1e-9)

    def __call__(self, result: FrameResult, count: int) -> bool:
        """Shows the result of the frame that is the `count`-th; returns whether the user wants to go on."""
        self.count = count
        self._advance(self._resumed + count)
        if self._window is not None and not self._window.preview(result, count / self.seconds):
            self.closed = True
        return not self.closed
