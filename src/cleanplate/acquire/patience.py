"""How often, and after what pause, a broken transfer is tried again."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event

from cleanplate.errors import ConfigError


def _pause(stop: Event, seconds: float) -> None:
    stop.wait(seconds)


@dataclass(frozen=True)
class Patience:
    """Exponential backoff with jitter; what a server says in `Retry-After` comes first.

    Attributes:
        tries: attempts in a row that may fail without a single new byte.
        first: seconds of the first pause; each further one is twice as long.
        longest: seconds that no pause of ours exceeds.
        longest_asked: seconds; a server that asks for more is given up.
        pause: waits that many seconds, or until the event is set.
        jitter: a number in [0, 1); pauses are between half and the whole of their length, so that many clients do not
            come back at once.
        now: seconds since 1970, for a `Retry-After` that names a date.
    """

    tries: int = 8
    first: float = 1.0
    longest: float = 60.0
    longest_asked: float = 900.0
    pause: Callable[[Event, float], None] = _pause
    jitter: Callable[[], float] = random.random
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise ConfigError(f"patience: tries must be at least 1, is {self.tries}")
        if not 0 < self.first <= self.longest:
            raise ConfigError(f"patience: first must be in (0, {self.longest}], is {self.first}")

    def seconds(self, failures: int, asked: float | None) -> float:
        """The pause after so many failures in a row (from 1)."""
        if asked is not None:
            return max(asked, 0.0)
        whole = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return whole * (0.5 + 0.5 * self.jitter())

    def asked_for(self, header: str | None) -> float | None:
        """Seconds that a `Retry-After` header asks for (a number, or a date); `None` for none or nonsense."""
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
