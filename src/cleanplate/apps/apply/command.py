"""`cleanplate apply`: from what the user typed to the files on disk."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from time import monotonic

from cleanplate.apps.apply import resuming
from cleanplate.apps.apply.behind import ReadAhead
from cleanplate.apps.apply.fitting import fit, must_fit
from cleanplate.apps.apply.kinds import Target, targets
from cleanplate.apps.apply.running import batch_of, shots, stoppable, write_all
from cleanplate.apps.apply.showing import LiveWindow
from cleanplate.apps.apply.writers import Settings, writer
from cleanplate.data.io.images import read_color
from cleanplate.data.open import open_stream
from cleanplate.data.streams.stream import FrameStream, Numbered, Pictures
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
class Asked:
    """What the user asked for.

    Attributes:
        source: see `cleanplate.data.open.open_stream`.
        model: name or checkpoint.
        out: folder, or file whose suffix says what it is.
        write: names of `cleanplate.apps.apply.kinds.KINDS`; empty for what suits `out` and the source.
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


def apply_command(asked: Asked, tell: Callable[[str], None], patience: RetryPolicy | None = None) -> bool:
    """Applies a model to a source, and writes what was asked for.

    Args:
        asked: by the user.
        tell: takes a line for the user.
        patience: how a lost camera is looked for; half a second first, thirty at most.

    Returns:
        Whether it came to the end; `False` if Ctrl-C or the window ended it, with everything written so far valid.

    Raises:
        CleanplateError: for what a user can mend.
    """
    silence_decoders()
    try:
        return _applied(asked, tell, patience)
    except OSError as error:  # a folder that may not be looked into can be met anywhere
        place = error.filename or asked.source
        raise DataError(f"{place}: {error.strerror or error}; check the name and its permissions") from error


def _applied(asked: Asked, tell: Callable[[str], None], patience: RetryPolicy | None) -> bool:
    if asked.show:
        check_display("--show", "leave --show away and write an overlay")
    stop = threading.Event()
    model = open_model(asked.model, asked.settings)
    if asked.rate > 0 and not (model.streaming or model.adapts):
        raise ConfigError(f"--rate {asked.rate}: {model.name} does not learn online; median, plate and mog2 do")
    patience = patience or RetryPolicy(tries=max(1, asked.retries), first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    stream = open_stream(asked.source, patience, asked.raw, stop, tell)
    if isinstance(stream, Pictures) and model.any_size and not must_fit(model, asked.fit):
        stream = stream.of_any_size()
    chosen = targets(asked.out, asked.write, pictures=stream.pictures)
    scenery = _scenery(asked, chosen)
    _check_places(asked.source, chosen)
    note = resuming.Note(asked.out, _what_decides(asked, chosen))
    progress = resuming.begin(chosen, note, live=stream.live, resume=asked.resume, overwrite=asked.overwrite)
    if progress.complete:
        tell(f"nothing left to do: all {progress.done} frames are done")
        return True
    return _Run(asked, model, stream, chosen, note, stop, tell, scenery, progress.done).run()


@dataclass
class _Run:
    """One run, once all that was asked for is known to make sense."""

    asked: Asked
    model: BackgroundModel
    stream: FrameStream
    chosen: Sequence[Target]
    note: resuming.Note
    stop: threading.Event
    tell: Callable[[str], None]
    scenery: Image | None
    done: int

    def run(self) -> bool:
        ahead = ReadAhead(self.stream.frames(), self.stop)
        try:
            frames: Iterator[Numbered] = iter(ahead)
            if must_fit(self.model, self.asked.fit):
                with progress_bar(f"fitting {self.model.name}"):
                    frames = fit(self.model, self.stream, frames, self.asked.fit)
            first = next(frames, None)
            if first is None:
                raise DataError(f"{self.stream.name}: gave no frame; check that it holds pictures")
            return self._written(chain([first], frames))
        finally:
            ahead.close()

    def _written(self, frames: Iterator[Numbered]) -> bool:
        if not self.done:
            resuming.clear(self.chosen, self.note)
        batch = batch_of(self.model, live=self.stream.live)
        skip = self.done - self.done % batch  # the same batches as before: rounding depends on them
        rate = self.stream.frames_per_second
        settings = Settings(rate, Path(self.stream.name).name, f"{self.model.name}", self.scenery, skip)
        writers = [writer(target, settings) for target in self.chosen if target.name != "model"]
        for target in self.chosen:
            if target.name == "model":
                _keep(self.model, target.path)
        plates = any(target.kind.plate for target in self.chosen)
        found = shots(self.model, frames, rate, batch=batch, skip=skip, plates=plates, learning_rate=self.asked.rate)
        start = monotonic()
        with ExitStack() as stack:
            stack.enter_context(closing(found))
            stack.enter_context(stoppable(self.stop))
            bar = stack.enter_context(progress_bar(f"applying {self.model.name}", self.stream.total, "frames"))
            window = stack.enter_context(LiveWindow()) if self.asked.show else None
            watch = _Watch(bar, window, start, skip)
            write_all(found, writers, self.stop, watch, self._noted)
            stopped = self.stop.is_set() or watch.closed
            if not stopped:
                self._noted(skip + watch.count, complete=True)
        seconds = max(monotonic() - start, 1e-9)
        where = ", ".join(str(target.path) for target in self.chosen)
        ending = "; stopped before the end, all of it valid" if stopped else ""
        self.tell(f"{watch.count} frames, {watch.count / seconds:.1f} frames/s: {where}{ending}")
        return not self.stop.is_set()

    def _noted(self, done: int, complete: bool = False) -> None:
        if not self.stream.live and all(target.kind.resumable for target in self.chosen):
            self.note.write(resuming.Progress(done, complete))


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


def _scenery(asked: Asked, chosen: Sequence[Target]) -> Image | None:
    wanted = any(target.name == "replaced" for target in chosen)
    if wanted and asked.background is None:
        raise ConfigError("--write replaced: say which picture to put the foreground before: --background PICTURE")
    if asked.background is None:
        return None
    if not wanted:
        raise ConfigError(f"--background {asked.background}: is for --write replaced, which was not asked for; add it")
    return read_color(asked.background)


def _what_decides(asked: Asked, chosen: Sequence[Target]) -> dict[str, object]:
    """What must be the same for a run to be gone on with."""
    return {
        "source": asked.source,
        "content of the source": resuming.fingerprint(asked.source),
        "model": asked.model,
        "content of the model": resuming.fingerprint(asked.model),
        "settings": list(asked.settings),
        "fit": asked.fit,
        "rate": asked.rate,
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
