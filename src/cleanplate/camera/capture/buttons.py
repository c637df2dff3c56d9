"""Round buttons in the picture, pressed by the mouse or by a palm that is held in them."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from cleanplate.report import drawing
from cleanplate.report.text import Colour
from cleanplate.utils.arrays import Image

if TYPE_CHECKING:  # OpenCV's and OpenVINO's networks are slow to import
    from cleanplate.camera.capture.palm_detector import Palm

RADIUS = 0.06  # in widths of the picture

_SECONDS_PER_FRAME = 0.008  # of palm detection, on average
_MOST_SKIPPED = 8  # frames from one detection to the next: a user does not wait longer
_TIMED = 5

# Two detections of a fast camera come too soon after each other to tell a resting palm from a passing one.
_DETECTIONS = 3
_SECONDS = 0.3
_RELEASED = 1.3  # radii from the button's centre at which a palm has left it


@dataclass(frozen=True)
class RoundButton:
    """A button in the picture.

    Attributes:
        name: the text on it.
        x: its centre, in widths of the picture.
        y: its centre, in heights.
        colour: BGR, while no countdown of it runs.
    """

    name: str
    x: float
    y: float
    colour: Colour

    def place(self, picture: Image) -> tuple[int, int]:
        """Returns its centre in a picture, column and row."""
        return round(self.x * picture.shape[1]), round(self.y * picture.shape[0])

    def distance(self, picture: Image, x: float, y: float) -> float:
        """Returns the distance from its centre to a place in a picture, in radii: up to 1 is on the button."""
        column, row = self.place(picture)
        return math.hypot(x - column, y - row) / radius(picture)

    def draw(self, picture: Image, *, counting: bool) -> None:
        """Draws it onto a picture, green while its countdown runs."""
        colour = drawing.GREEN if counting else self.colour
        drawing.round_button(picture, self.name, self.place(picture), radius(picture), colour)


def radius(picture: Image) -> int:
    """Returns the radius of the buttons in a picture, in pixels."""
    width: int = picture.shape[1]
    return max(1, round(RADIUS * width))


EXIT = RoundButton("Ext", 0.85, 0.15, drawing.RED)
SAVE = RoundButton("Sav", 0.85, 0.45, drawing.BLUE)
BACKGROUND = RoundButton("Bkg", 0.15, 0.45, drawing.BLUE)
BUTTONS = (EXIT, SAVE, BACKGROUND)


class PalmWatch:
    """Detects palms in every frame, or in every n-th where detection is slow.

    Attributes:
        palms: those of the latest detection.
        unmet: why detection has stopped; empty while it works.
    """

    def __init__(self, detector: Callable[[Image], "list[Palm]"], clock: Callable[[], float] = monotonic) -> None:
        """Takes what detects palms in a frame, and the clock that times it."""
        self.palms: list[Palm] = []
        self.unmet = ""
        self._detector = detector
        self._clock = clock
        self._times: deque[float] = deque(maxlen=_TIMED)
        self._warm = False
        self._wait = 0

    def detect(self, frame: Image) -> bool:
        """Detects palms, if it is this frame's turn; returns whether it was."""
        self._wait -= 1
        if self.unmet or self._wait > 0:
            return False
        start = self._clock()
        try:
            self.palms = self._detector(frame)
        except Exception as error:  # mouse and keys work without the network
            self.palms, self.unmet = [], f"no palms any more: {error}"
            return True
        if self._warm:  # the first run also sets the network up
            self._times.append(self._clock() - start)
        self._warm = True
        self._wait = min(_MOST_SKIPPED, math.ceil(median(self._times) / _SECONDS_PER_FRAME)) if self._times else 1
        return True


class PalmPress:
    """Tells when a palm presses a button.

    A palm must rest on the button for three detections and 0.3 s, so that neither a passing hand nor a false detection
    presses it. The button must be free for as long before it can be pressed again.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._pressed = False
        self._count = 0
        self._since = 0.0

    def update(self, distances: list[float]) -> bool:
        """Returns whether this detection presses the button.

        Args:
            distances: from the button's centre to each palm, in radii.
        """
        nearest = min(distances, default=math.inf)
        changing = nearest > _RELEASED if self._pressed else nearest <= 1
        if not changing:
            self._count = 0
            return False
        if not self._count:
            self._since = self._clock()
        self._count += 1
        if self._count < _DETECTIONS or self._clock() - self._since < _SECONDS:
            return False
        self._pressed, self._count = not self._pressed, 0
        return self._pressed
