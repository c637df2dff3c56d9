"""A webcam or network stream, which is opened again when the connection is lost."""

from collections.abc import Callable, Iterator
from itertools import count
from threading import Event
from typing import Any

import cv2
import numpy as np

from cleanplate.data.streams.stream import MISSING, Numbered, plausible_rate
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.retry import RetryPolicy


class CameraStream:
    """A webcam or network stream; a lost connection is opened again after increasing pauses."""

    live = True
    pictures = False
    total = None

    def __init__(
        self,
        target: int | str,
        retry: RetryPolicy,
        stop: Event | None = None,
        notice: Callable[[str], None] = lambda text: None,
        opener: Callable[[int | str], Any] | None = None,
    ) -> None:
        """Opens the camera, so that a wrong address raises at once.

        Args:
            target: index of a webcam, or URL.
            retry: when and how often a lost connection is tried again.
            stop: ends the frames when another thread sets it.
            notice: called with one line when the connection is lost and when it is back.
            opener: returns an object like `cv2.VideoCapture`, which is the default.

        Raises:
            DataError: if it cannot be opened.
        """
        self.name = f"camera {target}" if isinstance(target, int) else without_password(target)
        self._target = target
        self._retry = retry
        self._stop = stop or Event()
        self._notice = notice
        self._opener: Any = opener or cv2.VideoCapture
        self._capture = self._opener(target)
        if not self._capture.isOpened():
            self._capture.release()
            raise DataError(f"{self.name}: cannot be opened; {self._advice()}")
        self.frames_per_second = plausible_rate(self._capture.get(cv2.CAP_PROP_FPS))
        said = self._capture.get(cv2.CAP_PROP_FRAME_COUNT) if isinstance(target, str) else 0
        self._recorded = int(said) if 0 < said < 2**31 else None

    def frames(self) -> Iterator[Numbered]:
        """See `FrameStream`; raises if a lost connection does not come back."""
        try:
            for number in count(1):
                frame = self._next(number)
                if frame is None:
                    return
                yield number, frame
        finally:
            self._capture.release()

    def sequence(self, most: int | None = None) -> None:
        """See `FrameStream`."""

    def _next(self, number: int) -> Image | None:
        failures = 0
        while not self._stop.is_set():
            ok, frame = self._capture.read() if self._capture.isOpened() else (False, None)
            if ok and frame is not None:
                if failures:
                    self._notice(f"{self.name}: back again")
                return np.asarray(frame, np.uint8)
            self._capture.release()
            if self._recorded and number > (1 - MISSING) * self._recorded:
                return None  # a recording at an address has an end
            failures += 1
            if failures > self._retry.tries:
                raise DataError(f"{self.name}: lost after frame {number - 1} and not found again; {self._advice()}")
            seconds = self._retry.seconds(failures)
            self._notice(f"{self.name}: no picture; trying again in {seconds:.1f} s ({failures}/{self._retry.tries})")
            self._retry.pause(self._stop, seconds)
            if not self._stop.is_set():
                self._capture = self._opener(self._target)
        return None

    def _advice(self) -> str:
        if isinstance(self._target, int):
            return "check that it is plugged in, that no other program uses it, and that its number is right (0, 1, …)"
        return "check the address, user and password, and that the camera is on"


def without_password(address: str) -> str:
    """Returns an address for messages: `rtsp://user:secret@host/` becomes `rtsp://***@host/`."""
    scheme, separator, rest = address.partition("://")
    place, slash, path = rest.partition("/")
    shown = "***@" + place.rpartition("@")[2] if "@" in place else place
    return f"{scheme}{separator}{shown}{slash}{path}"
