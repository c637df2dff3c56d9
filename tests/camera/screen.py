"""A virtual screen with real windows on it, and a hand that moves the mouse and presses keys."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from tests.camera.window_manager import WindowManager

_SIZE = (1600, 1200)
WAIT = 600.0
"""Seconds after which an event that did not come counts as missing, however loaded the machine is."""
_NAMED = {
    "enter": "Return",
    "esc": "Escape",
    "space": "space",
    "backspace": "BackSpace",
    "delete": "Delete",
    "left": "Left",
    "right": "Right",
    "up": "Up",
    "down": "Down",
    "tab": "Tab",
    "+": "plus",
    "-": "minus",
    "=": "equal",
    "0": "0",
}
BUTTONS = {"left": 1, "middle": 2, "right": 3, "wheel up": 4, "wheel down": 5}


class Screen:
    """An X server without a monitor."""

    def __init__(self, name: str) -> None:
        from Xlib import display

        self.name = name
        self._display: Any = display.Display(name)

    def window(self, title: str, seconds: float = WAIT) -> "Handle":
        """The window of that title, as soon as it is shown."""
        return Handle(self, until(lambda: self._find(title), f"no window {title!r}", seconds))

    def has(self, title: str) -> bool:
        """Whether a window of that title is shown."""
        return self._find(title) is not None

    def _find(self, title: str) -> Any:
        from Xlib import X, error

        for window in self._display.screen().root.query_tree().children:
            try:
                if window.get_wm_name() == title and window.get_attributes().map_state == X.IsViewable:
                    return window
            except error.XError:  # it has gone in between
                continue
        return None


class Handle:
    """One window, to look at and to work with."""

    def __init__(self, screen: Screen, window: Any) -> None:
        self._display = screen._display
        self._window = window

    def picture(self) -> np.ndarray:
        """What is on it now, uint8 BGR `[H, W, 3]`."""
        return until(self._grabbed, "cannot be grabbed")

    def _grabbed(self) -> np.ndarray | None:
        """The picture; `None` where the window changed its size between the question for it and the picture."""
        from Xlib import X
        from Xlib.error import BadMatch

        shape = self._window.get_geometry()
        try:
            raw = self._window.get_image(0, 0, shape.width, shape.height, X.ZPixmap, 0xFFFFFFFF)
        except BadMatch:
            return None
        return np.frombuffer(raw.data, np.uint8).reshape(shape.height, shape.width, 4)[..., :3].copy()

    def shows(self, seen: Callable[[np.ndarray], bool], seconds: float = WAIT) -> np.ndarray:
        """The first picture of which `seen` is true."""

        def found() -> np.ndarray | None:
            picture = self.picture()
            return picture if seen(picture) else None

        return until(found, "not shown", seconds)

    def move(self, x: int, y: int) -> None:
        """Moves the mouse to a place of the window."""
        from Xlib import X
        from Xlib.ext import xtest

        place = self._window.get_geometry()
        xtest.fake_input(self._display, X.MotionNotify, x=place.x + x, y=place.y + y)
        self._display.sync()

    def click(self, x: int, y: int, button: str = "left") -> None:
        """Clicks at a place of the window, or turns the wheel there."""
        self.move(x, y)
        self.press(button)
        self.release(button)

    def press(self, button: str = "left") -> None:
        """Presses a mouse button where the mouse is."""
        self._button("ButtonPress", button)

    def release(self, button: str = "left") -> None:
        """Lets it go."""
        self._button("ButtonRelease", button)

    def key(self, name: str) -> None:
        """Presses and lets go a key."""
        from Xlib import XK, X
        from Xlib.ext import xtest

        self._window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self._display.sync()
        symbol = XK.string_to_keysym(_NAMED.get(name, name))
        code = self._display.keysym_to_keycode(symbol)
        assert code, f"no key {name!r}"
        shifted = self._display.keycode_to_keysym(code, 0) != symbol
        shift = self._display.keysym_to_keycode(XK.XK_Shift_L)
        if shifted:
            xtest.fake_input(self._display, X.KeyPress, shift)
        xtest.fake_input(self._display, X.KeyPress, code)
        xtest.fake_input(self._display, X.KeyRelease, code)
        if shifted:
            xtest.fake_input(self._display, X.KeyRelease, shift)
        self._display.sync()

    def resize(self, width: int, height: int) -> None:
        """Gives the window another size, as a person who drags its corner."""
        self._window.configure(width=width, height=height)
        self._display.sync()

    def _button(self, kind: str, button: str) -> None:
        from Xlib import X
        from Xlib.ext import xtest

        xtest.fake_input(self._display, getattr(X, kind), BUTTONS[button])
        self._display.sync()


def until(found: Callable[[], Any], otherwise: str, seconds: float = WAIT) -> Any:
    """What `found` gives, as soon as it is something."""
    end, nothing = monotonic() + seconds, threading.Event()
    while (result := found()) is None:
        if monotonic() > end:
            pytest.fail(f"{otherwise} after {seconds:.0f} s")
        nothing.wait(0.02)
    return result


@contextmanager
def virtual_screen() -> Iterator[Screen]:
    """A screen of its own; skips the test where there is no Xvfb or no way to press keys on it."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("no Xvfb: windows cannot be opened here (Debian: apt-get install xvfb)")
    pytest.importorskip("Xlib", reason="python-xlib is not installed: nobody can press the keys")
    told, tells = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(tells), "-screen", "0", f"{_SIZE[0]}x{_SIZE[1]}x24", "-nolisten", "tcp"],
        pass_fds=[tells],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(tells)
    try:
        with os.fdopen(told) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        screen = Screen(f":{number}")
        with WindowManager(screen.name):
            yield screen
    finally:
        process.terminate()
        process.wait(WAIT)


@contextmanager
def program(screen: Screen, *arguments: object, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """`cleanplate …` on that screen; ended if the test does not end it."""
    with python(screen, "-m", "cleanplate.cli", *arguments, cwd=cwd) as process:
        yield process


@contextmanager
def python(screen: Screen, *arguments: object, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """`python …` on that screen; ended if the test does not end it."""
    environment = {**os.environ, "DISPLAY": screen.name, "QT_LOGGING_RULES": "*=false"}
    environment.pop("WAYLAND_DISPLAY", None)
    process = subprocess.Popen(
        [sys.executable, *(str(argument) for argument in arguments)],
        env=environment,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    guard = threading.Timer(WAIT, process.kill)  # so that nobody waits for ever for a word that is never said
    guard.start()
    try:
        yield process
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


def ends(process: subprocess.Popen[str], seconds: float = WAIT) -> tuple[int, str, str]:
    """Exit code, output and errors of a program that is about to end."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err
