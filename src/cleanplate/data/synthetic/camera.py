"""What a camera's own movement and the air before it do to the geometry of a frame."""

from dataclasses import dataclass

import numpy as np

from cleanplate.data.synthetic.exact import SUBPIXEL, Grid, Image, blur, resize, sample, sine

_ONE = 1 << 16


@dataclass(frozen=True)
class Warp:
    """Where in the stage every pixel of the frame comes from, in 1/32 pixel.

    Attributes:
        columns: int32 H×W of the frame.
        rows: int32 H×W of the frame.
    """

    columns: Grid
    rows: Grid

    def apply(self, image: Image) -> Image:
        """Look at a stage-sized picture through the camera."""
        return sample(image, self.columns, self.rows)


def view(height: int, width: int, x: float, y: float, zoom: float = 1.0, turns: float = 0.0) -> Warp:
    """A camera that looks at a place of the stage.

    Args:
        height: rows of the frame.
        width: columns of the frame.
        x: column of the stage in the middle of the frame.
        y: row of the stage in the middle of the frame.
        zoom: pixels of the frame per pixel of the stage.
        turns: roll of the camera, in turns.
    """
    along, aside = (int(_ONE * part / zoom) for part in (sine(turns + 0.25), sine(turns)))
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.int64)
    right, down = 2 * grid_x - (width - 1), 2 * grid_y - (height - 1)
    # 2 * 65536 units per pixel become 32 per pixel.
    columns = (right * along - down * aside + int(2 * _ONE * x)) >> 12
    rows = (right * aside + down * along + int(2 * _ONE * y)) >> 12
    return Warp(columns.astype(np.int32), rows.astype(np.int32))


def shiver(rng: np.random.Generator, height: int, width: int, cell: float, reach: float) -> Warp:
    """Hot air: a smooth random displacement of every pixel.

    Args:
        rng: random stream of this frame.
        height: rows of the frame.
        width: columns of the frame.
        cell: size of a swirl in pixels.
        reach: largest displacement in pixels.
    """
    size = (max(3, round(height / cell)), max(3, round(width / cell)), 2)
    field = rng.integers(0, 256, size, dtype=np.uint8)
    smooth = blur(resize(field, height, width), max(0.8, cell / 3)).astype(np.int32) - 128
    amount = int(reach * SUBPIXEL)
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.int32) * SUBPIXEL
    return Warp(grid_x + ((smooth[..., 0] * amount) >> 7), grid_y + ((smooth[..., 1] * amount) >> 7))


def ease(part: float) -> float:
    """0 to 1 with a soft start and end, for a motor that pans or zooms."""
    part = min(1.0, max(0.0, part))
    return part * part * (3 - 2 * part)
