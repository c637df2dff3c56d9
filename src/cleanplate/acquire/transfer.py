"""Fetches one file from one address: several ranges side by side, each taken up again where it broke."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from cleanplate.acquire.partial import PartFile, Partial, Segment
from cleanplate.acquire.patience import Patience
from cleanplate.acquire.source import BrokenError, ChangedError, RefusedError, Source, broken, check_range, judge
from cleanplate.errors import ConfigError

if TYPE_CHECKING:
    import httpx

_LEAVE_SECONDS = 1.0  # at the end a worker writes what it has; one that waits for a silent server is left behind

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there, and of how many; `None` while nobody knows."""


@dataclass(frozen=True)
class Options:
    """How a file is fetched.

    Attributes:
        connections: ranges of one file that are fetched side by side.
        least: bytes below which a file is not split further; splitting a small one only costs requests.
        save_bytes: new bytes after which the state is saved.
        save_seconds: seconds after which it is saved if there are any.
        patience: what happens after a break.
    """

    connections: int = 4
    least: int = 16 << 20
    save_bytes: int = 32 << 20
    save_seconds: float = 2.0
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        for key in ("connections", "least", "save_bytes"):
            if getattr(self, key) < 1:
                raise ConfigError(f"download: {key} must be at least 1, is {getattr(self, key)}")


def split(size: int | None, options: Options, *, ranges: bool) -> list[Segment]:
    """The segments that a file is fetched in: one where ranges are not served."""
    if size is None or not ranges:
        return [Segment(0, size)]
    count = max(1, min(options.connections, size // options.least))
    bounds = [size * index // count for index in range(count + 1)]
    return [Segment(start, end) for start, end in pairwise(bounds)]


def transfer(
    client: "httpx.Client", source: Source, file: PartFile, partial: Partial, options: Options, progress: Progress
) -> None:
    """Brings the segments of `partial` to their ends, in `file`.

    The state is saved as bytes come, and whatever ends the work: an error, Ctrl-C.

    Raises:
        ChangedError: if the file on the server is another one than at the start.
        RefusedError: if the server refuses, or patience ends.
        OSError: if the disk takes no more.
    """
    _Transfer(client, source, file, partial, options).run(progress)


class _Transfer:
    """Workers write; the caller's thread saves the state, tells the progress, and is where Ctrl-C arrives."""

    def __init__(
        self, client: "httpx.Client", source: Source, file: PartFile, partial: Partial, options: Options
    ) -> None:
        self.client, self.source, self.file, self.partial, self.options = client, source, file, partial, options
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
        # Daemons: at Ctrl-C nobody waits for a thread that waits for a silent server.
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
            deadline = time.monotonic() + _LEAVE_SECONDS
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
        except BaseException as error:  # told to the thread that waits
            self.events.put(error)

    def _fill(self, segment: Segment) -> None:
        failures, reached = 0, segment.done
        while not segment.complete and not self.stop.is_set():
            try:
                self._read(segment)
            except BrokenError as error:
                # Over a poor line every attempt brings something; only those that bring nothing count.
                failures = 1 if segment.done > reached else failures + 1
                reached = max(reached, segment.done)
                if failures >= self.options.patience.tries:
                    raise RefusedError(f"{self.source.url}: gave up after {failures} attempts: {error}") from error
                self.options.patience.pause(self.stop, self.options.patience.seconds(failures, error.asked))

    def _read(self, segment: Segment) -> None:
        """One request; raises `BrokenError` if it ends before the segment does."""
        import httpx

        headers = {}
        if self.source.ranges and segment.end is not None:
            headers = {"Range": f"bytes={segment.position}-{segment.end - 1}", **self.source.condition}
        else:
            segment.done = 0  # no ranges: from the start
        try:
            with self.client.stream("GET", self.source.url, headers=headers) as response:
                if response.status_code == 416:
                    raise ChangedError(f"{self.source.url}: the file on the server is shorter than it was")
                judge(response, self.options.patience)
                check_range(response, self.source, segment.position)
                self._write(response, segment, self.file.data)
        except httpx.TransportError as error:
            raise BrokenError(broken(error)) from error
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise RefusedError(f"{self.source.url}: {error}") from error
        if self.stop.is_set():
            return
        if segment.end is None:
            segment.end = segment.position
        elif not segment.complete:
            raise BrokenError(f"the server stopped {segment.end - segment.position} bytes before the end")

    def _write(self, response: "httpx.Response", segment: Segment, path: Path) -> None:
        if self.stop.is_set():
            return
        with path.open("r+b", buffering=0) as file:
            file.seek(segment.position)
            if not self.source.ranges:
                file.truncate()
            for chunk in response.iter_raw():  # as they arrive: what is collected first is lost at a break
                if self.stop.is_set():
                    return
                room = len(chunk) if segment.end is None else segment.end - segment.position
                view = memoryview(chunk)[:room]
                while view:
                    written = file.write(view)
                    segment.done += written
                    view = view[written:]
                if room < len(chunk):
                    return  # more than was asked for is not ours
