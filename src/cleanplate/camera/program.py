"""The loop that all camera programs share, with their messages, countdowns and frame rates."""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from time import monotonic
from typing import ClassVar

import numpy as np

from cleanplate.camera.feed import Feed
from cleanplate.report import drawing
from cleanplate.utils.arrays import Image
from cleanplate.utils.console import check_display
from cleanplate.utils.window import QUIT, Event, Key, Mouse, Window

Clock = Callable[[], float]
"""Returns seconds since some fixed moment."""

HELP = "h"

_REDRAW = 0.05  # seconds without a new frame after which the window is drawn again
_IDLE = 20  # milliseconds between two draws of a program without a camera
_INFO_SECONDS = 2.0
_ERROR_SECONDS = 5.0
_RATE_FRAMES = 30


class Program(ABC):
    """A program in one window. It receives frames and events, and returns the picture to show.

    It does not know windows and threads, so that tests drive it without them.
    """

    title: ClassVar[str]
    keys: ClassVar[Mapping[str, str]]
    """What each key does; `h` and `q` are added."""

    def __init__(self, echo: Callable[[str], None], clock: Clock = monotonic) -> None:
        """Takes what prints a line for the user, and a clock."""
        self.echo = echo
        self.clock = clock
        self.rate = Rate(clock)
        self.message = Message(clock)
        self.done = False
        self.shows_help = False

    def on_frame(self, frame: Image) -> None:  # noqa: B027  # a program without a camera gets none
        """Takes a new frame, uint8 BGR `[H, W, 3]`, which it may keep but not change."""

    @abstractmethod
    def picture(self) -> Image:
        """Returns what the window shows now, uint8 BGR `[H, W, 3]`; the caller may draw on it."""

    def side_windows(self) -> Mapping[str, Image | None]:
        """Returns pictures for further windows, by name; `None` closes one."""
        return {}

    def on_key(self, name: str) -> None:  # noqa: B027
        """Handles a key, see `Key`; keys that quit come only where `keeps_open` says so, `h` never."""

    def on_mouse(self, mouse: Mouse) -> None:  # noqa: B027
        """Handles the mouse."""

    def close(self) -> None:  # noqa: B027
        """Finishes what is unfinished when the program ends for any reason. Must not need a window."""

    def keeps_open(self, key: str) -> bool:
        """Returns whether a key that quits means something else at this moment."""
        return False

    def on(self, event: Event) -> None:
        """Dispatches an event."""
        if isinstance(event, Mouse):
            self.on_mouse(event)
        elif event.name in QUIT and not self.keeps_open(event.name):
            self.done = True
        elif event.name == HELP:
            self.shows_help = not self.shows_help
        else:
            self.on_key(event.name)

    def shown(self) -> Image:
        """Returns the picture, with the help on it if that is switched on."""
        picture = self.picture()
        if self.shows_help:
            drawing.help_box(picture, {**self.keys, HELP: "this help", "q": "quit"})
        return picture


def run(program: Program, feed: Feed | None) -> None:
    """Shows a program in a window until it is done or its window is closed, then closes the program.

    Args:
        program: what to run.
        feed: the camera; `None` for a program without one.

    Raises:
        ConfigError: if there is no display.
        DataError: if the camera is lost for good.
    """
    check_display(program.title, "camera programs need a screen")
    with ExitStack() as stack:
        stack.callback(program.close)
        window = stack.enter_context(Window(program.title))
        if feed is not None:
            stack.enter_context(feed)
        ready = feed is None
        while not program.done and not window.closed:
            frame = None if feed is None else feed.newest(_REDRAW)
            if frame is not None:
                program.rate.tick()
                program.on_frame(frame)
                ready = True
            window.show(program.shown() if ready else _waiting())
            for name, picture in program.side_windows().items():
                window.show_beside(name, picture)
            for event in window.events(_IDLE if feed is None else 1):
                if ready or (isinstance(event, Key) and event.name in QUIT):
                    program.on(event)


def _waiting() -> Image:
    picture = np.full((240, 320, 3), drawing.DARK, np.uint8)
    drawing.write(picture, "waiting for the camera", 160, 120, 15, anchor="m")
    return picture


class Message:
    """The latest message in the window, shown for a few seconds."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._text = ""
        self._colour = drawing.DARK
        self._end = 0.0

    def info(self, text: str) -> None:
        """Shows that something was done, on green for 2 seconds."""
        self._text, self._colour, self._end = text, drawing.GREEN, self._clock() + _INFO_SECONDS

    def error(self, text: str) -> None:
        """Shows that something failed, on red for 5 seconds."""
        self._text, self._colour, self._end = text, drawing.RED, self._clock() + _ERROR_SECONDS

    @property
    def text(self) -> str:
        """The message, empty once its time is over."""
        return self._text if self._clock() < self._end else ""

    def draw(self, picture: Image) -> None:
        """Writes it at the lower edge of a picture, wrapped to its width."""
        if text := self.text:
            height, width = picture.shape[:2]
            left, bottom = round(0.05 * width), round(0.98 * height)
            drawing.paragraph(picture, text, left, bottom, width - 2 * left, self._colour, upwards=True)


class Countdown:
    """A countdown that expires exactly once per start, however late it is checked."""

    def __init__(self, seconds: float, clock: Clock = monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end: float | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not expired."""
        return self._end is not None

    @property
    def due(self) -> float:
        """When it expires, by its clock; infinity while it does not run."""
        return math.inf if self._end is None else self._end

    @property
    def left(self) -> int:
        """Whole seconds left, counted 5, 4, …, 1; 0 while it does not run."""
        return 0 if self._end is None else max(0, math.ceil(self._end - self._clock()))

    def start(self) -> None:
        """Starts it, unless it is running."""
        if self._end is None:
            self._end = self._clock() + self.seconds

    def cancel(self) -> None:
        """Stops it; it does not expire."""
        self._end = None

    def expired(self) -> bool:
        """Returns `True` once when its time is over; it can be started again then."""
        if self._end is None or self._clock() < self._end:
            return False
        self._end = None
        return True


class Rate:
    """Frames per second over the last 30 frames."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=_RATE_FRAMES)

    def tick(self) -> None:
        """Counts a frame."""
        self._times.append(self._clock())

    @property
    def per_second(self) -> float:
        """The rate; 0 before the second frame."""
        if len(self._times) < 2:
            return 0.0
        taken = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / taken if taken > 0 else 0.0
