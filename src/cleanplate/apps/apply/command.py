"""`cleanplate apply`: from the options of the user to the files on disk."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from time import monotonic

from cleanplate.apps.apply import resume
from cleanplate.apps.apply.io_threads import ReadAhead
from cleanplate.apps.apply.loop import frame_results, stoppable, write_all
from cleanplate.apps.apply.model_setup import batch_of, fit, must_fit
from cleanplate.apps.apply.outputs import Target, check_places, default_folder, targets
from cleanplate.apps.apply.preview import LiveWindow, Monitor
from cleanplate.apps.apply.writers import WriterOptions, writer
from cleanplate.data.io.images import read_color
from cleanplate.data.open import open_stream
from cleanplate.data.streams.stream import FrameStream, Numbered, SequenceStream
from cleanplate.errors import ConfigError, DataError
from cleanplate.models import BackgroundModel
from cleanplate.models.checkpoint import save
from cleanplate.models.setup import open_model
from cleanplate.utils.arrays import Image
from cleanplate.utils.console import check_display, progress_bar, silence_decoders
from cleanplate.utils.files import readable, unwritable
from cleanplate.utils.retry import RetryPolicy

DEFAULT_MODEL = "plate"
"""The flagship, and the default of params.yaml: of all models it is the best on real scenes."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


@dataclass(frozen=True)
class ApplyOptions:
    """The options of the command.

    Attributes:
        source: see `cleanplate.data.open.open_stream`.
        model: name or checkpoint.
        out: folder, or file whose suffix says what it is; `None` for a folder beside the source.
        write: names of `cleanplate.apps.apply.outputs.KINDS`; empty for what suits `out` and the source.
        fit: frames to fit to; `None` leaves it to the model.
        settings: options of the model, `key=value` each.
        background: picture to put the foreground on.
        raw: form of raw pictures on standard input.
        resume: go on where an earlier run was stopped.
        overwrite: replace the outputs of an earlier run.
        show: open a window.
        retries: attempts to find a lost camera again.
        rate: learning rate of the background, online; 0 freezes it, -1 leaves it to the model.
    """

    source: str
    model: str = DEFAULT_MODEL
    out: Path | None = None
    write: tuple[str, ...] = ()
    fit: int | None = None
    settings: tuple[str, ...] = ()
    background: Path | None = None
    raw: str = ""
    resume: bool = False
    overwrite: bool = False
    show: bool = False
    retries: int = 10
    rate: float = -1.0


def apply_command(
    options: ApplyOptions,
    echo: Callable[[str], None],
    retry: RetryPolicy | None = None,
    clock: Callable[[], float] = monotonic,
) -> bool:
    """Applies a model to a source, and writes the outputs.

    Args:
        options: of the user.
        echo: takes a line for the user.
        retry: how a lost camera is looked for; the first pause is half a second, the longest thirty.
        clock: returns seconds, for speed and progress.

    Returns:
        Whether it came to the end; `False` if Ctrl-C or the window ended it, with everything written so far valid.

    Raises:
        CleanplateError: for what a user can mend.
    """
    silence_decoders()
    with readable(options.source):
        return _apply(options, echo, retry, clock)


def _apply(
    options: ApplyOptions, echo: Callable[[str], None], retry: RetryPolicy | None, clock: Callable[[], float]
) -> bool:
    if options.show:
        check_display("--show", "leave --show away and write an overlay")
    stop = threading.Event()
    model = open_model(options.model, options.settings)
    if options.rate > 0 and not (model.streaming or model.adapts):
        raise ConfigError(f"--rate {options.rate}: {model.name} does not learn online; median, plate and mog2 do")
    retry = retry or RetryPolicy(tries=max(1, options.retries), first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    stream = open_stream(options.source, retry, options.raw, stop, echo)
    if isinstance(stream, SequenceStream) and model.any_size and not must_fit(model, options.fit):
        stream = stream.of_any_size()
    out = options.out or default_folder(options.source)
    chosen = targets(out, options.write, pictures=stream.pictures, views=options.out is None)
    new_background = _new_background(options, chosen)
    check_places(options.source, chosen)
    file = resume.ResumeFile(out, _settings(options, chosen))
    progress = resume.begin(chosen, file, live=stream.live, resume=options.resume, overwrite=options.overwrite)
    if progress.complete:
        echo(f"nothing left to do: all {progress.done} frames are done")
        return True
    return _Run(options, model, stream, chosen, file, stop, echo, clock, new_background, progress.done).run()


@dataclass
class _Run:
    """One run, after all options were found to be valid."""

    options: ApplyOptions
    model: BackgroundModel
    stream: FrameStream
    chosen: Sequence[Target]
    file: resume.ResumeFile
    stop: threading.Event
    echo: Callable[[str], None]
    clock: Callable[[], float]
    new_background: Image | None
    done: int

    def run(self) -> bool:
        ahead = ReadAhead(self.stream.frames(), self.stop)
        try:
            frames: Iterator[Numbered] = iter(ahead)
            if must_fit(self.model, self.options.fit):
                with progress_bar(f"fitting {self.model.name}"):
                    frames = fit(self.model, self.stream, frames, self.options.fit)
            first = next(frames, None)
            if first is None:
                raise DataError(f"{self.stream.name}: gave no frame; check that it holds pictures")
            return self._write(chain([first], frames))
        finally:
            ahead.close()

    def _write(self, frames: Iterator[Numbered]) -> bool:
        if not self.done:
            resume.clear(self.chosen, self.file)
        batch = batch_of(self.model, live=self.stream.live)
        skip = self.done - self.done % batch  # the same batches as before: rounding depends on them
        rate = self.stream.frames_per_second
        settings = WriterOptions(rate, Path(self.stream.name).name, self.model.name, self.new_background, skip)
        writers = [writer(target, settings) for target in self.chosen if target.name != "model"]
        for target in self.chosen:
            if target.name == "model":
                _save(self.model, target.path)
        plates = any(target.kind.plate for target in self.chosen)
        results = frame_results(
            self.model, frames, rate, batch=batch, skip=skip, plates=plates, learning_rate=self.options.rate
        )
        title = f"applying {self.model.name}"
        with ExitStack() as stack:
            stack.enter_context(closing(results))
            stack.enter_context(stoppable(self.stop))
            bar = progress_bar(title, self.stream.total, "frames", self.echo, self.clock)
            advance = stack.enter_context(bar)
            window = stack.enter_context(LiveWindow()) if self.options.show else None
            monitor = Monitor(advance, window, skip, self.clock)
            write_all(results, writers, self.stop, monitor, self._note)
            stopped = self.stop.is_set() or monitor.closed
            if not stopped:
                self._note(skip + monitor.count, complete=True)
        speed = monitor.count / monitor.seconds
        where = ", ".join(str(target.path) for target in self.chosen)
        ending = "; stopped before the end, all of it valid" if stopped else ""
        self.echo(f"{monitor.count} frames, {speed:.1f} frames/s: {where}{ending}")
        return not self.stop.is_set()

    def _note(self, done: int, complete: bool = False) -> None:
        if not self.stream.live and all(target.kind.resumable for target in self.chosen):
            self.file.write(resume.Progress(done, complete))


def _new_background(options: ApplyOptions, chosen: Sequence[Target]) -> Image | None:
    wanted = any(target.name == "replaced" for target in chosen)
    if wanted and options.background is None:
        raise ConfigError("--write replaced: say which picture to put the foreground on: --background PICTURE")
    if options.background is None:
        return None
    if not wanted:
        raise ConfigError(f"--background {options.background}: is for --write replaced only; add that")
    return read_color(options.background)


def _settings(options: ApplyOptions, chosen: Sequence[Target]) -> dict[str, object]:
    """Returns all that must be equal for a run to be resumed."""
    return {
        "source": options.source,
        "content of the source": resume.fingerprint(options.source),
        "model": options.model,
        "content of the model": resume.fingerprint(options.model),
        "settings": list(options.settings),
        "fit": options.fit,
        "rate": options.rate,
        "write": sorted(target.name for target in chosen),
    }


def _save(model: BackgroundModel, path: Path) -> None:
    try:
        save(model, path)
    except OSError as error:
        raise unwritable(path, error) from error
