"""Work done ahead by threads, delivered in order, with bounded memory."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from cleanplate.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    *,
    ahead: int | None = None,
    prepare: Callable[[], object] | None = None,
) -> Generator[tuple[Item, Result]]:
    """Yields `(item, work(item))` in the order of `items`.

    OpenCV and torch release the interpreter lock while they work, so threads really run side by side. An exception of
    `work` is raised where its item's turn comes, one of `items` once all before it is delivered.

    Args:
        work: called in the threads.
        items: taken in the caller's thread.
        threads: 0 works in the caller's thread.
        ahead: items in flight at most; four per thread unless given.
        prepare: is called once in each thread.
    """
    if threads < 1:
        for item in items:
            yield item, work(item)
        return
    most = 4 * threads if ahead is None else max(1, ahead)
    pending: deque[tuple[Item, Future[Result]]] = deque()
    remaining = iter(items)
    with ThreadPoolExecutor(threads, initializer=prepare) as pool:
        broken: Exception | None = None
        try:
            while True:
                if len(pending) == most:
                    done, future = pending.popleft()
                    yield done, future.result()
                try:
                    item = next(remaining)
                except StopIteration:
                    break
                except Exception as error:
                    broken = error
                    break
                pending.append((item, pool.submit(work, item)))
            while pending:
                done, future = pending.popleft()
                yield done, future.result()
        finally:
            for _, future in pending:
                future.cancel()
        if broken is not None:
            raise broken


ITEMS_PER_TASK = 64  # large, because the calling process may have to wait for a core
ITEMS_PER_PROCESS = 128  # fewer are done faster than a process starts


def cores() -> int:
    """Returns the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mapped(work: Callable[[Item], Result], items: Sequence[Item], workers: int = 0) -> Iterator[Result]:
    """Yields `work(item)` in the order of `items`, computed by several processes.

    Args:
        work: a function that can be pickled, as must its arguments and results.
        items: the arguments.
        workers: number of processes; 0 means one per core. Few items are processed by the caller.

    Raises:
        DataError: if a process was killed, for example by the system for lack of memory.
    """
    processes = min(workers or cores(), len(items) // ITEMS_PER_PROCESS)
    if processes < 2:
        yield from map(work, items)
        return
    # Not forked: a forked copy of a process with threads (progress bar, OpenCV, torch) can deadlock.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_start_worker) as pool:
        try:
            yield from pool.map(work, items, chunksize=ITEMS_PER_TASK)
        except BrokenProcessPool as error:
            raise DataError(
                f"one of {processes} processes was killed; if memory is short, use fewer (data.workers). Run the "
                "same command again to continue"
            ) from error


def _start_worker() -> None:
    """Sets a worker process up: it ends with its parent, and only the parent handles Ctrl-C."""
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def is_first_process() -> bool:
    """Returns whether this is global rank 0 under Lightning, torchrun or SLURM; Lightning itself ignores nodes."""
    from pytorch_lightning.utilities import rank_zero_only

    node = os.environ.get("NODE_RANK") or os.environ.get("GROUP_RANK") or "0"
    return getattr(rank_zero_only, "rank", 0) == 0 and node == "0"
