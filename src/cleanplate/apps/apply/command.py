"""`cleanplate apply`: from what the user typed to the files on disk."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from time import monotonic

from cleanplate.apps.apply import resume
from cleanplate.apps.apply.io_threads import ReadAhead
from cleanplate.apps.apply.loop import batch_of, shots, stoppable, write_all
from cleanplate.apps.apply.model_setup import fit, must_fit
from cleanplate.apps.apply.outputs import Target, targets
from cleanplate.apps.apply.preview import LiveWindow
from cleanplate.apps.apply.writers import Settings, writer
from cleanplate.data.io.images import read_color
from cleanplate.data.open import open_stream
from cleanplate.data.streams.stream import FrameStream, Numbered, SequenceStream
from cleanplate.errors import ConfigError, DataError
from cleanplate.models import BackgroundModel
from cleanplate.models.checkpoint import save
from cleanplate.models.setup import open_model
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image
from cleanplate.utils.console import Advance, check_display, progress_bar, silence_decoders
from cleanplate.utils.files import unwritable
from cleanplate.utils.retry import RetryPolicy

_RETRIES = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


@dataclass(frozen=True)
class ApplyOptions:
    """What the user asked for.

    Attributes:
        source: see `cleanplate.data.open.open_stream`.
        model: name or checkpoint.
        out: folder, or file whose suffix says what it is.
        write: names of `cleanplate.apps.apply.outputs.KINDS`; empty for what suits `out` and the source.
        fit: frames to fit to; `None` leaves it to the model.
        settings: `key=value` each, of the model.
        background: picture to put the foreground before.
        raw: form of raw pictures on standard input.
        resume: go on where an earlier run was stopped.
        overwrite: replace what an earlier run left.
        show: open a window.
        retries: attempts to find a lost camera again.
        rate: how much of a frame is taken over into the background; 0 freezes, -1 leaves it to the model.
    """

    source: str
    model: str
    out: Path
    write: tuple[str, ...] = ()
    fit: int | None = None
    settings: tuple[str, ...] = ()
    background: Path | None = None
    raw: str = ""
    resume: bool = False
    overwrite: bool = False
    show: bool = False
    retries: int = _RETRIES
    rate: float = -1.0


def apply_command(options: ApplyOptions, echo: Callable[[str], None], retry: RetryPolicy | None = None) -> bool:
    """Applies a model to a source, and writes what was asked for.

    Args:
        options: by the user.
        echo: takes a line for the user.
        retry: how a lost camera is looked for; half a second first, thirty at most.

    Returns:
        Whether it came to the end; `False` if Ctrl-C or the window ended it, with everything written so far valid.

    Raises:
        CleanplateError: for what a user can mend.
    """
    silence_decoders()
    try:
        return _applied(options, echo, retry)
    except OSError as error:  # a folder that may not be looked into can be met anywhere
        place = error.filename or options.source
        raise DataError(f"{place}: {error.strerror or error}; check the name and its permissions") from error


def _applied(options: ApplyOptions, echo: Callable[[str], None], retry: RetryPolicy | None) -> bool:
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
    chosen = targets(options.out, options.write, pictures=stream.pictures)
    scenery = _scenery(options, chosen)
    _check_places(options.source, chosen)
    note = resume.ResumeFile(options.out, _what_decides(options, chosen))
    progress = resume.begin(chosen, note, live=stream.live, resume=options.resume, overwrite=options.overwrite)
    if progress.complete:
        echo(f"nothing left to do: all {progress.done} frames are done")
        return True
    return _Run(options, model, stream, chosen, note, stop, echo, scenery, progress.done).run()


@dataclass
class _Run:
    """One run, once all that was asked for is known to make sense."""

    options: ApplyOptions
    model: BackgroundModel
    stream: FrameStream
    chosen: Sequence[Target]
    note: resume.ResumeFile
    stop: threading.Event
    echo: Callable[[str], None]
    scenery: Image | None
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
            return self._written(chain([first], frames))
        finally:
            ahead.close()

    def _written(self, frames: Iterator[Numbered]) -> bool:
        if not self.done:
            resume.clear(self.chosen, self.note)
        batch = batch_of(self.model, live=self.stream.live)
        skip = self.done - self.done % batch  # the same batches as before: rounding depends on them
        rate = self.stream.frames_per_second
        settings = Settings(rate, Path(self.stream.name).name, f"{self.model.name}", self.scenery, skip)
        writers = [writer(target, settings) for target in self.chosen if target.name != "model"]
        for target in self.chosen:
            if target.name == "model":
                _keep(self.model, target.path)
        plates = any(target.kind.plate for target in self.chosen)
        found = shots(self.model, frames, rate, batch=batch, skip=skip, plates=plates, learning_rate=self.options.rate)
        start = monotonic()
        with ExitStack() as stack:
            stack.enter_context(closing(found))
            stack.enter_context(stoppable(self.stop))
            bar = stack.enter_context(progress_bar(f"applying {self.model.name}", self.stream.total, "frames"))
            window = stack.enter_context(LiveWindow()) if self.options.show else None
            watch = _Watch(bar, window, start, skip)
            write_all(found, writers, self.stop, watch, self._noted)
            stopped = self.stop.is_set() or watch.closed
            if not stopped:
                self._noted(skip + watch.count, complete=True)
        seconds = max(monotonic() - start, 1e-9)
        where = ", ".join(str(target.path) for target in self.chosen)
        ending = "; stopped before the end, all of it valid" if stopped else ""
        self.echo(f"{watch.count} frames, {watch.count / seconds:.1f} frames/s: {where}{ending}")
        return not self.stop.is_set()

    def _noted(self, done: int, complete: bool = False) -> None:
        if not self.stream.live and all(target.kind.resumable for target in self.chosen):
            self.note.write(resume.Progress(done, complete))


class _Watch:
    """Moves the bar and the window with each shot."""

    def __init__(self, bar: Advance, window: LiveWindow | None, start: float, skipped: int) -> None:
        self.count = 0
        self.closed = False
        self._bar = bar
        self._window = window
        self._start = start
        self._skipped = skipped

    def __call__(self, shot: FrameResult, count: int) -> bool:
        self.count = count
        self._bar(self._skipped + count)
        if self._window is not None and not self._window.preview(shot, count / max(monotonic() - self._start, 1e-9)):
            self.closed = True
        return not self.closed


def _scenery(options: ApplyOptions, chosen: Sequence[Target]) -> Image | None:
    wanted = any(target.name == "replaced" for target in chosen)
    if wanted and options.background is None:
        raise ConfigError("--write replaced: say which picture to put the foreground before: --background PICTURE")
    if options.background is None:
        return None
    if not wanted:
        raise ConfigError(f"--background {options.background}: is for --write replaced only; add that")
    return read_color(options.background)


def _what_decides(options: ApplyOptions, chosen: Sequence[Target]) -> dict[str, object]:
    """What must be the same for a run to be gone on with."""
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


def _check_places(source: str, chosen: Sequence[Target]) -> None:
    """Raises where an output would fall on the source, or its folder cannot be written."""
    given = Path(source)
    for target in chosen:
        folder = target.path if target.kind.numbered else target.path.parent
        into_source = target.kind.numbered and given.is_dir() and given.resolve() == target.path.resolve()
        if into_source or (given.is_file() and given.resolve() == target.path.resolve()):
            raise ConfigError(f"-o {target.path}: is the source itself, which would be lost; give another place")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".cleanplate-probe"
            probe.write_bytes(b"\0")
            probe.unlink()
        except OSError as error:
            raise unwritable(folder, error) from error


def _keep(model: BackgroundModel, path: Path) -> None:
    try:
        save(model, path)
    except OSError as error:
        raise unwritable(path, error) from error
