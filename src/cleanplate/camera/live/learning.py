"""Learning the empty scene: a countdown, some seconds of frames, and a model that is fitted to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from time import monotonic

from cleanplate.camera.live.plates import clean_plate
from cleanplate.camera.timing import Clock, Countdown
from cleanplate.data.io.sources import KeptFrames
from cleanplate.data.sequence import FrameSequence
from cleanplate.models import BackgroundModel
from cleanplate.models.setup import fit_quietly, needs_fit
from cleanplate.report import drawing
from cleanplate.utils.arrays import Image

_MOST = 200
_BYTES = 400_000_000
_FEWEST = 10  # a camera that stalls is waited for

Maker = Callable[[], BackgroundModel]
Job = Callable[[], BackgroundModel]


@dataclass(frozen=True)
class Timing:
    """How long a person has to leave the picture, and how long the empty scene is looked at.

    Attributes:
        countdown: seconds before.
        seconds: of looking; at most 200 frames are kept of them, evenly spaced.
        frames: so many in place of `seconds`, one after the other; 0 goes by the seconds.
    """

    countdown: float = 5.0
    seconds: float = 4.0
    frames: int = 0


class Phase(Enum):
    """How far it is."""

    NOT_ASKED = auto()
    COUNTING = auto()
    COLLECTING = auto()
    FITTING = auto()
    READY = auto()
    FAILED = auto()


class Learning:
    """The way from nothing to a model that knows the scene. Whoever has it does the fitting, see `job`."""

    def __init__(self, make: Maker, timing: Timing, clock: Clock = monotonic) -> None:
        """Args: `make` gives a new model that knows nothing of the scene; `clock` gives seconds."""
        self.phase = Phase.NOT_ASKED
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
        """Begins, from the countdown on, whatever was before."""
        self._countdown.cancel()
        self._countdown.start()
        self._kept = []
        self.model, self.error, self.phase = None, "", Phase.COUNTING

    def take(self, model: BackgroundModel, size: tuple[int, ...] | None = None) -> None:
        """There is a model that needs no more learning.

        Args:
            model: for frames of the size that was learnt from.
            size: height and width, where nothing was learnt from.
        """
        self.model, self.error, self.phase = model, "", Phase.READY
        self._size = size or self._size

    def fail(self, why: str) -> None:
        """It came to nothing; it can be started again."""
        self.model, self.error, self.phase = None, why, Phase.FAILED

    def see(self, frame: Image) -> Job | None:
        """Takes a frame, uint8 BGR `[H, W, 3]`; returns once what there is to do, with `take` or `fail` to follow."""
        if self.phase is Phase.COUNTING and self._countdown.rings():
            self.phase, self._began, self._size = Phase.COLLECTING, self._clock(), None
        if self.phase is not Phase.COLLECTING:
            return None
        if self._size != frame.shape[:2]:  # the camera changed its mind: from here on it is another scene
            self._kept, self._began, self._size = [], self._clock(), frame.shape[:2]
        spent = self._clock() - self._began
        most = self._timing.frames or max(_FEWEST, min(_MOST, _BYTES // max(1, frame.nbytes)))
        if self._timing.frames or spent >= len(self._kept) * self._timing.seconds / most:
            self._kept.append(frame)
        if not self._enough(spent):
            return None
        frames, self._kept = self._kept, []
        self.phase, self._began = Phase.FITTING, self._clock()
        return lambda: learnt(self._make(), frames)

    def knows(self, frame: Image) -> bool:
        """Whether a frame has the size that is being learnt, or was."""
        return self._size is None or self._size == frame.shape[:2]

    def draw(self, picture: Image) -> None:
        """What a person must know of it just now, over the upper middle of a picture."""
        row = round(0.4 * picture.shape[0])
        if self.phase is Phase.COUNTING:
            drawing.banner(picture, [f"Leave the picture: learning in {self._countdown.left}"], row)
        elif self.phase is Phase.COLLECTING:
            drawing.banner(picture, ["Looking at the empty scene: stay out"], row)
            drawing.progress(picture, self._share(self._clock() - self._began), row)
        elif self.phase is Phase.FITTING:
            drawing.banner(picture, [f"{self.name} is learning … {self._clock() - self._began:.0f} s".strip()], row)

    def _enough(self, spent: float) -> bool:
        if self._timing.frames:
            return len(self._kept) >= self._timing.frames
        return spent >= self._timing.seconds and len(self._kept) >= _FEWEST

    def _share(self, spent: float) -> float:
        if self._timing.frames:
            return len(self._kept) / self._timing.frames
        return min(spent / max(self._timing.seconds, 1e-9), len(self._kept) / _FEWEST)


def learnt(model: BackgroundModel, frames: Sequence[Image]) -> BackgroundModel:
    """A model that has learnt the empty scene from frames of it.

    A model that learns online is shown them one by one; any other is fitted to them, whatever it was fitted to before.
    Those that compare with a plate that a person took beforehand get the denoised median.

    Raises:
        ModelError: if the model cannot learn from these frames.
    """
    if model.streaming:
        model.reset()
        for frame in frames:
            model.apply(frame)
        return model
    sequence = FrameSequence("camera", KeptFrames(frames, "camera"), range(1, len(frames) + 1))
    if model.labelled:  # the others make a plate of their own from these same frames
        sequence.clean_plate = clean_plate(frames)
    fit_quietly(model, sequence)
    return model


def begins_at_once(model: BackgroundModel) -> bool:
    """Whether a model can be applied to a camera as it is: it learns online, or was fitted before."""
    return not needs_fit(model)
