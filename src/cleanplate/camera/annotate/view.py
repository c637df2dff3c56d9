"""The visible part of an image and its scale: from places in the window to pixels of the image, and back.

A pixel is a square. Pixel 0 reaches from 0 to 1, in the window as in the image, and its centre is at 0.5.
"""

import math
from dataclasses import dataclass, replace

from cleanplate.data.datasets.labels.polygons import Point

Size = tuple[int, int]
"""Width and height in pixels."""

MAX_SCALE = 40.0
"""Most pixels of the window for one of the image."""

_LARGEST, _SMALLEST = (1280, 720), (640, 360)


@dataclass(frozen=True)
class View:
    """An image seen through a window.

    Attributes:
        image: its size.
        area: size of the window's part for it.
        scale: pixels of the window for one of the image.
        left: column of the image at the left edge of the area.
        top: row of the image at the upper edge of the area.
    """

    image: Size
    area: Size
    scale: float
    left: float
    top: float

    @classmethod
    def whole(cls, image: Size, area: Size) -> "View":
        """Returns the view of the whole image, as large as possible."""
        scale = min(area[0] / image[0], area[1] / image[1], MAX_SCALE)
        return cls(image, area, scale, 0, 0)._clamped()

    def to_window(self, x: float, y: float) -> tuple[float, float]:
        """Returns where a place of the image is in the window."""
        return (x - self.left) * self.scale, (y - self.top) * self.scale

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Returns where a place of the window is in the image."""
        return x / self.scale + self.left, y / self.scale + self.top

    def pixel_at(self, x: int, y: int) -> Point:
        """Returns the image's pixel under a pixel of the window, or the nearest one."""
        column, row = self.to_image(x + 0.5, y + 0.5)
        width, height = self.image
        return min(max(math.floor(column), 0), width - 1), min(max(math.floor(row), 0), height - 1)

    def centre_of(self, pixel: Point) -> tuple[float, float]:
        """Returns where the centre of a pixel is drawn, in OpenCV's coordinates, which are whole at pixel centres."""
        x, y = self.to_window(pixel[0] + 0.5, pixel[1] + 0.5)
        return x - 0.5, y - 0.5

    def zoomed(self, factor: float, x: float, y: float) -> "View":
        """Returns the view at another scale; a place of the window keeps its content where the edges allow it."""
        column, row = self.to_image(x, y)
        least = View.whole(self.image, self.area).scale
        scale = min(max(self.scale * factor, least), max(MAX_SCALE, least))
        return replace(self, scale=scale, left=column - x / scale, top=row - y / scale)._clamped()

    def panned(self, x: float, y: float) -> "View":
        """Returns the view with the image moved by pixels of the window."""
        return replace(self, left=self.left - x / self.scale, top=self.top - y / self.scale)._clamped()

    def _clamped(self) -> "View":
        """Returns the view without unneeded space around the image."""
        left, top = (
            (length - room / self.scale) / 2
            if room / self.scale >= length
            else min(max(start, 0.0), length - room / self.scale)
            for start, length, room in zip((self.left, self.top), self.image, self.area, strict=True)
        )
        return replace(self, left=left, top=top)


def area_for(image: Size) -> Size:
    """Returns the size of the window's part for an image: its own size, scaled to that of a window."""
    width, height = image
    scale = min(_LARGEST[0] / width, _LARGEST[1] / height)
    if scale > 1:
        scale = max(1.0, math.floor(2 * scale) / 2)  # by halves, so that all pixels are equally large
    return max(_SMALLEST[0], round(width * scale)), max(_SMALLEST[1], round(height * scale))
