"""Moving objects, their paths, and how they are spread over a sequence."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from cleanplate.scenes.exact import sine
from cleanplate.scenes.figures import PHASES, person
from cleanplate.scenes.sprites import Sprite
from cleanplate.scenes.stage import Stage
from cleanplate.scenes.streets import AVENUE_VANISH
from cleanplate.scenes.textures import Colour
from cleanplate.scenes.vehicles import end_car, side_car

CAR = 0.84
"""Height of a car relative to a person."""
Key = tuple[float, float, float]
"""(frame, x, y): position of the foot at a time, which may lie before the first frame or after the last."""


@dataclass(frozen=True)
class Placement:
    """An object in one frame: middle of the foot at (x, y), ``height`` in pixels."""

    sprite: Sprite
    x: float
    y: float
    height: float
    flipped: bool
    car: bool
    shines: bool


@dataclass(frozen=True)
class Actor:
    """A moving person, car or thing.

    Attributes:
        sprites: one picture, or the phases of :func:`cleanplate.scenes.figures.person`.
        path: two or more places in order of time, with linear motion between them.
        size: height relative to a person.
        shines: whether its lamps shine at the camera.
        directed: whether the picture is mirrored when it moves to the left.
    """

    sprites: tuple[Sprite, ...]
    path: tuple[Key, ...]
    size: float = 1.0
    shines: bool = False
    directed: bool = True

    def at(self, frame: int, stage: Stage) -> Placement | None:
        """Return its placement in a frame (counted from 0), or None if it is not there."""
        if not self.path[0][0] <= frame <= self.path[-1][0]:
            return None
        after = min(max(1, bisect.bisect_right([key[0] for key in self.path], frame)), len(self.path) - 1)
        (t0, x0, y0), (t1, x1, y1) = self.path[after - 1], self.path[after]
        part = (frame - t0) / (t1 - t0)
        x, y = x0 + (x1 - x0) * part, y0 + (y1 - y0) * part
        height = stage.person_height(y) * self.size
        moving = (x1, y1) != (x0, y0)
        sprite = self.sprites[-1]
        if len(self.sprites) > 1:
            travelled = abs(x - self.path[0][1]) + 0.5 * abs(y - self.path[0][2])
            phase = int(travelled / (0.85 * height) * PHASES)
            if moving:
                sprite = self.sprites[phase % PHASES]
                y -= 0.02 * height * abs(sine(phase / PHASES / 2))
        elif moving:
            y -= 0.006 * height * (1 + sine(frame / 5.3))
        return Placement(
            sprite, x, y, height, self.directed and self._leftwards(after), len(self.sprites) == 1, self.shines
        )

    def _leftwards(self, after: int) -> bool:
        # Someone who stands still keeps looking where he came from; who is there first looks where he will go.
        steps = [b[1] - a[1] for a, b in zip(self.path[:-1], self.path[1:], strict=True)]
        for step in [*steps[after - 1 :: -1], *steps[after:]]:
            if step:
                return step < 0
        return False


CAST = 12
"""Number of different sprites on a row or lane; they repeat, so that a long scene starts as fast as a short one."""


def near_colour(rng: np.random.Generator, stage: Stage, row: float, height: float) -> Colour:
    """Return a colour of the wall or ground behind an object, which makes it hard to see."""
    y = int(min(max(0.0, row - height * 0.5), stage.height - 1))
    blue, green, red = stage.plate[y, int(rng.integers(0, stage.width))].tolist()
    return blue, green, red


def walkers(
    rng: np.random.Generator, stage: Stage, frames: int, rows: Sequence[float], pace: float = 1.0, gap: float = 70.0
) -> list[Actor]:
    """Return people who cross the picture on some rows, in different clothes, every third hard to see.

    Args:
        rng: random stream.
        stage: where they walk.
        frames: length of the sequence.
        rows: rows of the feet, in pixels.
        pace: speed in 1/30 of the own height per frame: 1 is a walk at 30 frames a second, 30 is what a camera of
            1 frame a second sees.
        gap: mean number of frames between two people on a row, at pace 1.
    """
    actors: list[Actor] = []
    for index, row in enumerate(rows):
        looks: list[tuple[Sprite, ...]] = []
        height = stage.person_height(row)
        speed = pace * height / 30 * float(rng.uniform(0.85, 1.2))
        duration = (stage.width + height) / speed
        # Someone is under way already in frame 0, so that the shortest sequence has an object.
        start = -duration * float(rng.uniform(0.25, 0.6))
        for turn in count():
            if start >= frames:
                break
            rightwards = bool(rng.random() < 0.5)
            ends = (-height / 2, stage.width + height / 2)
            x0, x1 = ends if rightwards else ends[::-1]
            drift = height * float(rng.uniform(-0.08, 0.08))
            if turn < CAST:
                shirt = near_colour(rng, stage, row, height) if (turn + index) % 3 == 2 else None
                looks.append(person(rng, shirt))
            actors.append(Actor(looks[turn % CAST], ((start, x0, row), (start + duration, x1, row + drift))))
            start += duration * float(rng.uniform(0.35, 0.6)) + gap / pace * float(rng.uniform(0.4, 1.4))
    return actors


def drivers(rng: np.random.Generator, stage: Stage, frames: int, pace: float = 1.0, gap: float = 40.0) -> list[Actor]:
    """Return cars on the lanes of a street; arguments as for :func:`walkers`, ``pace`` 1 is slow town traffic."""
    actors: list[Actor] = []
    for row, direction in stage.lanes:
        looks: list[Sprite] = []
        height = stage.person_height(row) * CAR
        speed = pace * height / 7
        start = -(stage.width / speed) * float(rng.uniform(0.2, 0.6))
        for turn in count():
            if start >= frames:
                break
            if turn < CAST:
                looks.append(side_car(rng, near_colour(rng, stage, row, height) if turn % 4 == 3 else None))
            sprite = looks[turn % CAST]
            half = height * sprite.aspect / 2 + 2
            duration = (stage.width + 2 * half) / speed * float(rng.uniform(0.9, 1.2))
            ends = (-half, stage.width + half)
            x0, x1 = ends if direction > 0 else ends[::-1]
            actors.append(Actor((sprite,), ((start, x0, row), (start + duration, x1, row)), CAR))
            # The next one starts when this one has left, or it would drive through it.
            start += duration * 1.3 + gap / pace * float(rng.uniform(0.0, 1.5))
    return actors


def drive_along(
    rng: np.random.Generator, stage: Stage, frames: int, pace: float = 1.0, gap: float = 45.0, lit: bool = False
) -> list[Actor]:
    """Return cars on the avenue: coming on the left, leaving on the right.

    Args:
        rng: random stream.
        stage: an avenue.
        frames: length of the sequence.
        pace: 1 takes about 90 frames from end to end.
        gap: mean frames between two cars of a lane.
        lit: oncoming cars shine.
    """
    actors: list[Actor] = []
    near, vanish = stage.height * 1.25 - stage.horizon, AVENUE_VANISH * stage.width
    for coming, side in ((True, -0.26), (False, 0.24)):
        looks: list[Sprite] = []
        duration = 90 / pace
        start = -duration * float(rng.uniform(0.55, 0.8))
        for turn in count():
            if start >= frames:
                break
            if turn < CAST:
                looks.append(end_car(rng, coming))
            sprite = looks[turn % CAST]
            keys: list[Key] = []
            for step in range(19):
                distance = 10 - step * 0.5 if coming else 1 + step * 0.5
                scale = 1 / distance
                x = vanish + side * stage.width * 1.25 * scale
                keys.append((start + duration * step / 18, x, stage.horizon + near * scale))
            actors.append(Actor((sprite,), tuple(keys), CAR, shines=lit and coming, directed=False))
            start += duration * 0.45 + gap / pace * float(rng.uniform(0.3, 1.3))
    return actors
