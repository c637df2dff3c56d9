"""Work done ahead by threads, delivered in order, with bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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
