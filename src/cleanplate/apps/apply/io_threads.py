"""Threads for input and output: frames are read ahead of the model, outputs are written behind it."""

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")

AHEAD = 8
"""Most frames that wait before the model and before each output; this bounds the memory."""

_LOOK = 0.05  # seconds between two checks whether the other side still runs


class _End:
    """Nothing comes after this."""


class ReadAhead(Generic[Item]):
    """Reads the items of an iterable in a thread of its own, a few ahead."""

    def __init__(self, items: Iterable[Item], stop: threading.Event) -> None:
        """Args: `stop` ends the items early, even while the next one is waited for."""
        self._stop = stop
        self._items = items
        self._waiting: Queue[Item | _End] = Queue(AHEAD)
        self._error: BaseException | None = None
        # A daemon: a camera that hangs in its driver must not keep the program from ending.
        self._thread = threading.Thread(target=self._read, name="reading ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        """Yields the items; raises the error of the iterable after the items before it."""
        while not self._stop.is_set():
            try:
                item = self._waiting.get(timeout=_LOOK)
            except Empty:
                continue
            if isinstance(item, _End):
                if self._error is not None:
                    raise self._error
                return
            yield item

    def close(self, seconds: float = 1.0) -> None:
        """Ends the reading; a thread that does not end in time is left behind."""
        self._stop.set()
        self._thread.join(seconds)

    def _read(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as error:
            self._error = error
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
        self._put(_End())

    def _put(self, item: Item | _End) -> bool:
        while not self._stop.is_set():
            try:
                self._waiting.put(item, timeout=_LOOK)
            except Full:
                continue
            return True
        return False


class WriteBehind(Generic[Item]):
    """Runs a consumer of items in a thread of its own."""

    def __init__(self, consume: Callable[[Iterator[Item]], None], name: str) -> None:
        """Args: `consume` gets an iterator of the items, and returns when all are written."""
        self._consume = consume
        self._waiting: Queue[Item | _End] = Queue(AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name=f"writing {name}")
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hands over an item, once there is room; raises the error of the consumer."""
        self._offer(item)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Waits until all items are written; raises the error of the consumer."""
        self._offer(_End())
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _offer(self, item: Item | _End) -> None:
        while self._thread.is_alive():
            try:
                self._waiting.put(item, timeout=_LOOK)
            except Full:
                continue
            return

    def _write(self) -> None:
        try:
            self._consume(self._taken())
        except BaseException as error:
            self._error = error

    def _taken(self) -> Iterator[Item]:
        while not isinstance(item := self._waiting.get(), _End):
            yield item
