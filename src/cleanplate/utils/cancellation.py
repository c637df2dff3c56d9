"""Cooperative cancellation: long work asks now and then whether somebody still wants its result."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

_cancelled: ContextVar[Event | None] = ContextVar("cancelled", default=None)


class CancelledError(Exception):
    """Raised by `check_cancelled` once the work that called it was cancelled."""


@contextmanager
def cancellable(cancelled: Event) -> Iterator[None]:
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
