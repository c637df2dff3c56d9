"""Short messages in the window, for a few seconds."""

from time import monotonic

from cleanplate.camera.timing import Clock
from cleanplate.report import drawing
from cleanplate.utils.arrays import Image

_SECONDS = 2.0
_LONGER = 5.0  # for what went wrong, which takes longer to read


class Notes:
    """What has happened last."""

    def __init__(self, clock: Clock = monotonic) -> None:
        """Args: seconds since some moment."""
        self._clock = clock
        self._text = ""
        self._colour = drawing.DARK
        self._end = 0.0

    def good(self, text: str) -> None:
        """Something was done: on green for 2 seconds."""
        self._text, self._colour, self._end = text, drawing.GREEN, self._clock() + _SECONDS

    def bad(self, text: str) -> None:
        """Something was not: on red for 5 seconds."""
        self._text, self._colour, self._end = text, drawing.RED, self._clock() + _LONGER

    @property
    def text(self) -> str:
        """What is shown now; empty if it is over."""
        return self._text if self._clock() < self._end else ""

    def draw(self, picture: Image) -> None:
        """Puts it at the lower edge of a picture, wrapped to its width."""
        if text := self.text:
            height, width = picture.shape[:2]
            left, bottom = round(0.05 * width), round(0.98 * height)
            drawing.paragraph(picture, text, left, bottom, width - 2 * left, self._colour, upwards=True)
