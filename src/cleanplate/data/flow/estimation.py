"""Optical flow between two frames, and from frame to frame, by OpenCV's DIS.

Kroeger et al., Fast optical flow using dense inverse search (ECCV 2016, arXiv 1603.03590).

Flow n belongs to frame n: at each pixel of frame n it says how far what is seen there has moved since frame n−1, in
pixels, x to the right and y downwards. It is therefore estimated backwards, from frame n to frame n−1, and turned
round: forwards it would lie where things were, beside the objects of frame n. The first frame's flow is zero.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.utils.arrays import Image

Flow = NDArray[np.float32]
Preset = Literal["ultrafast", "fast", "medium"]

# DIS takes the depth of its pyramid from the width alone, and reads beyond the picture where a level is lower than a
# patch of 8 pixels. Smaller and flatter pictures are estimated enlarged.
_SMALLEST_SIDE = 16
_LEAST_HEIGHT = 0.4  # of the width
STEP = 1 / 16
"""Flow is kept in steps of this many pixels: about as fine as DIS can tell."""


@dataclass(frozen=True)
class FlowSettings:
    """How the flow of a sequence is made.

    Attributes:
        preset: of DIS; `fast` does 200 frames a second of 320×240 on one core, `ultrafast` 400.
        longest: longer side of the grid it is estimated on, in pixels; smaller frames keep their size. Half of CDnet's
            usual size: noise of the camera is averaged out, and models work on smaller pictures still.
        version: raised whenever the same frames would give another flow.
    """

    preset: Preset = "fast"
    longest: int = 160
    version: int = 1


def flow_size(frame_size: tuple[int, int], settings: FlowSettings) -> tuple[int, int]:
    """Height and width of the grid on which the flow of frames of `frame_size` is estimated and kept."""
    factor = min(1.0, settings.longest / max(frame_size))
    return max(1, round(frame_size[0] * factor)), max(1, round(frame_size[1] * factor))


def optical_flow(previous: Image, frame: Image, size: tuple[int, int], preset: Preset = "fast") -> Flow:
    """How far what is seen in `frame` has moved since `previous`.

    Args:
        previous: uint8 BGR `[H, W, 3]` or grey `[H, W]`.
        frame: the next one, of the same size.
        size: height and width of the grid to work on.
        preset: of DIS, from fast to careful.

    Returns:
        float32 `[h, w, 2]`: x and y, in pixels of the working grid, at the pixels of `frame`.
    """
    return _between(_small_grey(previous, size), _small_grey(frame, size), _estimator(preset), size)


def resized_flow(flow: Flow, size: tuple[int, int]) -> Flow:
    """Flow on another grid, in pixels of that grid; each pixel is the mean of what it covers."""
    if flow.shape[:2] == size:
        return flow
    shrinks = size[0] * size[1] < flow.shape[0] * flow.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    there = cv2.resize(flow, (size[1], size[0]), interpolation=method)
    return np.asarray(there * (size[1] / flow.shape[1], size[0] / flow.shape[0]), dtype=np.float32)


def on_steps(flow: Flow) -> NDArray[np.int16]:
    """Flow in whole steps of `STEP` pixels; ±2048 pixels are the most it holds."""
    return np.asarray(np.clip(np.rint(flow / STEP), -32768, 32767), dtype=np.int16)


def from_steps(steps: NDArray[np.int16]) -> Flow:
    """What `on_steps` gave, in pixels, exactly."""
    return steps.astype(np.float32) * np.float32(STEP)


class FlowTracker:
    """The flow of consecutive frames, one at a time; it remembers the frame before.

    What it gives is in whole steps of `STEP`, so that it equals what a `FlowFile` keeps, bit by bit, as long as OpenCV
    runs with as many threads: DIS hands each thread a strip of its own.
    """

    def __init__(self, settings: FlowSettings = FlowSettings()) -> None:
        self.settings = settings
        self._estimator = _estimator(settings.preset)
        self._previous: Image | None = None

    @property
    def previous(self) -> Image | None:
        """The frame before, small and grey: all that is remembered."""
        return self._previous

    def recall(self, previous: Image | None) -> None:
        """Takes back what `previous` gave."""
        self._previous = previous

    def reset(self) -> None:
        """Forgets the frame before: the next flow is zero."""
        self._previous = None

    def see(self, frame: Image) -> None:
        """Remembers a frame without asking for its flow."""
        self._previous = _small_grey(frame, flow_size((frame.shape[0], frame.shape[1]), self.settings))

    def next(self, frame: Image) -> Flow:
        """Flow of the next frame, uint8 BGR `[H, W, 3]`, on the grid of `flow_size`: float32 `[h, w, 2]`."""
        previous = self._previous
        self.see(frame)
        assert self._previous is not None
        size = self._previous.shape[0], self._previous.shape[1]
        if previous is None or previous.shape != self._previous.shape:
            return np.zeros((*size, 2), np.float32)
        return from_steps(on_steps(_between(previous, self._previous, self._estimator, size)))


def _small_grey(frame: Image, size: tuple[int, int]) -> Image:
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame
    if grey.shape != size:
        shrinks = size[0] * size[1] < grey.shape[0] * grey.shape[1]
        grey = cv2.resize(grey, (size[1], size[0]), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(grey, dtype=np.uint8)


def _estimator(preset: Preset) -> Any:
    estimator = cv2.DISOpticalFlow.create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}"))
    # The presets stop at a half or a quarter of the picture, where a walker far off is lost. Ours is small already.
    estimator.setFinestScale(0)
    return estimator


def _between(previous: Image, frame: Image, estimator: Any, size: tuple[int, int]) -> Flow:
    width = max(size[1], _SMALLEST_SIDE)
    enlarged = (max(size[0], _SMALLEST_SIDE, ceil(_LEAST_HEIGHT * width)), width)
    backwards = estimator.calc(_small_grey(frame, enlarged), _small_grey(previous, enlarged), None)
    return resized_flow(np.asarray(-backwards, dtype=np.float32), size)
