"""Work that takes long, done beside the window: a model that looks, or learns, while keys are answered."""

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")

_PATIENCE = 2.0  # seconds in which work that was told to stop usually has stopped


class AbandonedError(BaseException):
    """Raised within work that nobody waits for any more. Not an `Exception`: nothing on its way may swallow it."""


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What work came to: what it returned, or the error that it raised."""

    result: Result | None = None
    error: Exception | None = None


class Worker(Generic[Result]):
    """Does one thing at a time in a thread. Of what waits, only the newest is kept, as pictures of a camera are."""

    def __init__(self) -> None:
        self._hand: _Hand[Result] = _Hand()
        self._left: list[_Hand[Result]] = []

    def put(self, work: Callable[[], Result]) -> None:
        """To be done next, in place of what else was waiting."""
        self._hand.put(work)

    def outcome(self, seconds: float = 0.0) -> Outcome[Result] | None:
        """What was finished last and not asked for yet; `None` if nothing is in that time."""
        return self._hand.outcome(seconds)

    def abandon(self) -> None:
        """Forgets what is done and what waits. Long work is interrupted at its next line of Python."""
        self._left = [hand for hand in self._left if hand.alive]
        if self._hand.interrupt():
            self._left.append(self._hand)
            self._hand = _Hand()

    def close(self) -> bool:
        """Ends it; returns whether all has ended, `False` if something hangs in work that cannot be interrupted."""
        self.abandon()
        self._hand.stop()
        ended = [hand.ended(_PATIENCE) for hand in (*self._left, self._hand)]
        return all(ended)


class _Hand(Generic[Result]):
    """A thread and all that it shares with others: who gives it up never meets a lock of its again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: Callable[[], Result] | None = None
        self._outcome: Outcome[Result] | None = None
        self._busy = self._stopped = False
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def put(self, work: Callable[[], Result]) -> None:
        with self._changed:
            self._waiting = work
            self._changed.notify_all()
            if self._thread is None:
                # A daemon: work that hangs must not keep the program from ending.
                self._thread = threading.Thread(target=self._run, name="working beside the window", daemon=True)
                self._thread.start()

    def outcome(self, seconds: float) -> Outcome[Result] | None:
        with self._changed:
            if seconds and (self._busy or self._waiting):
                self._changed.wait_for(lambda: self._outcome is not None, seconds)
            outcome, self._outcome = self._outcome, None
        return outcome

    def interrupt(self) -> bool:
        """Stops what is being done; returns whether the hand is lost by that."""
        with self._changed:
            self._waiting = self._outcome = None
            if not self._busy or self._thread is None or self._thread.ident is None:
                return False
            self._stopped = True
            # The only way to end a training in the midst of its steps; it passes through all `finally`s.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread.ident), ctypes.py_object(AbandonedError)
            )
        return True

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def ended(self, seconds: float) -> bool:
        if self._thread is not None:
            self._thread.join(seconds)
        return not self.alive

    def _run(self) -> None:
        try:
            while (work := self._next()) is not None:
                try:
                    outcome = Outcome(work())
                except Exception as error:
                    outcome = Outcome(error=error)
                del work  # what it holds, a model and its frames, is large
                with self._changed:
                    self._busy = False
                    self._outcome = outcome
                    self._changed.notify_all()
        except AbandonedError:
            pass

    def _next(self) -> Callable[[], Result] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._stopped)
            if self._stopped:
                return None
            work, self._waiting, self._busy = self._waiting, None, True
        return work
