"""How tests wait: for an event, never for a time that a busy machine would miss."""

import time
from collections.abc import Callable

# Seconds after which a test that waits has hung. No test comes near it, on a machine loaded ten times over either.
HUNG = 1800.0


def wait_until(condition: Callable[[], object]) -> None:
    """Returns once the condition holds; fails where it never does."""
    end = time.monotonic() + HUNG
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
