"""A background thread for long work beside a window, and cooperative cancellation of that work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")

_JOIN_SECONDS = 2.0  # cancelled work usually ends within that time
_cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)


class CancelledError(Exception):
    """Raised by `check_cancelled` once the work that called it was cancelled."""


@contextmanager
def cancellable(cancelled: threading.Event) -> Iterator[None]:
    """Work inside the block, in this thread, ends at its next `check_cancelled` after the event is set."""
    token = _cancelled.set(cancelled)
    try:
        yield
    finally:
        _cancelled.reset(token)


def check_cancelled() -> None:
    """Does nothing, unless the calling thread is within `cancellable` and the event is set.

    Raises:
        CancelledError: if it is.
    """
    cancelled = _cancelled.get()
    if cancelled is not None and cancelled.is_set():
        raise CancelledError


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What work returned, or the error that it raised."""

    result: Result | None = None
    error: Exception | None = None


class Worker(Generic[Result]):
    """Runs one piece of work at a time. A newer piece replaces one that waits, as camera frames do.

    Cancellation is cooperative: abandoned work ends at its next `check_cancelled`, and
    the work after it begins at once in another thread. Threads are daemons: work that hangs does not keep the process.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: Callable[[], Result] | None = None
        self._outcome: Outcome[Result] | None = None
        self._busy = False
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None
        self._abandoned: list[threading.Thread] = []

    def put(self, work: Callable[[], Result]) -> None:
        """Runs this next, in place of anything that waits."""
        with self._changed:
            self._waiting = work
            if self._thread is None:
                self._cancelled = threading.Event()
                self._thread = threading.Thread(target=self._run, args=(self._cancelled,), daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def outcome(self, seconds: float = 0.0) -> Outcome[Result] | None:
        """Returns the latest outcome, once; `None` if there is none within the time, or nothing is to be done."""
        with self._changed:
            if seconds and (self._busy or self._waiting):
                self._changed.wait_for(lambda: self._outcome is not None, seconds)
            outcome, self._outcome = self._outcome, None
        return outcome

    def abandon(self) -> None:
        """Cancels what runs and forgets what waits and what is finished."""
        with self._changed:
            self._waiting = self._outcome = None
            if self._busy and self._thread is not None:
                self._cancelled.set()
                self._abandoned = [*(thread for thread in self._abandoned if thread.is_alive()), self._thread]
                self._thread, self._busy = None, False

    def close(self) -> bool:
        """Ends all threads; returns `False` if one still runs, in work that does not check for cancellation."""
        self.abandon()
        with self._changed:
            self._cancelled.set()
            self._changed.notify_all()
        threads = [*self._abandoned, *([self._thread] if self._thread else [])]
        for thread in threads:
            thread.join(_JOIN_SECONDS)
        return not any(thread.is_alive() for thread in threads)

    def _run(self, cancelled: threading.Event) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or cancelled.is_set())
                if cancelled.is_set() or self._waiting is None:
                    return
                work, self._waiting, self._busy = self._waiting, None, True
            try:
                with cancellable(cancelled):
                    outcome = Outcome(work())
            except Exception as error:
                outcome = Outcome(error=error)
            del work  # it may hold a model and its frames
            with self._changed:
                if cancelled.is_set():
                    return
                self._busy, self._outcome = False, outcome
                self._changed.notify_all()
