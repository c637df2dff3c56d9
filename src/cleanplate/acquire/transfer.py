"""Fetches one file from one address in several parallel ranges, each resumed where its connection broke."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from cleanplate.acquire.partial import PartFile, Partial, Segment
from cleanplate.acquire.remote_file import (
    ChangedError,
    RemoteFile,
    RetryableError,
    UnavailableError,
    check_range,
    check_status,
    transport_message,
)
from cleanplate.errors import ConfigError
from cleanplate.utils.retry import RetryPolicy

if TYPE_CHECKING:
    import httpx

_JOIN_SECONDS = 1.0  # at the end a worker writes what it has; one that waits for a silent server is left behind

Progress = Callable[[int, int | None], None]
"""Called with the number of bytes done and the total; `None` while the total is unknown."""


@dataclass(frozen=True)
class TransferOptions:
    """How a file is fetched.

    Attributes:
        connections: number of ranges of one file that are fetched in parallel.
        least: smallest range in bytes; a smaller file is not split.
        save_bytes: number of new bytes after which the state is saved.
        save_seconds: seconds after which the state is saved if there are new bytes.
        retry: what happens after a broken connection.
    """

    connections: int = 4
    least: int = 16 << 20
    save_bytes: int = 32 << 20
    save_seconds: float = 2.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        for key in ("connections", "least", "save_bytes"):
            if getattr(self, key) < 1:
                raise ConfigError(f"download: {key} must be at least 1, is {getattr(self, key)}")


def split(size: int | None, options: TransferOptions, *, ranges: bool) -> list[Segment]:
    """The segments of a file of `size` bytes; a single one if the server does not serve ranges."""
    if size is None or not ranges:
        return [Segment(0, size)]
    count = max(1, min(options.connections, size // options.least))
    bounds = [size * index // count for index in range(count + 1)]
    return [Segment(start, end) for start, end in pairwise(bounds)]


def transfer(
    client: "httpx.Client",
    remote: RemoteFile,
    file: PartFile,
    partial: Partial,
    options: TransferOptions,
    progress: Progress,
) -> None:
    """Completes the segments of `partial` in `file`.

    The state is saved as bytes arrive, and when the work ends for any reason: an error, Ctrl-C.

    Raises:
        ChangedError: if the file on the server is no longer the same.
        UnavailableError: if the server refuses, or all tries of the retry policy failed.
        OSError: if the disk is full or cannot be written.
    """
    _Transfer(client, remote, file, partial, options).run(progress)


class _Transfer:
    """Workers write; the caller's thread saves the state, reports the progress and receives Ctrl-C."""

    def __init__(
        self, client: "httpx.Client", remote: RemoteFile, file: PartFile, partial: Partial, options: TransferOptions
    ) -> None:
        self.client, self.remote, self.file, self.partial, self.options = client, remote, file, partial, options
        self.stop = threading.Event()
        self.todo: queue.SimpleQueue[Segment] = queue.SimpleQueue()
        self.events: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self.saved = partial.done
        self.saved_at = time.monotonic()

    def run(self, progress: Progress) -> None:
        for segment in self.partial.segments:
            if not segment.complete:
                self.todo.put(segment)
        self.file.save(self.partial)
        progress(self.partial.done, self.partial.size)
        # Daemon threads: Ctrl-C must not wait for a thread that waits for a silent server.
        workers = [
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(self.options.connections, self.todo.qsize()))
        ]
        for worker in workers:
            worker.start()
        try:
            self._watch(len(workers), progress)
        finally:
            self.stop.set()
            deadline = time.monotonic() + _JOIN_SECONDS
            for worker in workers:
                worker.join(max(0.0, deadline - time.monotonic()))
            self.file.save(self.partial)
        progress(self.partial.done, self.partial.size)

    def _watch(self, running: int, progress: Progress) -> None:
        while running:
            try:
                event = self.events.get(timeout=0.1)
            except queue.Empty:
                pass
            else:
                if event is not None:
                    raise event
                running -= 1
            progress(self.partial.done, self.partial.size)
            new = self.partial.done - self.saved
            late = time.monotonic() - self.saved_at > self.options.save_seconds
            if new >= self.options.save_bytes or (new and late):
                self.file.save(self.partial)
                self.saved, self.saved_at = self.saved + new, time.monotonic()

    def _work(self) -> None:
        try:
            while not self.stop.is_set():
                try:
                    segment = self.todo.get_nowait()
                except queue.Empty:
                    break
                self._fill(segment)
            self.events.put(None)
        except BaseException as error:  # raised in the waiting thread
            self.events.put(error)

    def _fill(self, segment: Segment) -> None:
        failures, reached = 0, segment.done
        while not segment.complete and not self.stop.is_set():
            try:
                self._read(segment)
            except RetryableError as error:
                # On a poor connection every attempt delivers something; only attempts without a new byte count.
                failures = 1 if segment.done > reached else failures + 1
                reached = max(reached, segment.done)
                retry = self.options.retry
                if failures >= retry.tries:
                    raise UnavailableError(f"{self.remote.url}: gave up after {failures} attempts: {error}") from error
                retry.pause(self.stop, retry.seconds(failures, error.requested))

    def _read(self, segment: Segment) -> None:
        """Makes one request; raises `RetryableError` if the response ends before the segment does."""
        import httpx

        headers = {}
        if self.remote.ranges and segment.end is not None:
            headers = {"Range": f"bytes={segment.position}-{segment.end - 1}", **self.remote.condition}
        else:
            segment.done = 0  # without ranges, from the start
        try:
            with self.client.stream("GET", self.remote.url, headers=headers) as response:
                if response.status_code == 416:
                    raise ChangedError(f"{self.remote.url}: the file on the server is shorter than it was")
                check_status(response, self.options.retry)
                check_range(response, self.remote, segment.position)
                self._write(response, segment, self.file.data)
        except httpx.TransportError as error:
            raise RetryableError(transport_message(error)) from error
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise UnavailableError(f"{self.remote.url}: {error}") from error
        if self.stop.is_set():
            return
        if segment.end is None:
            segment.end = segment.position
        elif not segment.complete:
            raise RetryableError(f"the server stopped {segment.end - segment.position} bytes before the end")

    def _write(self, response: "httpx.Response", segment: Segment, path: Path) -> None:
        if self.stop.is_set():
            return
        with path.open("r+b", buffering=0) as file:
            file.seek(segment.position)
            if not self.remote.ranges:
                file.truncate()
            for chunk in (
                response.iter_raw()
            ):  # written as they arrive: bytes that are collected first are lost when the connection breaks
                if self.stop.is_set():
                    return
                room = len(chunk) if segment.end is None else segment.end - segment.position
                view = memoryview(chunk)[:room]
                while view:
                    written = file.write(view)
                    segment.done += written
                    view = view[written:]
                if room < len(chunk):
                    return  # bytes beyond the requested range are ignored
