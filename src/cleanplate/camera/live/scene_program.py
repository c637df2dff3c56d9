"""The common part of `live` and `mirror`: learning the empty scene, applying the model, recording."""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from time import monotonic

from cleanplate.camera.feed import camera_feed
from cleanplate.camera.live.options import SceneOptions, Timing
from cleanplate.camera.live.recorder import OutputFolder, Recorder
from cleanplate.camera.live.scene_learning import Phase, SceneLearner
from cleanplate.camera.program import Clock, Program, Rate, run
from cleanplate.errors import CleanplateError, ModelError, first_line
from cleanplate.models import BackgroundModel
from cleanplate.models.setup import needs_fit
from cleanplate.report import drawing
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image
from cleanplate.utils.worker import Worker

_WAIT = 0.02  # seconds that the window waits for the model, which is enough for quick models


class SceneProgram(Program):
    """A camera, a model that learns its empty scene, and the model's result for each frame."""

    def __init__(
        self,
        make: Callable[[], BackgroundModel],
        timing: Timing,
        output: OutputFolder,
        echo: Callable[[str], None],
        clock: Clock = monotonic,
        worker: Worker[BackgroundModel | FrameResult] | None = None,
    ) -> None:
        """Sets the program up.

        Args:
            make: makes a new model.
            timing: of learning the empty scene.
            output: where snapshots and recordings go.
            echo: prints a line for the user.
            clock: gives seconds.
            worker: fits and applies the model.

        Raises:
            CleanplateError: if there is no such model.
        """
        super().__init__(echo, clock)
        self.first_model = make()
        self.learner = SceneLearner(make, timing, clock)
        self.learner.name = self.first_model.name
        self.output = output
        self.recorder = Recorder(output, self.message, echo, clock)
        self.result: FrameResult | None = None
        self.model_rate = Rate(clock)
        self.hangs = False
        self._make = make
        self._worker: Worker[BackgroundModel | FrameResult] = Worker() if worker is None else worker
        self._frame: Image | None = None
        self._count = 0

    @abstractmethod
    def view(self) -> Image:
        """Returns what is shown and recorded, without text; may be the frame itself, and must not be changed."""

    @abstractmethod
    def on_first_frame(self) -> None:
        """Called with the first frame, unless the model is fitted already."""

    @property
    @abstractmethod
    def learning_rate(self) -> float:
        """The learning rate that the model is applied with."""

    @property
    def phase(self) -> Phase:
        """The progress of learning."""
        return self.learner.phase

    @property
    def frame(self) -> Image:
        """The newest frame."""
        if self._frame is None:
            raise RuntimeError("asked before the first frame")
        return self._frame

    def on_frame(self, frame: Image) -> None:
        """Learns from the frame, or applies the model to it."""
        first = self._frame is None
        self._frame = frame
        self._count += 1
        if first:
            self._start(frame)
        elif self.phase in {Phase.FITTING, Phase.READY} and not self.learner.fits_size(frame):
            self._on_other_size(frame)
        if (job := self.learner.on_frame(frame)) is not None:
            self._worker.put(job)
        self._collect()
        if self.phase is Phase.READY and self.learner.model is not None:
            self._worker.put(partial(_apply, self.learner.model, frame, self._count, self.learning_rate))
            self._collect(_WAIT)
        if self.recorder.recording:
            self.recorder.add(self.view())

    def picture(self) -> Image:
        """Returns the view with status, progress and messages."""
        if self._collect() and self.recorder.recording:
            self.recorder.add(self.view())
        picture = self.view().copy()
        margin = drawing.text_size(picture) // 3
        drawing.label(picture, self.status(), margin, margin)
        self.recorder.draw(picture, margin)
        self.learner.draw(picture)
        if self.phase is Phase.FAILED:
            text = f"{self.learner.error} (press l to learn again)"
            top = round(0.16 * picture.shape[0])
            drawing.paragraph(picture, text, margin, top, picture.shape[1] - 2 * margin, drawing.RED)
        self.message.draw(picture)
        return picture

    def status(self) -> str:
        """Returns the model's name and its frames per second."""
        name, speed = self.learner.name, self.model_rate.per_second
        return f"{name}  {speed:.0f} fps" if self.phase is Phase.READY and speed else name

    def on_key(self, name: str) -> None:
        """`l` learns again, `s` takes a snapshot, `r` records."""
        if name == "l":
            self.relearn()
        elif name == "s" and self.result is not None:
            self.recorder.snapshot(self.snapshot_images(self.result))
        elif name == "s":
            self.message.error("nothing to keep yet: the scene must be learnt first")
        elif name == "r":
            self.recorder.toggle(self.model_rate.per_second if self.phase is Phase.READY else self.rate.per_second)

    def learn(self) -> None:
        """Starts learning with the countdown."""
        self._forget()
        self.learner.start()

    def relearn(self) -> None:
        """Learns the scene again, because the user asks for it or the camera has changed."""
        self.learn()

    def start_streaming(self) -> None:
        """Takes a new model that learns while it is applied."""
        self._forget()
        try:
            self.learner.ready(self._make(), self.frame.shape[:2])
        except CleanplateError as error:  # the checkpoint may have been removed
            self.learner.fail(str(error))

    def close(self) -> None:
        """Ends the worker and completes the recording."""
        self.hangs = not self._worker.close()
        self.recorder.close()

    def snapshot_images(self, result: FrameResult) -> dict[str, Image]:
        """Returns the images of a snapshot, by name."""
        images = {"frame": result.frame, "mask": result.mask}
        return images if result.background is None else {**images, "background": result.background}

    def _start(self, frame: Image) -> None:
        model = self.first_model
        if not needs_fit(model) and not model.streaming:
            if model.fitted_size in {None, frame.shape[:2]}:
                self.learner.ready(model, frame.shape[:2])
                return
            assert model.fitted_size is not None
            self.message.error(
                f"{model.name} learnt {_size(model.fitted_size)}, this is {_size(frame.shape)}: learn anew"
            )
        self.on_first_frame()

    def _on_other_size(self, frame: Image) -> None:
        model = self.learner.model
        if model is None or not model.any_size or model.fitted_size is not None:
            self.message.error(f"the camera gives {_size(frame.shape)} now: learning anew")
            self.relearn()

    def _forget(self) -> None:
        self._worker.abandon()
        self.result = None
        self.model_rate = Rate(self.clock)

    def _collect(self, seconds: float = 0.0) -> bool:
        """Takes the worker's outcome; returns whether there was one."""
        outcome = self._worker.outcome(seconds)
        if outcome is None:
            return False
        if outcome.error is not None:
            error = outcome.error
            self.result = None
            known = isinstance(error, CleanplateError)
            self.learner.fail(str(error if known else ModelError(f"{self.learner.name}: {first_line(error)}")))
        elif isinstance(outcome.result, FrameResult):
            if self.phase is Phase.READY:
                self.result = outcome.result
                self.model_rate.tick()
        elif outcome.result is not None and self.phase is Phase.FITTING:
            self.learner.ready(outcome.result)
        return True


def run_scene(program: SceneProgram, options: SceneOptions, *, mirrored: bool) -> bool:
    """Runs a program; returns `False` if a thread still computes, see `Worker.close`.

    Raises:
        ConfigError: if there is no display.
        DataError: if the source gives no frames, or the recording cannot be written.
    """
    feed = camera_feed(options.source, mirrored=mirrored, echo=program.echo, retries=options.retries)
    if program.output.video is not None:
        program.recorder.start(0.0)
    run(program, feed)
    return not program.hangs


def _apply(model: BackgroundModel, frame: Image, number: int, learning_rate: float) -> FrameResult:
    prediction = model.predict([frame], learning_rate)[0]
    return FrameResult(number, 0.0, frame, prediction.mask, prediction.background)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}"
