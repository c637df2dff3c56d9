"""Who moves, and along which path."""

import bisect
from dataclasses import dataclass

from cleanplate.data.synthetic.exact import sine
from cleanplate.data.synthetic.figures import PHASES
from cleanplate.data.synthetic.sprite import Sprite
from cleanplate.data.synthetic.stage import Stage

CAR = 0.84
"""Height of a car, where a person is 1."""
Key = tuple[float, float, float]
"""(frame, x, y): where the foot is at a time; frames may lie before the first and after the last."""


@dataclass(frozen=True)
class Placement:
    """An actor in one frame: middle of the foot at (x, y), ``height`` in pixels."""

    sprite: Sprite
    x: float
    y: float
    height: float
    flipped: bool
    car: bool
    shines: bool


@dataclass(frozen=True)
class Actor:
    """A person, a car or a thing on its way.

    Attributes:
        sprites: one picture, or the phases of :func:`cleanplate.data.synthetic.figures.person`.
        path: places in order of time, two or more; straight and even between them.
        size: height where a person is 1.
        shines: carries lamps that shine at the camera.
        directed: the picture is mirrored when it moves to the left.
    """

    sprites: tuple[Sprite, ...]
    path: tuple[Key, ...]
    size: float = 1.0
    shines: bool = False
    directed: bool = True

    def at(self, frame: int, stage: Stage) -> Placement | None:
        """Where the actor is in a frame (counted from 0), or None if it is not there."""
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
