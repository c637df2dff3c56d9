"""Countdowns and frame rates, by any clock."""

import math
from collections import deque
from collections.abc import Callable
from time import monotonic

Clock = Callable[[], float]
"""Seconds since some moment."""

_WINDOW = 30


class Countdown:
    """Counts down once it is started, and rings exactly once, however late it is looked at."""

    def __init__(self, seconds: float, clock: Clock = monotonic) -> None:
        """Args: how long; 0 rings at the next look."""
        self.seconds = seconds
        self._clock = clock
        self._end: float | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not rung."""
        return self._end is not None

    @property
    def due(self) -> float:
        """When it rings, by its clock; never, if it does not run."""
        return math.inf if self._end is None else self._end

    @property
    def left(self) -> int:
        """Whole seconds that are left, as a person counts them: 5, 4, …, 1; 0 if it does not run."""
        return 0 if self._end is None else max(0, math.ceil(self._end - self._clock()))

    def start(self) -> None:
        """Starts it; one that runs goes on as it was."""
        if self._end is None:
            self._end = self._clock() + self.seconds

    def cancel(self) -> None:
        """Stops it without a ring."""
        self._end = None

    def rings(self) -> bool:
        """Whether the time is over: `True` once, and then it can be started again."""
        if self._end is None or self._clock() < self._end:
            return False
        self._end = None
        return True


class Rate:
    """How many frames per second there were of late."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._moments: deque[float] = deque(maxlen=_WINDOW)

    def tick(self) -> None:
        """Another frame."""
        self._moments.append(self._clock())

    @property
    def per_second(self) -> float:
        """Over the last 30 frames; 0 before there are two."""
        if len(self._moments) < 2:
            return 0.0
        taken = self._moments[-1] - self._moments[0]
        return (len(self._moments) - 1) / taken if taken > 0 else 0.0
