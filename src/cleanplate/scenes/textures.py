"""Surfaces: noise at several scales, and the walls, roads and leaves made of it."""

import cv2
import numpy as np
import numpy.typing as npt

from cleanplate.scenes.exact import blur, clip, resize
from cleanplate.utils.arrays import Image

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255 each."""
Levels = npt.NDArray[np.int16]
"""int16 H×W, signed grey levels to add."""


def patches(rng: np.random.Generator, height: int, width: int, cell: float) -> Image:
    """Smooth random patches of about ``cell`` pixels, uint8 H×W centred on 128."""
    rows, columns = max(2, round(height / cell) + 1), max(2, round(width / cell) + 1)
    coarse = rng.integers(0, 256, (rows, columns), dtype=np.uint8)
    if cell <= 1:
        return rng.integers(0, 256, (height, width), dtype=np.uint8)
    return blur(resize(coarse, height, width), min(cell / 3, 12))


def grain(rng: np.random.Generator, height: int, width: int, scales: dict[float, int]) -> Levels:
    """Sum of random patches: ``scales`` gives for each patch size in pixels its amplitude in grey levels."""
    total = np.zeros((height, width), np.int16)
    for cell, amplitude in scales.items():
        total += (((patches(rng, height, width, cell).astype(np.int16) - 128) * amplitude) >> 7).astype(np.int16)
    return total


def surface(colour: Colour, levels: Levels) -> Image:
    """A flat colour with grain, uint8 H×W×3."""
    return clip(np.array(colour, np.int16) + levels[..., None])


def shift_colour(colour: Colour, by: int) -> Colour:
    """The colour, lighter or darker by some levels."""
    blue, green, red = (min(255, max(0, value + by)) for value in colour)
    return blue, green, red


def asphalt(rng: np.random.Generator, height: int, width: int, unit: float, colour: Colour = (92, 90, 88)) -> Image:
    """Worn road: fine grit, repaired patches, cracks. ``unit`` is the size of a metre in the foreground, in pixels."""
    road = surface(colour, grain(rng, height, width, {1: 9, 4: 8, unit * 0.8: 9, unit * 4: 14}))
    for _ in range(5):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        size = int(unit * rng.uniform(0.6, 2.2)) + 2
        part = road[y : y + size // 3 + 1, x : x + size]
        part[:] = clip(part.astype(np.int16) - 16)
    for _ in range(7):
        start = np.array([rng.integers(0, width), rng.integers(0, height)])
        steps = rng.integers(-int(unit) - 1, int(unit) + 2, (7, 2)) // np.array([1, 2])
        crack = (start + np.cumsum(steps, axis=0)).astype(np.int32)
        cv2.polylines(road, [crack], False, shift_colour(colour, -28), 1)
    return road


def lawn(rng: np.random.Generator, height: int, width: int, unit: float, colour: Colour = (52, 112, 86)) -> Image:
    """Grass: mown patches and single blades."""
    green = surface(colour, grain(rng, height, width, {1: 12, 3: 14, unit: 14, unit * 5: 16}))
    count = height * width // 40
    xs, ys = rng.integers(0, width, count), rng.integers(0, height, count)
    lights = rng.integers(-26, 30, count)
    length = max(1, int(unit * 0.12))
    for x, y, light in zip(xs.tolist(), ys.tolist(), lights.tolist(), strict=True):
        cv2.line(green, (x, y), (x + light % 3 - 1, y - length), shift_colour(colour, light), 1)
    return green


def paving(rng: np.random.Generator, height: int, width: int, unit: float, colour: Colour = (150, 156, 160)) -> Image:
    """Slabs in perspective rows: joints grow apart towards the bottom."""
    stone = surface(colour, grain(rng, height, width, {1: 7, 5: 7, unit * 2: 12}))
    joint = shift_colour(colour, -34)
    y, gap = 0.0, max(2.0, unit * 0.25)
    while y < height:
        cv2.line(stone, (0, int(y)), (width, int(y)), joint, 1)
        x = float(rng.uniform(0, gap * 2))
        while x < width:
            cv2.line(stone, (int(x), int(y)), (int(x - gap * 0.3), int(y + gap)), joint, 1)
            x += gap * 2.4
        y, gap = y + gap, gap * 1.18
    return stone


def bricks(rng: np.random.Generator, height: int, width: int, unit: float, colour: Colour) -> Image:
    """Wall of brick courses with joints, stains running down and slow unevenness."""
    stains = patches(rng, max(2, height // 6), width, unit * 0.5)
    levels = grain(rng, height, width, {1: 6, unit * 1.5: 10})
    levels += ((resize(stains, height, width).astype(np.int16) - 128) * 8) >> 7
    wall = surface(colour, levels)
    course = max(2, int(unit * 0.22))
    for row, y in enumerate(range(0, height, course)):
        wall[y] = clip(wall[y].astype(np.int16) - 16)
        for x in range(course * (row % 2), width, course * 2):
            wall[y : y + course, x] = clip(wall[y : y + course, x].astype(np.int16) - 14)
    return wall


def leaves(rng: np.random.Generator, height: int, width: int, leaf: float, colour: Colour) -> tuple[Image, Image]:
    """A crown of foliage that fills a box.

    Args:
        rng: random stream.
        height: box height in pixels.
        width: box width in pixels.
        leaf: size of a tuft in pixels.
        colour: middle green.

    Returns:
        Colour (uint8 H×W×3) and mask (uint8 H×W, 0 or 255).
    """
    crown = np.zeros((height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    count = min(900, int(5 * height * width / max(2.0, leaf * leaf)))
    places = rng.uniform(-1, 1, (count, 2))
    inside = places[(places * places).sum(axis=1) < 1]
    sizes = rng.uniform(0.5, 1.2, len(inside)) * leaf
    tones = rng.integers(-34, 35, len(inside))
    for layer, ((px, py), size, tone) in enumerate(zip(inside.tolist(), sizes.tolist(), tones.tolist(), strict=True)):
        # Later tufts are nearer to the camera and to the light, which gives the crown its volume.
        lit = int(tone - 30 * py + 24 * (layer / max(1, len(inside)) - 0.6))
        centre = (int(width * (0.5 + 0.47 * px)), int(height * (0.5 + 0.47 * py)))
        cv2.circle(crown, centre, max(1, int(size / 2)), shift_colour(colour, lit), -1)
        cv2.circle(mask, centre, max(1, int(size / 2)), 255, -1)
    return crown, mask
