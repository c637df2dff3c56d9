"""Work shared out to processes, delivered in order: for what holds the interpreter lock, which threads cannot share."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Listing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from cleanplate.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")

ITEMS_PER_TASK = 64  # the caller, which hands them out, may have to wait for a core itself
ITEMS_PER_PROCESS = 128  # fewer are done sooner than a process has started


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mapped(work: Callable[[Item], Result], items: Listing[Item], workers: int = 0) -> Iterator[Result]:
    """Yields `work(item)` in the order of `items`.

    Args:
        work: a function of a module, so that it can be handed over; its arguments and results likewise.
        items: what to work on.
        workers: processes; 0 means one per core. Few items are worked on in the caller's process.

    Raises:
        DataError: if a process was killed, by the system for want of memory perhaps.
    """
    processes = min(workers or cores(), len(items) // ITEMS_PER_PROCESS)
    if processes < 2:
        yield from map(work, items)
        return
    # Not forked: a copy of a process with threads (progress bar, OpenCV, torch) can wait for ever for one of them.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:
        try:
            yield from pool.map(work, items, chunksize=ITEMS_PER_TASK)
        except BrokenProcessPool as error:
            raise DataError(
                f"one of {processes} processes was killed; where memory is short, use fewer (data.workers). Started "
                "again, the work goes on where it stopped"
            ) from error


def _begin() -> None:
    """Makes a process that leaves with its parent, however that ends, and lets it alone hear Ctrl-C."""
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
