"""Learns the empty scene: a countdown, some seconds of frames, then a model that is fitted to them."""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from time import monotonic

import cv2
import numpy as np

import cleanplate
from cleanplate.camera.live.options import Timing
from cleanplate.camera.program import Clock, Countdown
from cleanplate.data.io.sources import FramesInMemory
from cleanplate.data.sequence import FrameSequence
from cleanplate.models import BackgroundModel
from cleanplate.models.setup import fit_quietly
from cleanplate.report import drawing
from cleanplate.utils.arrays import Image
from cleanplate.utils.worker import check_cancelled

_MOST_FRAMES = 200
_MOST_BYTES = 400_000_000
_FEWEST_FRAMES = 10  # a camera that stalls is waited for

# Denoising of the clean plate.
_MEDIAN_NOISE = 1.2533  # a median of N values is this times as noisy as their mean: √(π/2)
_RANGE = 3.0  # standard deviations of the noise; larger differences are edges
_SPACE = 1.5  # pixels
_DIAMETER = 5
_LEAST_NOISE = 0.1  # grey levels; less than rounding leaves
_BLOCK = 16
_PAIRS = 20

Job = Callable[[], BackgroundModel]


class Phase(Enum):
    """The progress of learning."""

    IDLE = auto()
    COUNTING = auto()
    COLLECTING = auto()
    FITTING = auto()
    READY = auto()
    FAILED = auto()


class SceneLearner:
    """Collects frames of the empty scene and holds the model. The caller runs the job that `on_frame` returns.

    Attributes:
        phase: the progress.
        model: `None` until it is ready.
        name: of the model, for messages.
        error: why learning failed.
    """

    def __init__(self, make: Callable[[], BackgroundModel], timing: Timing, clock: Clock = monotonic) -> None:
        """Takes what makes a new model, the times, and a clock."""
        self.phase = Phase.IDLE
        self.model: BackgroundModel | None = None
        self.name = ""
        self.error = ""
        self._make = make
        self._timing = timing
        self._clock = clock
        self._countdown = Countdown(timing.countdown, clock)
        self._kept: list[Image] = []
        self._began = 0.0
        self._size: tuple[int, ...] | None = None

    def start(self) -> None:
        """Starts with the countdown, in any phase."""
        self._countdown.cancel()
        self._countdown.start()
        self._kept = []
        self.model, self.error, self.phase = None, "", Phase.COUNTING

    def ready(self, model: BackgroundModel, size: tuple[int, ...] | None = None) -> None:
        """Takes a model that needs no more learning.

        Args:
            model: for frames of the size that was learnt from.
            size: height and width, where nothing was learnt from.
        """
        self.model, self.error, self.phase = model, "", Phase.READY
        self._size = size or self._size

    def fail(self, error: str) -> None:
        """Ends learning with an error; it can be started again."""
        self.model, self.error, self.phase = None, error, Phase.FAILED

    def on_frame(self, frame: Image) -> Job | None:
        """Takes a frame, uint8 BGR `[H, W, 3]`; once there are enough, returns the job that fits a new model."""
        if self.phase is Phase.COUNTING and self._countdown.expired():
            self.phase, self._began, self._size = Phase.COLLECTING, self._clock(), None
        if self.phase is not Phase.COLLECTING:
            return None
        if self._size != frame.shape[:2]:  # the camera has changed its mode: another scene
            self._kept, self._began, self._size = [], self._clock(), frame.shape[:2]
        spent = self._clock() - self._began
        most = self._timing.frames or max(_FEWEST_FRAMES, min(_MOST_FRAMES, _MOST_BYTES // max(1, frame.nbytes)))
        if self._timing.frames or spent >= len(self._kept) * self._timing.seconds / most:
            self._kept.append(frame)
        if self._share(spent) < 1:
            return None
        frames, self._kept = self._kept, []
        self.phase, self._began = Phase.FITTING, self._clock()
        return lambda: learn_scene(self._make(), frames)

    def fits_size(self, frame: Image) -> bool:
        """Returns whether a frame has the size that was learnt."""
        return self._size is None or self._size == frame.shape[:2]

    def draw(self, picture: Image) -> None:
        """Writes the progress over the upper half of a picture."""
        row = round(0.4 * picture.shape[0])
        spent = self._clock() - self._began
        if self.phase is Phase.COUNTING:
            drawing.banner(picture, [f"Leave the picture: learning in {self._countdown.left}"], row)
        elif self.phase is Phase.COLLECTING:
            drawing.banner(picture, ["Looking at the empty scene: stay out"], row)
            drawing.progress(picture, self._share(spent), row)
        elif self.phase is Phase.FITTING:
            drawing.banner(picture, [f"{self.name} is learning … {spent:.0f} s".strip()], row)

    def _share(self, spent: float) -> float:
        """How much of the frames is there, 1 when they are enough."""
        if self._timing.frames:
            return len(self._kept) / self._timing.frames
        return min(spent / max(self._timing.seconds, 1e-9), len(self._kept) / _FEWEST_FRAMES)


def learn_scene(model: BackgroundModel, frames: Sequence[Image]) -> BackgroundModel:
    """Teaches a model the empty scene and returns it.

    A streaming model is shown the frames one by one; any other is fitted to them. A model that compares with a clean
    plate taken beforehand gets the denoised median.

    Raises:
        ModelError: if the model cannot learn from these frames.
        CancelledError: if the work is cancelled.
    """
    if model.streaming:
        model.reset()
        for frame in frames:
            check_cancelled()
            model.apply(frame)
        return model
    sequence = _sequence(frames)
    if model.labelled:  # the others take a plate of their own from the same frames
        sequence.clean_plate = clean_plate(frames)
    fit_quietly(model, sequence)
    return model


def clean_plate(frames: Sequence[Image]) -> Image:
    """Returns the denoised median of frames, uint8 BGR `[H, W, 3]`.

    The median of N frames keeps 1.25/√N of the camera's noise. A bilateral filter with three times that range removes a
    quarter to a half of it and keeps edges, in 3 to 8 ms at 640×480. On a generated scene with a noise of 5 levels the
    mean error without and with it is 2.12 and 1.23 levels from 5 frames, 1.08 and 0.71 from 20, 0.39 and 0.31 from 120.
    Non-local means takes 200 ms and does worse.

    Args:
        frames: uint8 BGR `[H, W, 3]` of one size, one or more.
    """
    median = cleanplate.create("median", frames=max(2, len(frames)), noise=False).fit(_sequence(frames))
    plate: Image = median.background
    noise = _MEDIAN_NOISE * noise_level(frames) / np.sqrt(len(frames))
    if noise < _LEAST_NOISE:
        return plate
    return np.asarray(cv2.bilateralFilter(plate, _DIAMETER, _RANGE * noise, _SPACE), np.uint8)


def noise_level(frames: Sequence[Image]) -> float:
    """Returns the standard deviation of the camera's noise in grey levels; 0 for a single frame.

    It is measured on differences of consecutive frames, in most blocks of which nothing moves.
    """
    levels = []
    for index in range(0, len(frames) - 1, -(-len(frames) // _PAIRS)):
        difference = cv2.absdiff(frames[index], frames[index + 1]).astype(np.float32)
        height, width = (-(-length // _BLOCK) for length in difference.shape[:2])
        squares = cv2.resize(difference * difference, (width, height), interpolation=cv2.INTER_AREA)
        levels.append(np.median(squares) / 2)
    return float(np.sqrt(np.median(levels))) if levels else 0.0


def _sequence(frames: Sequence[Image]) -> FrameSequence:
    return FrameSequence("camera", FramesInMemory(frames, "camera"), range(1, len(frames) + 1))
