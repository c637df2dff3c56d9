"""A room with somebody in it, before a camera that the test holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cleanplate.data.io.images import write_image
from in_memory import photographed, textured

HEIGHT, WIDTH = 240, 320
BODY, HEAD = (40, 40, 230), (230, 230, 40)


def wall(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """The room with nobody in it, uint8 BGR."""
    return np.rint(textured(height, width, seed=5, low=90, high=150)).astype(np.uint8)


def empty(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A frame of it."""
    return photographed(wall(height, width), seed)


def cast(x: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Where somebody at column `x` is, uint8 of 0 and 255."""
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (x - 18, height // 2 - 20), (x + 18, height - 20), 255, -1)
    cv2.circle(mask, (x, height // 2 - 42), 20, 255, -1)
    return mask


def acted(x: int, seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A frame with somebody at column `x`: red below, cyan above."""
    frame = empty(seed, height, width)
    mask = cast(x, height, width) > 0
    low = np.arange(height)[:, None] > height // 2 - 22
    frame[mask & low], frame[mask & ~low] = BODY, HEAD
    return frame


class Camera:
    """A folder that is played again and again, and whose pictures the test changes while a program looks at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shows(empty)

    def shows(self, frame: Callable[[int], np.ndarray]) -> None:
        """From here on it sees `frame(seed)`."""
        self.folder.mkdir(exist_ok=True)
        for seed in range(3):
            work = self.folder / f".{seed}.png"
            write_image(work, frame(seed))
            work.replace(self.folder / f"{seed}.png")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class AtOnce:
    """A worker that has done its work when it was given."""

    def __init__(self) -> None:
        self._outcome: Any = None

    def put(self, work: Callable[[], Any]) -> None:
        from cleanplate.utils.worker import Outcome

        try:
            self._outcome = Outcome(work())
        except Exception as error:
            self._outcome = Outcome(error=error)

    def outcome(self, seconds: float = 0.0) -> Any:
        outcome, self._outcome = self._outcome, None
        return outcome

    def abandon(self) -> None:
        self._outcome = None

    def close(self) -> bool:
        return True


class Held(AtOnce):
    """A worker that does its work when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: Callable[[], Any] | None = None
        self.abandoned = 0

    def put(self, work: Callable[[], Any]) -> None:
        self.waiting = work

    def let(self) -> None:
        """Does what waits."""
        assert self.waiting is not None
        work, self.waiting = self.waiting, None
        super().put(work)

    def abandon(self) -> None:
        super().abandon()
        self.waiting = None
        self.abandoned += 1
