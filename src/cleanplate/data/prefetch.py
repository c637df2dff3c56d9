"""Work done ahead by threads, delivered in order, with bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[tuple[Item, Result]]:
    """Yields `(item, work(item))` in the order of `items`, at most `4 * threads` of them in flight.

    OpenCV releases the interpreter lock while it decodes, so threads really run side by side. An exception of `work` is
    raised where its item's turn comes. `threads` of 0 works in the caller's thread.
    """
    if threads < 1:
        for item in items:
            yield item, work(item)
        return
    pending: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                if len(pending) == 4 * threads:
                    done, future = pending.popleft()
                    yield done, future.result()
                pending.append((item, pool.submit(work, item)))
            while pending:
                done, future = pending.popleft()
                yield done, future.result()
        finally:
            for _, future in pending:
                future.cancel()
