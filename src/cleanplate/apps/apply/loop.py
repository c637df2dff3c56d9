"""The loop: frames in, through the model, out to the writers, until the end, a stop or an error."""

import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from itertools import chain, islice
from time import monotonic
from types import FrameType

import cv2
import torch

from cleanplate.apps.apply.io_threads import WriteBehind
from cleanplate.apps.apply.writers import Writer
from cleanplate.data.streams.stream import Numbered
from cleanplate.errors import CleanplateError, ModelError, first_line
from cleanplate.models import BackgroundModel
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image
from cleanplate.utils.parallel import ordered_map

BATCH = 8
"""Frames that a model is given at once, of a recording."""

_MOST_THREADS = 8  # what is in flight is held in memory

_NOTES = 1.0  # seconds between two notes of how far it is

Watch = Callable[[FrameResult, int], bool]
"""Is told of every shot and how many there were so far; says whether to go on."""


@contextmanager
def stoppable(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C sets the event, and whoever looks at it ends cleanly; the second is as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def batch_of(model: BackgroundModel, *, live: bool) -> int:
    """How many frames a model is given at once: of a camera one, or the picture would lag behind.

    Models fitted offline share the frames of a batch among their threads; those that learn online take one by one.
    """
    return 1 if live or model.streaming else BATCH


def in_order(model: BackgroundModel, learning_rate: float) -> bool:
    """Whether each frame must come after those before it, none left out: the model remembers them, or will."""
    return model.remembers or (model.adapts and learning_rate > 0)


def threads_of(model: BackgroundModel, learning_rate: float = -1.0) -> int:
    """How many frames of a recording are looked at side by side, each in a thread of its own.

    As many as torch has threads, which is the number of cores unless `OMP_NUM_THREADS` says otherwise. One for models
    that remember, whose frames must come in order, and for those with a large network, which shares its work among the
    threads itself and is fastest with a batch.
    """
    if not model.side_by_side or in_order(model, learning_rate):
        return 1
    return min(torch.get_num_threads(), _MOST_THREADS)


def shots(
    model: BackgroundModel,
    frames: Iterator[Numbered],
    frames_per_second: float,
    *,
    batch: int,
    skip: int = 0,
    plates: bool = True,
    learning_rate: float = -1.0,
) -> Generator[FrameResult]:
    """What a model finds in each frame.

    Args:
        model: fitted, or streaming.
        frames: with their numbers.
        frames_per_second: of the source, for `FrameResult.seconds`.
        batch: frames that are given to the model at once; 1 keeps strictly to one after the other.
        skip: as many frames give no shot: the model sees them only if it remembers what it has seen.
        plates: whether anybody wants the backgrounds.
        learning_rate: see `BackgroundModel.apply`.

    Raises:
        ModelError: if the model cannot take a frame.
    """
    threads = threads_of(model, learning_rate) if batch > 1 else 1
    batches = _batches(frames, 1 if threads > 1 else batch, skip, whole=in_order(model, learning_rate))
    look = partial(_found, model, plates=plates, learning_rate=learning_rate)
    first = list(islice(batches, 1))  # alone, for what a model prepares at its first frame
    rest = ordered_map(
        lambda part: look(part[1]),
        batches,
        threads if threads > 1 else 0,
        ahead=threads + 2,
        prepare=partial(torch.set_num_threads, 1),
    )
    with _one_thread_each() if threads > 1 else nullcontext(), closing(rest):
        for (index, taken), found in chain(((part, look(part[1])) for part in first), rest):
            for offset, ((number, frame), (mask, background)) in enumerate(zip(taken, found, strict=True)):
                if index >= skip:
                    yield FrameResult(number, (index + offset) / frames_per_second, frame, mask, background)


def _batches(frames: Iterator[Numbered], batch: int, skip: int, *, whole: bool) -> Iterator[tuple[int, list[Numbered]]]:
    """The frames that a model has to see, some at a time, and the place of the first of them; `whole` skips none."""
    index = 0
    while taken := list(islice(frames, batch if index >= skip else min(batch, skip - index))):
        if index >= skip or whole:
            yield index, taken
        index += len(taken)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Frames side by side keep every core busy: threads of OpenCV's own would only wait for each other."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _found(
    model: BackgroundModel, taken: Sequence[Numbered], *, plates: bool, learning_rate: float
) -> list[tuple[Image, Image | None]]:
    """Mask of each frame, and its background where somebody wants it."""
    pictures = [frame for _, frame in taken]
    try:
        if plates:
            return [(known.mask, known.background) for known in model.predict(pictures, learning_rate)]
        if len(pictures) == 1:
            return [(model.apply(pictures[0], learning_rate), None)]
        return [(mask, None) for mask in model.apply_batch(pictures, learning_rate)]
    except CleanplateError as error:
        raise type(error)(f"frame {taken[0][0]}: {error}") from error
    except Exception as error:  # of a network's layers and OpenCV's, on frames that they cannot take
        height, width = pictures[0].shape[:2]
        raise ModelError(
            f"frame {taken[0][0]}: {model.name} cannot take frames of {width}×{height}: {first_line(error)}; "
            "resize them, or choose another model"
        ) from error


def write_all(
    found: Iterator[FrameResult],
    writers: Sequence[Writer],
    stop: threading.Event,
    watch: Watch,
    note: Callable[[int], None],
) -> int:
    """Hands every shot to every writer, each in a thread of its own.

    Whatever ends it, the end of the frames, the event, an error of the source or of one writer: the (other) writers
    finish what they have, so that all of it is valid.

    Args:
        found: the shots.
        writers: what is written.
        stop: ends it after the present shot.
        watch: see `Watch`.
        note: is told now and then, and at the end, how many frames every writer has on disk.

    Returns:
        The number of shots.
    """
    shot = next(found, None)  # an error at the very first frame must leave no empty files
    behind = [WriteBehind[FrameResult](writer, type(writer).__name__) for writer in writers] if shot else []
    count = 0
    noted = monotonic()
    broken: CleanplateError | None = None
    try:
        while shot is not None:
            for one in behind:
                one.put(shot)
            count += 1
            if not watch(shot, count) or stop.is_set():
                break
            if monotonic() - noted > _NOTES:
                note(min((writer.completed for writer in writers), default=0))
                noted = monotonic()
            try:
                shot = next(found, None)
            except CleanplateError as error:
                broken = type(error)(f"{error}; {count} frames before that are written and valid")
                break
    finally:
        errors = _closed(behind)
        if behind:
            note(min(writer.completed for writer in writers))
        if errors:
            raise errors[0]
    if broken is not None:
        raise broken
    return count


def _closed(behind: Sequence[WriteBehind[FrameResult]]) -> list[BaseException]:
    """Waits for all writers, and gives what they raised."""
    errors: list[BaseException] = []
    for one in behind:
        try:
            one.close()
        except BaseException as error:
            errors.append(error)
    return errors
