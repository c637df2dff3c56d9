"""A progress bar for work that counts something, silent where nobody watches."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import cv2

from cleanplate.errors import ConfigError


class Advance(Protocol):
    """Tells the bar how far the work is, and, where it was not known before, how far it goes."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Moves the bar."""
        ...


@contextmanager
def progress_bar(title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
    """Gives a function to call with the number done so far; shows count and time left on a terminal.

    Args:
        title: what is done.
        total: how far it goes; `None` for work without an end, or of an unknown one.
        unit: of what is counted, to show how many of them a second; empty shows no speed.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: "object") -> Text:
            speed = getattr(task, "speed", None)
            return Text(f"{speed:.1f} {unit}/s" if speed else "")

    console = Console(file=sys.stderr)
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    columns += [Speed(), TimeRemainingColumn()] if unit else [TimeRemainingColumn()]
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total)

        def advance(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


# === quiet: What libraries would tell the terminal by themselves.


def silence_decoders() -> None:
    """FFmpeg and OpenCV write to the terminal by themselves what is then said once more, and better, by an error."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


# === display: Whether a window can be opened.

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
