"""Bars for bytes: how much, how fast, how long yet; silent where nobody watches."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cleanplate.report.progress import Advance


@contextmanager
def transfer_bars(*titles: str) -> Iterator[tuple[Advance, ...]]:
    """Gives, per title, a function to call with the bytes done so far and, where known, of how many.

    A bar appears with its first call. What was there at that call counts as done but not as fast: a transfer that is
    taken up shows its own rate.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(file=sys.stderr)
    described = TextColumn("{task.description}")
    columns = (described, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:

        def bar(title: str) -> Advance:
            task = bars.add_task(title, total=None, visible=False)
            begun = False

            def advance(done: int, total: int | None = None) -> None:
                nonlocal begun
                if begun:
                    bars.update(task, completed=done, total=total)
                else:
                    bars.reset(task, completed=done, total=total, visible=True)
                    begun = True

            return advance

        yield tuple(bar(title) for title in titles)
