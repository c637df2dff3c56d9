"""Palms in place of a mouse: looking for them without slowing the window, and what they press."""

import math
from collections import deque
from collections.abc import Callable
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from cleanplate.camera.timing import Clock
from cleanplate.utils.arrays import Image

if TYPE_CHECKING:  # OpenCV's and OpenVINO's networks are slow to import
    from cleanplate.camera.capture.palms import Palm

Detector = Callable[[Image], "list[Palm]"]

_AFFORDED = 0.008  # seconds of detection per frame
_RAREST = 8  # frames between two looks at most: a palm must not be looked for longer than a person is patient
_MEASURED = 5

_LOOKS = 3
_STAY = 0.3  # seconds; three looks of a fast camera are over before a hand that waves has passed
_AWAY = 1.3  # radii from the middle of a button at which a palm has left it


class PalmWatch:
    """Looks for palms in every frame, or in every n-th where that would take too long.

    Attributes:
        palms: those of the last look.
        unmet: why there will be no more looks, in words; empty as long as all is well.
    """

    def __init__(self, detector: Detector, clock: Clock = monotonic) -> None:
        """Args: what finds palms in a frame, and what its time is taken with."""
        self.palms: list[Palm] = []
        self.unmet = ""
        self._detector = detector
        self._clock = clock
        self._costs: deque[float] = deque(maxlen=_MEASURED)
        self._warm = False
        self._wait = 0

    def looks(self, frame: Image) -> bool:
        """Whether this frame was looked at."""
        self._wait -= 1
        if self.unmet or self._wait > 0:
            return False
        start = self._clock()
        try:
            self.palms = self._detector(frame)
        except Exception as error:  # whatever a network runs into, the mouse and the keys go on working
            self.palms, self.unmet = [], f"no palms any more: {error}"
            return True
        if self._warm:  # the first look also sets the network up
            self._costs.append(self._clock() - start)
        self._warm = True
        self._wait = min(_RAREST, math.ceil(median(self._costs) / _AFFORDED)) if self._costs else 1
        return True


class Press:
    """Whether a palm presses one button.

    It does when it has come and stayed for three looks and 0.3 s, so that neither a hand that passes nor a wrong find
    in one frame does; and again only after it has been away for as long, so that a hand at rest presses once.
    """

    def __init__(self, clock: Clock = monotonic) -> None:
        """Args: seconds since some moment."""
        self._clock = clock
        self._pressed = False
        self._looks = 0
        self._since = 0.0

    def by(self, distances: list[float]) -> bool:
        """Whether it is pressed by this look.

        Args:
            distances: from the middle of the button to each palm, in radii.
        """
        nearest = min(distances, default=math.inf)
        changing = nearest > _AWAY if self._pressed else nearest <= 1
        if not changing:
            self._looks = 0
            return False
        if not self._looks:
            self._since = self._clock()
        self._looks += 1
        if self._looks < _LOOKS or self._clock() - self._since < _STAY:
            return False
        self._pressed, self._looks = not self._pressed, 0
        return self._pressed
