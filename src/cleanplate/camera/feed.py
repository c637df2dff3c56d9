"""The newest frame of a camera, or of a recording that is played in its place."""

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from cleanplate.data.open import open_stream
from cleanplate.data.streams.stream import FrameStream
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.console import silence_decoders
from cleanplate.utils.retry import RetryPolicy


class Feed:
    """Reads frames in a thread, so that a window neither waits for a camera nor shows an old frame.

    A recording plays at its own speed, again and again.
    """

    def __init__(self, opener: Callable[[], FrameStream], *, mirrored: bool, stop: threading.Event) -> None:
        """Opens the stream.

        Args:
            opener: opens it; called again at the end of a recording.
            mirrored: whether to exchange left and right.
            stop: ends the reading; `__exit__` sets it as well.

        Raises:
            DataError: if nothing gives frames.
        """
        self._opener = opener
        self._stream = opener()
        self.name = self._stream.name
        self.live = self._stream.live
        self._mirrored = mirrored
        self._stop = stop
        self._changed = threading.Condition()
        self._newest: Image | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name="camera feed", daemon=True)

    @property
    def frames_per_second(self) -> float:
        """The rate that the camera or recording gives; 25 if it gives none."""
        return self._stream.frames_per_second

    def __enter__(self) -> Self:
        """Starts reading."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stops reading; does not wait for a camera that hangs in its driver."""
        self._stop.set()
        self._thread.join(1.0)

    def newest(self, seconds: float) -> Image | None:
        """Returns the newest frame not returned yet, uint8 BGR `[H, W, 3]`; `None` if there is none within the time.

        Raises:
            DataError: once the camera is lost for good.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._error is not None, seconds)
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
        return frame

    def _read(self) -> None:
        try:
            for frame in self._frames():
                shown = np.asarray(cv2.flip(frame, 1), np.uint8) if self._mirrored else frame
                with self._changed:
                    self._newest = shown
                    self._changed.notify()
            if not self._stop.is_set():
                raise DataError(f"{self.name}: the camera gives no more pictures; check that it is still on")
        except BaseException as error:
            with self._changed:
                self._error = error
                self._changed.notify()

    def _frames(self) -> Iterator[Image]:
        pause = 0.0 if self.live else 1 / self.frames_per_second
        while not self._stop.is_set():
            empty = True
            for _, frame in self._stream.frames():
                empty = False
                if self.live and self._stop.is_set():
                    return
                yield frame
                if pause and self._stop.wait(pause):
                    return
            if self.live:
                return
            if empty:
                raise DataError(f"{self.name}: holds no picture; check the file")
            self._stream = self._opener()


def camera_feed(location: str, *, mirrored: bool, echo: Callable[[str], None], retries: int = 10) -> Feed:
    """Returns the feed of a source, see `cleanplate.data.open.open_stream`.

    Args:
        location: number of a webcam, address, video, folder or glob.
        mirrored: whether to exchange left and right.
        echo: prints a line about a camera that is lost or back.
        retries: attempts to find a lost camera again.

    Raises:
        DataError: if it cannot be opened, or is standard input, which cannot be played again.
    """
    if location == "-":
        raise DataError(
            "-: a camera program cannot look at standard input; give a webcam's number, a file or an address"
        )
    silence_decoders()
    stop = threading.Event()
    policy = RetryPolicy(tries=max(1, retries), first=0.5, longest=30.0)
    return Feed(lambda: open_stream(location, policy, "", stop, echo), mirrored=mirrored, stop=stop)
