"""What `live` and `mirror` share: they learn the empty scene, look at each frame, and keep what is shown."""

from abc import abstractmethod
from collections.abc import Callable
from time import monotonic

from cleanplate.camera.live.given import Given
from cleanplate.camera.live.keeper import Keeper
from cleanplate.camera.live.learning import Learning, Phase, begins_at_once
from cleanplate.camera.notes import Notes
from cleanplate.camera.program import Program
from cleanplate.camera.timing import Clock, Rate
from cleanplate.camera.worker import Worker
from cleanplate.errors import CleanplateError, ModelError, first_line
from cleanplate.models import BackgroundModel
from cleanplate.report import drawing
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image

_GLANCE = 0.02  # seconds that a frame is waited for: quick models answer in them, and the window does not notice

Found = BackgroundModel | FrameResult
Making = Worker[Found]


class SceneProgram(Program):
    """A camera, a model that learns its empty scene, and what the model finds in each frame."""

    def __init__(
        self,
        given: Given,
        tell: Callable[[str], None],
        clock: Clock = monotonic,
        worker: Making | None = None,
    ) -> None:
        """Args: `worker` does what takes long."""
        super().__init__(tell, clock)
        self.learning = Learning(given.make, given.timing, clock)
        self.learning.name = given.model.name
        self.shot: FrameResult | None = None
        self.notes = Notes(clock)
        self.looks = Rate(clock)
        self.hangs = False
        self._given = given
        self._keeper = Keeper(given.place, self.notes, tell, clock)
        self._worker: Making = Worker() if worker is None else worker
        self._frame: Image | None = None
        self._count = 0

    @abstractmethod
    def view(self) -> Image:
        """What is shown and recorded, without what is written over it; may be a frame itself, and is not changed."""

    @abstractmethod
    def begin(self) -> None:
        """The first frame has come."""

    @property
    @abstractmethod
    def learning_rate(self) -> float:
        """At which the model takes up what it sees."""

    @property
    def phase(self) -> Phase:
        """How far the learning is."""
        return self.learning.phase

    @property
    def frame(self) -> Image:
        """The newest."""
        if self._frame is None:
            raise RuntimeError("asked before the first frame")
        return self._frame

    def see(self, frame: Image) -> None:
        """See `Program.see`."""
        first = self._frame is None
        self._frame = frame
        self._count += 1
        if first:
            self._begin(frame)
        elif self.phase in {Phase.FITTING, Phase.READY} and not self.learning.knows(frame):
            self._other_size(frame)
        job = self.learning.see(frame)
        if job is not None:
            self._worker.put(job)
        self._collect()
        if self.phase is Phase.READY and self.learning.model is not None:
            model, number, rate = self.learning.model, self._count, self.learning_rate
            self._worker.put(lambda: looked(model, frame, number, rate))
            self._collect(_GLANCE)
        if self._keeper.records:
            self._keeper.add(self.view())

    def picture(self) -> Image:
        """See `Program.picture`."""
        self._collect()
        picture = self.view().copy()
        margin = drawing.text_size(picture) // 3
        drawing.label(picture, self.status(), margin, margin)
        self._keeper.draw(picture, margin)
        self.learning.draw(picture)
        if self.phase is Phase.FAILED:
            text = f"{self.learning.error} (press l to learn again)"
            top = round(0.16 * picture.shape[0])
            drawing.paragraph(picture, text, margin, top, picture.shape[1] - 2 * margin, drawing.RED)
        self.notes.draw(picture)
        return picture

    def status(self) -> str:
        """The model, and how often it looks."""
        name = self.learning.name
        speed = self.looks.per_second
        return f"{name}  {speed:.0f} fps" if self.phase is Phase.READY and speed else name

    def on_key(self, name: str) -> None:
        """See `Program.on_key`."""
        if name == "l":
            self.relearn()
        elif name == "s" and self.shot is not None:
            self._keeper.snapshot(self.pictures_to_keep(self.shot))
        elif name == "s":
            self.notes.bad("nothing to keep yet: the scene must be learnt first")
        elif name == "r":
            self._keeper.toggle(self._shown_rate)

    def learn(self) -> None:
        """Begins with the countdown, whatever was before."""
        self._forget()
        self.learning.start()

    def relearn(self) -> None:
        """Forgets the scene and learns it anew, because a key or a camera that has changed asks for it."""
        self.learn()

    def start_anew(self) -> None:
        """Takes a model that knows nothing yet, and learns while it looks."""
        self._forget()
        try:
            self.learning.take(self._given.make(), self.frame.shape[:2])
        except CleanplateError as error:  # a checkpoint that has gone in the meantime
            self.learning.fail(str(error))

    def record(self) -> None:
        """Begins a recording.

        Raises:
            DataError: if it cannot be written.
        """
        self._keeper.record(self._shown_rate)

    def close(self) -> None:
        """See `Program.close`."""
        self.hangs = not self._worker.close()
        self._keeper.close()

    def pictures_to_keep(self, shot: FrameResult) -> dict[str, Image]:
        """What a snapshot holds, by name."""
        found = {"frame": shot.frame, "mask": shot.mask}
        return found if shot.background is None else {**found, "background": shot.background}

    @property
    def _shown_rate(self) -> float:
        return self.looks.per_second if self.phase is Phase.READY else self.rate.per_second

    def _begin(self, frame: Image) -> None:
        model = self._given.model
        if begins_at_once(model) and not model.streaming:
            if model.fitted_size in {None, frame.shape[:2]}:
                self.learning.take(model, frame.shape[:2])
                return
            assert model.fitted_size is not None
            self.notes.bad(f"{model.name} learnt {_size(model.fitted_size)}, this is {_size(frame.shape)}: learn anew")
        self.begin()

    def _other_size(self, frame: Image) -> None:
        model = self.learning.model
        if model is not None and model.any_size and model.fitted_size is None:
            return
        self.notes.bad(f"the camera gives {_size(frame.shape)} now: learning anew")
        self.relearn()

    def _forget(self) -> None:
        self._worker.abandon()
        self.shot = None
        self.looks = Rate(self.clock)

    def _collect(self, seconds: float = 0.0) -> None:
        """Takes what the worker has finished."""
        outcome = self._worker.outcome(seconds)
        if outcome is None:
            return
        if outcome.error is not None:
            self.shot = None
            self.learning.fail(_told(outcome.error, self.learning.name))
        elif isinstance(outcome.result, FrameResult):
            if self.phase is Phase.READY:
                self.shot = outcome.result
                self.looks.tick()
        elif outcome.result is not None and self.phase is Phase.FITTING:
            self.learning.take(outcome.result)


def looked(model: BackgroundModel, frame: Image, number: int, learning_rate: float) -> FrameResult:
    """What a model finds in a frame.

    Raises:
        ModelError: if it cannot take the frame.
    """
    found = model.predict([frame], learning_rate)[0]
    return FrameResult(number, 0.0, frame, found.mask, found.background)


def _told(error: Exception, name: str) -> str:
    return str(error) if isinstance(error, CleanplateError) else str(ModelError(f"{name}: {first_line(error)}"))


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}"
