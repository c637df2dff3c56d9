"""The newest picture of a camera, or of a recording played in its place."""

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
    """Pictures as they come. A thread reads them, so that a window never waits for a camera, nor shows an old picture.

    A recording is played at its own speed, again and again: whoever holds a video in front of a program gets what a
    camera would have given.
    """

    def __init__(self, opener: Callable[[], FrameStream], *, mirrored: bool, stop: threading.Event) -> None:
        """Opens it, so that what cannot be opened is an error at once.

        Args:
            opener: opens the stream; of a recording it is called again at its end.
            mirrored: whether left and right are exchanged, as in a mirror.
            stop: ends the reading; set by `close` too.

        Raises:
            DataError: if there is nothing that gives pictures.
        """
        self._opener = opener
        self._stream = opener()
        self.name = self._stream.name
        self.live = self._stream.live
        self._mirrored = mirrored
        self._stop = stop
        self._fresh = threading.Condition()
        self._newest: Image | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name="reading the camera", daemon=True)

    @property
    def frames_per_second(self) -> float:
        """As the camera or the recording says; 25 where it does not."""
        return self._stream.frames_per_second

    def __enter__(self) -> Self:
        """Starts reading."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stops reading; a camera that hangs in its driver is left behind."""
        self._stop.set()
        self._thread.join(1.0)

    def newest(self, seconds: float) -> Image | None:
        """The newest picture that was not asked for yet, uint8 BGR `[H, W, 3]`; `None` if none comes in that time.

        Raises:
            DataError: once the camera is lost for good.
        """
        with self._fresh:
            self._fresh.wait_for(lambda: self._newest is not None or self._error is not None, seconds)
            picture, self._newest = self._newest, None
            if picture is None and self._error is not None:
                raise self._error
        return picture

    def _read(self) -> None:
        try:
            for picture in self._pictures():
                turned = np.asarray(cv2.flip(picture, 1), np.uint8) if self._mirrored else picture
                with self._fresh:
                    self._newest = turned
                    self._fresh.notify()
            if not self._stop.is_set():
                raise DataError(f"{self.name}: the camera gives no more pictures; check that it is still on")
        except BaseException as error:
            with self._fresh:
                self._error = error
                self._fresh.notify()

    def _pictures(self) -> Iterator[Image]:
        if self.live:
            for _, picture in self._stream.frames():
                if self._stop.is_set():
                    return
                yield picture
            return
        pause = 1 / self.frames_per_second
        while not self._stop.is_set():
            seen = False
            for _, picture in self._stream.frames():
                seen = True
                yield picture
                if self._stop.wait(pause):
                    return
            if not seen:
                raise DataError(f"{self.name}: holds no picture; check the file")
            self._stream = self._opener()


def camera_feed(location: str, *, mirrored: bool, tell: Callable[[str], None], retries: int = 10) -> Feed:
    """The feed of whatever a user points at, see `cleanplate.data.open.open_stream`.

    Args:
        location: number of a webcam, address, video, folder or glob.
        mirrored: whether left and right are exchanged.
        tell: takes a line about a camera that is lost or back.
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
    patience = RetryPolicy(tries=max(1, retries), first=0.5, longest=30.0)
    return Feed(lambda: open_stream(location, patience, "", stop, tell), mirrored=mirrored, stop=stop)
