"""Optical flow between consecutive frames, estimated by OpenCV's DIS.

Kroeger et al., Fast optical flow using dense inverse search (ECCV 2016, arXiv 1603.03590).

Flow n belongs to frame n: each pixel holds the motion since frame n−1 of what is seen there in frame n, in pixels, x to
the right and y downwards. It is therefore estimated backwards, from frame n to frame n−1, and negated; a forward
estimate would be aligned with the objects of frame n−1. The flow of the first frame is zero.
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

# DIS derives the depth of its pyramid from the width alone, and reads beyond the picture if a level is lower than a
# patch of 8 pixels. Smaller and flatter pictures are therefore enlarged for the estimate.
_SMALLEST_SIDE = 16
_LEAST_HEIGHT = 0.4  # of the width
STEP = 1 / 16
"""Flow is stored in steps of this many pixels, which is about the resolution of DIS."""


@dataclass(frozen=True)
class FlowSettings:
    """How the flow of a sequence is estimated.

    Attributes:
        preset: of DIS; `fast` reaches 200 frames per second of 320×240 on one core, `ultrafast` 400.
        longest: longer side in pixels of the grid on which flow is estimated; smaller frames keep their size. The
            default is half of CDnet's usual size: it averages out sensor noise, and models use smaller inputs still.
        version: increased whenever the same frames would give a different flow.
    """

    preset: Preset = "fast"
    longest: int = 160
    version: int = 1


def flow_size(frame_size: tuple[int, int], settings: FlowSettings) -> tuple[int, int]:
    """Height and width of the grid on which the flow of frames of `frame_size` is estimated and stored."""
    factor = min(1.0, settings.longest / max(frame_size))
    return max(1, round(frame_size[0] * factor)), max(1, round(frame_size[1] * factor))


def optical_flow(previous: Image, frame: Image, size: tuple[int, int], preset: Preset = "fast") -> Flow:
    """Estimates the motion from `previous` to `frame`, aligned with the pixels of `frame`.

    Args:
        previous: uint8 BGR `[H, W, 3]` or grey `[H, W]`.
        frame: the next frame, of the same size.
        size: height and width of the grid on which flow is estimated.
        preset: of DIS, from fast to accurate.

    Returns:
        float32 `[h, w, 2]`: x and y in pixels of that grid.
    """
    return _estimate(_small_grey(previous, size), _small_grey(frame, size), _estimator(preset), size)


def resized_flow(flow: Flow, size: tuple[int, int]) -> Flow:
    """Resamples flow to another grid, in pixels of that grid; a smaller grid averages the pixels it covers."""
    if flow.shape[:2] == size:
        return flow
    shrinks = size[0] * size[1] < flow.shape[0] * flow.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    there = cv2.resize(flow, (size[1], size[0]), interpolation=method)
    return np.asarray(there * (size[1] / flow.shape[1], size[0] / flow.shape[0]), dtype=np.float32)


def quantize(flow: Flow) -> NDArray[np.int16]:
    """Flow in whole steps of `STEP` pixels, clipped at ±2048 pixels."""
    return np.asarray(np.clip(np.rint(flow / STEP), -32768, 32767), dtype=np.int16)


def dequantize(steps: NDArray[np.int16]) -> Flow:
    """The exact inverse of `quantize`: flow in pixels."""
    return steps.astype(np.float32) * np.float32(STEP)


class FlowTracker:
    """Estimates the flow of consecutive frames one by one.

    The result is quantized to `STEP`, so it is bit-identical to the flow of a `FlowFile` as long as OpenCV runs with
    the same number of threads: DIS gives each thread a strip of the picture.

    Attributes:
        previous: the previous frame, small and grey, which is all the state there is; `None` before the first frame.
    """

    def __init__(self, settings: FlowSettings = FlowSettings()) -> None:
        self.settings = settings
        self.previous: Image | None = None
        self._estimator = _estimator(settings.preset)

    def reset(self) -> None:
        """Drops the previous frame: the next flow is zero."""
        self.previous = None

    def observe(self, frame: Image) -> Image:
        """Takes a frame as the previous one without estimating its flow; returns it small and grey."""
        self.previous = _small_grey(frame, flow_size((frame.shape[0], frame.shape[1]), self.settings))
        return self.previous

    def next(self, frame: Image) -> Flow:
        """Flow of the next frame, uint8 BGR `[H, W, 3]`, on the grid of `flow_size`: float32 `[h, w, 2]`."""
        previous = self.previous
        current = self.observe(frame)
        size = current.shape[0], current.shape[1]
        if previous is None or previous.shape != current.shape:
            return np.zeros((*size, 2), np.float32)
        return dequantize(quantize(_estimate(previous, current, self._estimator, size)))


def _small_grey(frame: Image, size: tuple[int, int]) -> Image:
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame
    if grey.shape != size:
        shrinks = size[0] * size[1] < grey.shape[0] * grey.shape[1]
        grey = cv2.resize(grey, (size[1], size[0]), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(grey, dtype=np.uint8)


def _estimator(preset: Preset) -> Any:
    estimator = cv2.DISOpticalFlow.create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}"))
    # The presets stop at a half or a quarter of the resolution, where distant people are lost. Our grid is small
    # already.
    estimator.setFinestScale(0)
    return estimator


def _estimate(previous: Image, frame: Image, estimator: Any, size: tuple[int, int]) -> Flow:
    width = max(size[1], _SMALLEST_SIDE)
    enlarged = (max(size[0], _SMALLEST_SIDE, ceil(_LEAST_HEIGHT * width)), width)
    backwards = estimator.calc(_small_grey(frame, enlarged), _small_grey(previous, enlarged), None)
    return resized_flow(np.asarray(-backwards, dtype=np.float32), size)
