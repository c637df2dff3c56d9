"""What all camera programs have in common: the loop, the way out, the help."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from time import monotonic
from typing import ClassVar

import numpy as np

from cleanplate.camera.feed import Feed
from cleanplate.camera.timing import Clock, Rate
from cleanplate.report import drawing
from cleanplate.utils.arrays import Image
from cleanplate.utils.console import check_display
from cleanplate.utils.window import QUIT, Event, Key, Mouse, Window

_PATIENCE = 0.05  # seconds without a new picture after which the window is drawn again
_IDLE = 20  # milliseconds between two looks at a window without a camera

HELP = "h"


class Program(ABC):
    """A program in one window: pictures go in by `see`, deeds by `on_key` and `on_mouse`, `picture` is what is shown.

    It knows nothing of windows and threads, so that it can be driven without them.
    """

    title: ClassVar[str]
    keys: ClassVar[Mapping[str, str]]
    """What each key does, in words; `h` and `q` are added."""

    def __init__(self, tell: Callable[[str], None], clock: Clock = monotonic) -> None:
        """Args: `tell` takes a line for the user, `clock` gives seconds."""
        self.tell = tell
        self.clock = clock
        self.rate = Rate(clock)
        self.done = False
        self.helping = False

    def see(self, frame: Image) -> None:  # noqa: B027  # a program without a camera sees nothing
        """Takes a new picture of the camera, uint8 BGR `[H, W, 3]`, which it may keep but not change."""

    @abstractmethod
    def picture(self) -> Image:
        """What the window shows now, uint8 BGR `[H, W, 3]`, of its own: the caller may draw on it."""

    def beside(self) -> Mapping[str, Image | None]:
        """Pictures for windows beside, by name; `None` closes one."""
        return {}

    def on_key(self, name: str) -> None:  # noqa: B027
        """A key was pressed, see `Key`; `q`, `esc` and `h` never come here."""

    def on_mouse(self, mouse: Mouse) -> None:  # noqa: B027
        """The mouse did something."""

    def close(self) -> None:  # noqa: B027
        """The program ends, for whatever reason: finishes what is open. Must not need a window."""

    def wants(self, key: str) -> bool:
        """Whether a key that ends the program has another meaning just now."""
        return False

    def on(self, event: Event) -> None:
        """Hands an event to whom it concerns."""
        if isinstance(event, Mouse):
            self.on_mouse(event)
        elif event.name in QUIT and not self.wants(event.name):
            self.done = True
        elif event.name == HELP:
            self.helping = not self.helping
        else:
            self.on_key(event.name)

    def shown(self) -> Image:
        """The picture, with the help over it where it was asked for."""
        picture = self.picture()
        if self.helping:
            drawing.help_box(picture, {**self.keys, HELP: "this help", "q": "quit"})
        return picture


def run(program: Program, feed: Feed | None) -> None:
    """Shows a program in a window until it is done, or its window is closed.

    Args:
        program: is closed in the end.
        feed: the camera; `None` for a program that needs none.

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
        seen = feed is None
        while not program.done and not window.closed:
            if feed is not None:
                frame = feed.newest(_PATIENCE)
                if frame is not None:
                    program.rate.tick()
                    program.see(frame)
                    seen = True
            window.show(program.shown() if seen else _waiting())
            for name, picture in program.beside().items():
                window.show_beside(name, picture)
            for event in window.events(_IDLE if feed is None else 1):
                if seen or (isinstance(event, Key) and event.name in QUIT):
                    program.on(event)


def _waiting() -> Image:
    picture = np.full((240, 320, 3), drawing.DARK, np.uint8)
    drawing.write(picture, "waiting for the camera", 160, 120, 15, anchor="m")
    return picture
