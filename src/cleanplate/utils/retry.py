"""How often a failed connection is tried again, and after what pause."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event

from cleanplate.errors import ConfigError


def _wait(stop: Event, seconds: float) -> None:
    stop.wait(seconds)


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with jitter. A pause requested by the server (`Retry-After`) takes precedence.

    Attributes:
        tries: attempts in a row that may fail without a single new byte.
        first: length of the first pause in seconds; each further pause is twice as long.
        longest: upper limit of a computed pause in seconds.
        longest_requested: upper limit of a requested pause in seconds; a server that requests more is given up.
        pause: waits for that many seconds, or until the event is set.
        jitter: returns a number in [0, 1). A pause lasts between half and all of its nominal length, so that many
            clients do not reconnect at the same moment.
        now: returns the seconds since 1970, for a `Retry-After` header that holds a date.
    """

    tries: int = 8
    first: float = 1.0
    longest: float = 60.0
    longest_requested: float = 900.0
    pause: Callable[[Event, float], None] = _wait
    jitter: Callable[[], float] = random.random
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise ConfigError(f"retry: tries must be at least 1, is {self.tries}")
        if not 0 < self.first <= self.longest:
            raise ConfigError(f"retry: first must be in (0, {self.longest}], is {self.first}")

    def seconds(self, failures: int, requested: float | None = None) -> float:
        """Length of the pause in seconds after `failures` failures in a row (from 1)."""
        if requested is not None:
            return max(requested, 0.0)
        nominal = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return nominal * (0.5 + 0.5 * self.jitter())

    def retry_after(self, header: str | None) -> float | None:
        """Seconds that a `Retry-After` header requests (a number or a date); `None` if it is missing or invalid."""
        if header is None:
            return None
        text = header.strip()
        if text.isdecimal():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.fromtimestamp(self.now(), UTC)).total_seconds())
