"""A server on loopback, and patience that does not wait."""

from collections.abc import Iterator

import pytest

from acquire.archives import SIZE, noise, zipped
from acquire.server import Server
from cleanplate.acquire.patience import Patience
from cleanplate.acquire.transfer import Options


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
def options(pauses: list[float]) -> Options:
    """Small pieces, four side by side, no waiting."""
    patience = Patience(tries=4, pause=lambda stop, seconds: pauses.append(seconds), jitter=lambda: 0.5)
    return Options(connections=4, least=4096, save_bytes=2048, patience=patience)


@pytest.fixture
def content() -> bytes:
    """A zip whose one file does not shrink."""
    return zipped({"dataset/noise.bin": noise(SIZE)}, stored=True)
