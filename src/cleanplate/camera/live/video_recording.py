"""Records what a window shows as a video, encoded in a thread, at the speed at which it was shown."""

import shutil
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from queue import Full, Queue
from time import monotonic

from cleanplate.camera.program import Clock
from cleanplate.errors import CleanplateError, DataError
from cleanplate.report.clips import boxed, write_mp4
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import atomic_write

_RATES = (5, 60)
_UNKNOWN_RATE = 25
_QUEUED = 8  # pictures that wait at most for the encoder
_ROUNDING = 1e-6
_SPARE_BYTES = 50_000_000  # left free on the disk


class VideoRecording:
    """One video file.

    A video has a constant frame rate, a camera and a model have not. Each picture is repeated until the next one is
    shown, and a picture between two frames of the video is left out. A slow encoder drops pictures and never blocks
    the window.

    Attributes:
        path: the file, which appears when it is complete.
        error: why it has ended early.
    """

    def __init__(self, path: Path, rate: float, clock: Clock = monotonic) -> None:
        """Takes the file, the likely frames per second (0 if unknown) and a clock."""
        self.path = path
        self.error: CleanplateError | None = None
        self._rate = min(_RATES[1], max(_RATES[0], round(rate))) if rate > 0 else _UNKNOWN_RATE
        self._clock = clock
        self._began: float | None = None
        self._latest: Image | None = None
        self._written = 0
        self._queue: Queue[tuple[Image, int] | None] = Queue(_QUEUED)
        self._thread = threading.Thread(target=self._write, name=f"recording {path.name}")

    @property
    def started(self) -> bool:
        """Whether it has a picture."""
        return self._began is not None

    @property
    def seconds(self) -> float:
        """Time since the first picture."""
        return 0.0 if self._began is None else self._clock() - self._began

    def add(self, picture: Image) -> None:
        """Takes what is shown from now on, uint8 BGR `[H, W, 3]`; it must not be changed later."""
        if self.error is not None:
            return
        if self._latest is None:
            self._began = self._clock()
            self._thread.start()
        else:
            repeats = self._due()
            if repeats > 0:
                try:
                    self._queue.put_nowait((self._latest, repeats))
                    self._written += repeats
                except Full:
                    pass  # the next picture fills the gap
            if picture.shape != self._latest.shape:
                picture = boxed(picture, (self._latest.shape[1], self._latest.shape[0]))
        self._latest = picture

    def stop(self) -> None:
        """Ends it, and waits until the file is complete.

        Raises:
            DataError: if it could not be written, or has no picture.
        """
        if self._latest is None:
            raise DataError(f"{self.path}: not written, nothing was shown")
        if self.error is None:
            self._put((self._latest, max(1, self._due())))
        self._put(None)
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _due(self) -> int:
        """Returns the number of frames that the video lacks up to now."""
        return int(self.seconds * self._rate + _ROUNDING) - self._written

    def _put(self, item: tuple[Image, int] | None) -> None:
        """Waits for room in the queue, unless the encoder has ended."""
        while self._thread.is_alive():
            try:
                return self._queue.put(item, timeout=0.05)
            except Full:
                continue

    def _write(self) -> None:
        try:
            with atomic_write(self.path) as temporary:
                write_mp4(temporary, self._pictures(), Fraction(self._rate), preset="veryfast")
        except CleanplateError as error:
            self.error = error
        except Exception as error:  # of a codec
            self.error = DataError(f"{self.path}: cannot be recorded: {error}")

    def _pictures(self) -> Iterator[Image]:
        count = 0
        while (item := self._queue.get()) is not None:
            picture, repeats = item
            for _ in range(repeats):
                yield picture
                count += 1
                if count % self._rate == 1 and shutil.disk_usage(self.path.parent).free < _SPARE_BYTES:
                    # While there is room to complete the file.
                    self.error = DataError(
                        f"{self.path}: the disk is nearly full: recorded only up to here; free some space"
                    )
                    return
