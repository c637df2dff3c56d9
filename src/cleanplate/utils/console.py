"""The terminal: progress, on a bar or in a log; silent decoders; whether a window can be opened."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

import cv2

from cleanplate.errors import ConfigError

LOG_SECONDS = 10.0
"""Seconds between two lines of progress in a log."""


class Advance(Protocol):
    """Reports how many items are done, and how many there are if that has become known."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Moves the bar."""
        ...


class ProgressLog:
    """Progress for a log: a line every `LOG_SECONDS`, written when an item is done."""

    def __init__(
        self, title: str, total: int | None, unit: str, echo: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._echo, self._clock = echo, clock
        self._start = self._last = clock()

    def __call__(self, done: int, total: int | None = None) -> None:
        """See `Advance`."""
        self._total = self._total if total is None else total
        now = self._clock()
        if now - self._last < LOG_SECONDS:
            return
        self._last = now
        speed = done / (now - self._start)
        line = f"{self._title}: {done}{f' of {self._total}' if self._total else ''} {self._unit}".rstrip()
        line += f", {speed:.1f} {self._unit}/s" if self._unit else ""
        if self._total and speed:
            line += f", {max(self._total - done, 0) / speed:.0f} s left"
        self._echo(line)


@contextmanager
def progress_bar(
    title: str,
    total: int | None = None,
    unit: str = "",
    log: Callable[[str], None] | None = None,
    clock: Callable[[], float] = monotonic,
) -> Iterator[Advance]:
    """Gives a function to call with the number of items done; shows count and time left on a terminal.

    Args:
        title: what is done.
        total: number of items; `None` for work without an end, or of an unknown one.
        unit: of the items, to show how many of them a second; empty shows no speed.
        log: takes lines where standard error is no terminal, see `ProgressLog`; `None` writes none.
        clock: seconds, for `log`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: "object") -> Text:
            speed = getattr(task, "speed", None)
            return Text(f"{speed:.1f} {unit}/s" if speed else "")

    console = Console(file=sys.stderr)
    if log is not None and not console.is_terminal:
        yield ProgressLog(title, total, unit, log, clock)
        return
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    columns += [Speed(), TimeRemainingColumn()] if unit else [TimeRemainingColumn()]
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total)

        def advance(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


def silence_decoders() -> None:
    """Keeps FFmpeg and OpenCV from writing to the terminal what an error says better."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


_PROBE = "import cv2; cv2.namedWindow('x'); cv2.waitKey(1)"


def check_display(asker: str, instead: str) -> None:
    """Raises a `ConfigError` where no window can be opened.

    OpenCV's toolkit ends the whole program where it finds no display, so that a process of its own has to try.

    Args:
        asker: what wants a window, as the user typed it.
        instead: what the user can do without one.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ConfigError(f"{asker}: there is no display (DISPLAY is not set); {instead}")
    tried = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=60, check=False)
    if tried.returncode:
        raise ConfigError(
            f"{asker}: no window can be opened on this display, or OpenCV was built without windows (the headless "
            f"package); {instead}"
        )
