"""A progress bar for work that counts something, silent where nobody watches."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


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
