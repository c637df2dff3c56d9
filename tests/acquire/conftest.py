"""A server on loopback, and retry that does not wait."""

from collections.abc import Iterator

import pytest

from acquire.archives import SIZE, noise, zipped
from acquire.server import Server
from cleanplate.acquire.transfer import TransferOptions
from cleanplate.utils.retry import RetryPolicy


@pytest.fixture(autouse=True)
def no_proxy_of_whoever_runs_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were asked for, in seconds; none was made."""
    return []


@pytest.fixture
def options(pauses: list[float]) -> TransferOptions:
    """Small pieces, four side by side, no waiting."""
    retry = RetryPolicy(tries=4, pause=lambda stop, seconds: pauses.append(seconds), jitter=lambda: 0.5)
    return TransferOptions(connections=4, least=4096, save_bytes=2048, retry=retry)


@pytest.fixture
def content() -> bytes:
    """A zip whose one file does not shrink."""
    return zipped({"dataset/noise.bin": noise(SIZE)}, stored=True)
