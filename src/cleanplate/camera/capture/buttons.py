"""The round buttons of the picture: where they are, and what is on them. Their places are those of an older program."""

import math
from dataclasses import dataclass

from cleanplate.report import drawing
from cleanplate.report.text import Colour
from cleanplate.utils.arrays import Image

RADIUS = 0.06  # in widths of the picture


@dataclass(frozen=True)
class RoundButton:
    """A button of the picture.

    Attributes:
        name: what is written on it.
        x: its middle, in widths of the picture.
        y: its middle, in heights.
        colour: BGR, when nothing counts down for it.
    """

    name: str
    x: float
    y: float
    colour: Colour

    def place(self, picture: Image) -> tuple[int, int]:
        """Its middle in a picture, column and row."""
        return round(self.x * picture.shape[1]), round(self.y * picture.shape[0])

    def away(self, picture: Image, x: float, y: float) -> float:
        """From its middle to a place in a picture, in radii: up to 1 is on the button."""
        column, row = self.place(picture)
        return math.hypot(x - column, y - row) / radius(picture)

    def draw(self, picture: Image, *, counting: bool) -> None:
        """Puts it onto a picture, green while it counts down."""
        colour = drawing.GREEN if counting else self.colour
        drawing.round_button(picture, self.name, self.place(picture), radius(picture), colour)


def radius(picture: Image) -> int:
    """Of the buttons in a picture, in pixels."""
    width: int = picture.shape[1]
    return max(1, round(RADIUS * width))


EXIT = RoundButton("Ext", 0.85, 0.15, drawing.RED)
SAVE = RoundButton("Sav", 0.85, 0.45, drawing.BLUE)
BACKGROUND = RoundButton("Bkg", 0.15, 0.45, drawing.BLUE)
BUTTONS = (EXIT, SAVE, BACKGROUND)
