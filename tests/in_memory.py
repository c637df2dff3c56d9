"""Sequences whose frames are in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError


class Frames:
    """Frames in memory, as a `FrameSource`; those at `broken` cannot be decoded."""

    def __init__(self, frames: Sequence[np.ndarray], broken: tuple[int, ...] = ()) -> None:
        self.frames = frames
        self.broken = broken

    def __len__(self) -> int:
        return len(self.frames)

    def read(self, index: int) -> np.ndarray:
        if index in self.broken:
            raise DataError(f"{self.label(index)}: broken")
        return self.frames[index]

    def label(self, index: int) -> str:
        return f"frame {index}"


def in_memory(frames: Sequence[np.ndarray], broken: tuple[int, ...] = (), **options: Any) -> FrameSequence:
    return FrameSequence("test/frames", Frames(frames, broken), range(1, len(frames) + 1), **options)


def textured(height: int, width: int, seed: int = 0, low: float = 60, high: float = 180) -> np.ndarray:
    """A smooth picture of many blotches, float64 `[height, width, 3]` in grey levels."""
    import cv2

    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, low, high, cv2.NORM_MINMAX)


def photographed(picture: np.ndarray, seed: int, noise: float = 2.0) -> np.ndarray:
    """A picture with sensor noise, uint8."""
    return np.clip(np.rint(picture + np.random.default_rng(seed).normal(0, noise, picture.shape)), 0, 255).astype(
        np.uint8
    )
