"""A video of what a window shows, encoded in a thread, that plays at the speed at which it happened."""

import shutil
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from queue import Full, Queue
from time import monotonic

from cleanplate.camera.timing import Clock
from cleanplate.errors import CleanplateError, DataError
from cleanplate.report.clips import boxed, write_mp4
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import atomic_write

_RATES = (5, 60)
_UNKNOWN_RATE = 25
_AHEAD = 8  # pictures that wait at most for the encoder
_ROUNDING = 1e-6
_SPARE = 50_000_000  # bytes of disk that are left free


class Recording:
    """One video, from its first picture to `stop`.

    A video has a constant rate, a camera and a model have not: each picture is repeated until the next one was shown,
    and one that no frame of the video falls to is left out. An encoder that cannot keep up thins the pictures out, too,
    but never holds up the window.
    """

    def __init__(self, path: Path, rate: float, clock: Clock = monotonic) -> None:
        """Args: the file, which appears when it is whole; pictures per second that are likely, 0 if nobody knows."""
        self.path = path
        self.error: CleanplateError | None = None
        self._rate = min(_RATES[1], max(_RATES[0], round(rate))) if rate > 0 else _UNKNOWN_RATE
        self._clock = clock
        self._began: float | None = None
        self._last: Image | None = None
        self._written = 0
        self._waiting: Queue[tuple[Image, int] | None] = Queue(_AHEAD)
        self._thread = threading.Thread(target=self._write, name=f"recording {path.name}")

    @property
    def begun(self) -> bool:
        """Whether anything was shown."""
        return self._began is not None

    @property
    def seconds(self) -> float:
        """Since the first picture."""
        return 0.0 if self._began is None else self._clock() - self._began

    @property
    def running(self) -> bool:
        """Whether it still takes pictures; `error` says why it does not."""
        return self.error is None

    def add(self, picture: Image) -> None:
        """Takes what is shown from now on, uint8 BGR `[H, W, 3]`, and keeps it: it must not be drawn on later."""
        if not self.running:
            return
        if self._began is None:
            self._began = self._clock()
            self._thread.start()
        elif self._last is not None:
            self._put(self._last)
        if self._last is not None and picture.shape != self._last.shape:
            picture = boxed(picture, (self._last.shape[1], self._last.shape[0]))
        self._last = picture

    def stop(self) -> None:
        """Ends it, and waits until the file is whole.

        Raises:
            DataError: if it could not be written, or nothing was shown.
        """
        if self._began is None:
            raise DataError(f"{self.path}: not written, nothing was shown")
        if self._last is not None and self.running:
            repeats = max(1, self._due())
            self._offer((self._last, repeats))
        self._last = None
        self._offer(None)
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _put(self, picture: Image) -> None:
        """The picture that was shown until now fills the frames up to now, if there are any."""
        repeats = self._due()
        if repeats > 0:
            try:
                self._waiting.put_nowait((picture, repeats))
            except Full:
                return  # the next one will fill its place
            self._written += repeats

    def _due(self) -> int:
        return int(self.seconds * self._rate + _ROUNDING) - self._written

    def _offer(self, item: tuple[Image, int] | None) -> None:
        """Waits for room, as long as anybody takes something out."""
        while self._thread.is_alive():
            try:
                return self._waiting.put(item, timeout=0.05)
            except Full:
                continue

    def _write(self) -> None:
        try:
            with atomic_write(self.path) as work:
                write_mp4(work, self._pictures(), Fraction(self._rate), preset="veryfast")
        except CleanplateError as error:
            self.error = error
        except Exception as error:  # a codec's own
            self.error = DataError(f"{self.path}: cannot be recorded: {error}")

    def _pictures(self) -> Iterator[Image]:
        second = 0
        while (item := self._waiting.get()) is not None:
            picture, repeats = item
            for _ in range(repeats):
                yield picture
                second = (second + 1) % self._rate
                if second == 1 and shutil.disk_usage(self.path.parent).free < _SPARE:
                    # Here, while what there is can still be brought to an end as a video that plays.
                    self.error = DataError(
                        f"{self.path}: the disk is nearly full: recorded only up to here; free some space"
                    )
                    return
