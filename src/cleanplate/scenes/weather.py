"""Dynamic backgrounds and weather: snow, rain, haze, foliage in the wind, and water with ripples."""

from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.scenes.exact import SINE, SUBPIXEL, TURN, blur, clip, halve, mix, sample, sine
from cleanplate.scenes.textures import Colour, patches
from cleanplate.utils.arrays import Image


@dataclass(frozen=True)
class _Sheet:
    """A tile of drops that wraps around and moves down."""

    opacity: Image
    down: float
    aside: float

    def at(self, frame: int) -> Image:
        height, width = self.opacity.shape
        shift = (int(frame * self.down) % height, int(frame * self.aside) % width)
        return np.roll(self.opacity, shift, axis=(0, 1))


class Falling:
    """Snow or rain at three depths, painted over the image; not part of the labels or the clean plate."""

    def __init__(self, rng: np.random.Generator, height: int, width: int, snow: bool) -> None:
        """Draw the tiles.

        Args:
            rng: random stream.
            height: rows of the frame.
            width: columns of the frame.
            snow: flakes if True, streaks of rain if False.
        """
        self._colour = np.array((240, 238, 236) if snow else (206, 204, 200), np.uint8)
        self._sheets = []
        unit = height / 240
        for depth, share in ((0.45, 1.0), (0.75, 0.5), (1.3, 0.22)):
            tile = np.zeros((2 * height, 2 * width), np.uint8)
            lean = 0.18 if snow else 0.1
            fall = (7.0 if snow else 23.0) * depth * unit + 1
            count = max(6, int(height * width / (130 if snow else 150) * share / max(unit, 0.3)))
            for _ in range(count):
                x, y = int(rng.integers(0, 2 * width)), int(rng.integers(0, 2 * height))
                streak = int((fall * (0.55 if snow else 1.1)) * 2 * float(rng.uniform(0.6, 1.2)))
                thick = max(1, int((3.2 if snow else 1.2) * depth * unit * float(rng.uniform(0.6, 1.3))))
                opacity = int(rng.integers(120, 230) if snow else rng.integers(70, 140))
                cv2.line(tile, (x, y), (x - int(lean * streak), y + streak), opacity, thick)
            self._sheets.append(_Sheet(blur(halve(tile), 0.5 + 0.4 * depth), fall, -lean * fall))

    def __call__(self, frame: int, image: Image) -> Image:
        """Return the frame with snow or rain."""
        near, middle, far = (sheet.at(frame) for sheet in self._sheets)
        opacity = np.maximum(np.maximum(near, middle), far)
        return mix(image, self._colour, opacity[..., None])


class Haze:
    """Haze that is densest at the horizon."""

    def __init__(self, height: int, horizon: float, colour: Colour, thickest: float, thinnest: float) -> None:
        """Set the density from ``thickest`` (0 to 1) at the horizon row to ``thinnest`` at the bottom row."""
        rows = np.arange(height)
        part = np.clip((rows - horizon) / max(1.0, height - horizon), 0, 1)
        self._weight = np.round(255 * (thickest + (thinnest - thickest) * part)).astype(np.uint8)[:, None, None]
        self._colour = np.array(colour, np.uint8)

    def __call__(self, frame: int, image: Image) -> Image:
        """Return the picture with haze; the same in every frame."""
        return mix(image, self._colour, self._weight)


def _box(mask: Image) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


class Foliage:
    """Swaying leaves and branches: neighbours move together, gusts travel through, and leaves glint."""

    def __init__(self, rng: np.random.Generator, mask: Image, reach: float, speed: float = 1.0) -> None:
        """Prepare a region.

        Args:
            rng: random stream.
            mask: uint8 H×W, 255 on foliage.
            reach: largest displacement in pixels.
            speed: 1 sways about once a second at 30 frames a second.
        """
        self._box = _box(mask)
        height, width = mask[self._box].shape
        # Movement fades out at the border, so that the sky is not distorted.
        self._weight = blur(mask, max(1.0, reach * 0.6))[self._box].astype(np.int32)
        cell = max(6.0, height / 5)
        clumps = [patches(rng, height, width, cell).astype(np.int32) * 6 for _ in range(2)]
        twigs = patches(rng, height, width, max(3.0, cell / 5)).astype(np.int32) * 5
        across = np.arange(width, dtype=np.int32)[None, :] * int(TURN / max(40, width))
        self._slow, self._quick, self._leaf = clumps[0] - across, clumps[1] + twigs, twigs * 2
        self._reach, self._speed = reach * SUBPIXEL, speed * TURN / 30
        self._grid = np.mgrid[0:height, 0:width].astype(np.int32) * SUBPIXEL

    def __call__(self, frame: int, plate: Image) -> Image:
        """Return the plate with the foliage of a frame; uint8 H×W×3, a new picture."""
        gust = self._reach * (0.72 + 0.28 * sine(frame / 53))
        slow = SINE[(self._slow + int(frame * self._speed * 0.8)) & (TURN - 1)]
        quick = SINE[(self._quick + int(frame * self._speed * 2.3)) & (TURN - 1)]
        sway = (((slow * 5 + quick * 3) >> 3) * int(gust)) >> 12
        nod = (quick * int(gust * 0.5)) >> 12
        part = np.ascontiguousarray(plate[self._box])
        moved = sample(
            part, self._grid[1] + ((sway * self._weight) >> 8), self._grid[0] + ((nod * self._weight) >> 8)
        ).astype(np.int16)
        glint = SINE[(self._leaf + int(frame * self._speed * 3.1)) & (TURN - 1)] * self._weight
        result = plate.copy()
        result[self._box] = clip(moved + ((glint * 13) >> 20).astype(np.int16)[..., None])
        return result


class Water:
    """Three trains of waves over a pond, longer towards the camera, with glitter on the crests."""

    def __init__(self, rng: np.random.Generator, mask: Image, depth: float) -> None:
        """Prepare a region.

        Args:
            rng: random stream.
            mask: uint8 H×W, 255 on water.
            depth: height of the waves in grey levels.
        """
        self._box = _box(mask)
        self._mask = mask[self._box][..., None]
        height, width = mask[self._box].shape
        self._grid = np.mgrid[0:height, 0:width].astype(np.int32)
        y, x = self._grid
        nearer = 2 * height + y
        wobble = patches(rng, height, width, max(4.0, width / 12)).astype(np.int32) * 3
        # The phase per pixel decreases towards the camera, where waves look longer.
        self._phases = [
            ((y * 7 * TURN * height) // (nearer * max(20, height))) * 2 + wobble * 2,
            ((y * 5 * TURN * height) // (nearer * max(20, height))) * 3 + x * int(TURN / 46) + wobble,
            x * int(TURN / 30) - y * int(TURN / 9) + wobble * 2,
        ]
        self._depth = int(depth)

    def __call__(self, frame: int, plate: Image) -> Image:
        """Return the plate with the water of a frame; uint8 H×W×3, a new picture."""
        waves = [
            SINE[(phase + frame * step) & (TURN - 1)] for phase, step in zip(self._phases, (61, 43, 89), strict=True)
        ]
        swell = waves[0] * 2 + waves[1] * 3 + waves[2]
        level = (swell * self._depth) >> 14
        glitter = np.maximum(swell - 14000, 0) >> 6
        part = np.ascontiguousarray(plate[self._box])
        shifted = sample(
            part, self._grid[1] * SUBPIXEL + (waves[1] >> 5), self._grid[0] * SUBPIXEL + (waves[0] >> 6)
        ).astype(np.int16)
        wet = clip(shifted + (level + glitter).astype(np.int16)[..., None])
        result = plate.copy()
        result[self._box] = mix(part, wet, self._mask)
        return result
