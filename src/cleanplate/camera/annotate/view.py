"""Which part of a picture is seen, and how large: from places on the screen to places in the picture, and back.

A pixel is a square: pixel 0 reaches from 0 to 1, on the screen as in the picture, and its middle is at 0.5.
"""

import math
from dataclasses import dataclass, replace

from cleanplate.camera.annotate.shapes import Point

Size = tuple[int, int]
"""Width and height in pixels."""

CLOSEST = 40.0
"""Pixels of the screen for one of the picture, at most."""

_LARGEST, _SMALLEST = (1280, 720), (640, 360)


@dataclass(frozen=True)
class View:
    """A picture seen through a window.

    Attributes:
        picture: its size.
        area: the size of what is left for it on the screen.
        scale: pixels of the screen for one of the picture.
        left: column of the picture at the left edge of the area.
        top: row of it at the upper edge.
    """

    picture: Size
    area: Size
    scale: float
    left: float
    top: float

    @classmethod
    def whole(cls, picture: Size, area: Size) -> "View":
        """All of the picture, as large as it can be."""
        scale = min(area[0] / picture[0], area[1] / picture[1], CLOSEST)
        return cls(picture, area, scale, 0, 0)._inside()

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """A place of the picture on the screen."""
        return (x - self.left) * self.scale, (y - self.top) * self.scale

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """A place of the screen in the picture."""
        return x / self.scale + self.left, y / self.scale + self.top

    def pixel_at(self, x: int, y: int) -> Point:
        """The pixel of the picture under a pixel of the screen; outside the picture, the nearest one."""
        column, row = self.to_picture(x + 0.5, y + 0.5)
        width, height = self.picture
        return min(max(math.floor(column), 0), width - 1), min(max(math.floor(row), 0), height - 1)

    def middle_of(self, pixel: Point) -> tuple[float, float]:
        """Where the middle of a pixel of the picture is drawn: in OpenCV's coordinates, whole in a pixel's middle."""
        x, y = self.to_screen(pixel[0] + 0.5, pixel[1] + 0.5)
        return x - 0.5, y - 0.5

    def zoomed(self, factor: float, x: float, y: float) -> "View":
        """Nearer or farther; what is at a place of the screen stays there, if the edges of the picture allow it."""
        column, row = self.to_picture(x, y)
        least = View.whole(self.picture, self.area).scale
        scale = min(max(self.scale * factor, least), max(CLOSEST, least))
        return replace(self, scale=scale, left=column - x / scale, top=row - y / scale)._inside()

    def panned(self, x: float, y: float) -> "View":
        """Moved by pixels of the screen: what was at the left goes to the right for a positive `x`."""
        return replace(self, left=self.left - x / self.scale, top=self.top - y / self.scale)._inside()

    def _inside(self) -> "View":
        """No more than needed is seen beside the picture, and that on both sides alike."""
        left, top = (
            _held(start, length, room / self.scale)
            for start, length, room in zip((self.left, self.top), self.picture, self.area, strict=True)
        )
        return replace(self, left=left, top=top)


def area_for(picture: Size) -> Size:
    """The room for a picture in a window: its own size, enlarged or shrunk until it is a window's."""
    width, height = picture
    scale = min(_LARGEST[0] / width, _LARGEST[1] / height)
    if scale > 1:
        scale = max(1.0, math.floor(2 * scale) / 2)  # whole and a half: pixels of one size
    return max(_SMALLEST[0], round(width * scale)), max(_SMALLEST[1], round(height * scale))


def _held(start: float, length: int, seen: float) -> float:
    return (length - seen) / 2 if seen >= length else min(max(start, 0.0), length - seen)
