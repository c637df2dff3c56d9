"""The loop of `cleanplate apply`: frames go through the model to the writers, until the end, a stop or an error."""

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
from cleanplate.apps.apply.model_setup import in_order, threads_of
from cleanplate.apps.apply.writers import Writer
from cleanplate.data.streams.stream import Numbered, batched
from cleanplate.errors import CleanplateError, ModelError, first_line
from cleanplate.models import BackgroundModel
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image
from cleanplate.utils.parallel import ordered_map

_NOTES = 1.0  # seconds between two updates of the resume file

Monitor = Callable[[FrameResult, int], bool]
"""Gets every result and its number, from 1; returns whether to go on."""


def frame_results(
    model: BackgroundModel,
    frames: Iterator[Numbered],
    frames_per_second: float,
    *,
    batch: int,
    skip: int = 0,
    plates: bool = True,
    learning_rate: float = -1.0,
) -> Generator[FrameResult]:
    """Yields what a model finds in each frame.

    Args:
        model: fitted, or streaming.
        frames: with their numbers.
        frames_per_second: of the source, for `FrameResult.seconds`.
        batch: frames that the model is given at once; with 1 they are processed strictly one after the other.
        skip: number of frames at the start without a result; the model sees them only if it needs all frames.
        plates: whether results hold the backgrounds.
        learning_rate: see `BackgroundModel.apply`.

    Raises:
        ModelError: if the model cannot take a frame.
    """
    threads = threads_of(model, learning_rate) if batch > 1 else 1
    batches = _numbered_batches(frames, 1 if threads > 1 else batch, skip, whole=in_order(model, learning_rate))
    predict = partial(_predict, model, plates=plates, learning_rate=learning_rate)
    first = list(islice(batches, 1))  # alone: a model may prepare something at its first frame
    rest = ordered_map(
        lambda part: predict(part[1]),
        batches,
        threads if threads > 1 else 0,
        ahead=threads + 2,
        prepare=partial(torch.set_num_threads, 1),
    )
    with _one_thread_each() if threads > 1 else nullcontext(), closing(rest):
        for (index, taken), found in chain(((part, predict(part[1])) for part in first), rest):
            for offset, ((number, frame), (mask, background)) in enumerate(zip(taken, found, strict=True)):
                if index >= skip:
                    yield FrameResult(number, (index + offset) / frames_per_second, frame, mask, background)


def _numbered_batches(
    frames: Iterator[Numbered], size: int, skip: int, *, whole: bool
) -> Iterator[tuple[int, list[Numbered]]]:
    """Yields the frames that a model has to see in batches, each with the index of its first; `whole` skips none."""
    index = 0
    for batch in chain(batched(islice(frames, skip), size), batched(frames, size)):
        if index >= skip or whole:
            yield index, batch
        index += len(batch)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Within the block, OpenCV uses one thread: the frames processed at the same time keep every core busy."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _predict(
    model: BackgroundModel, taken: Sequence[Numbered], *, plates: bool, learning_rate: float
) -> list[tuple[Image, Image | None]]:
    """Returns the mask of each frame, and its background if `plates`."""
    pictures = [frame for _, frame in taken]
    try:
        if plates:
            return [(known.mask, known.background) for known in model.predict(pictures, learning_rate)]
        if len(pictures) == 1:
            return [(model.apply(pictures[0], learning_rate), None)]
        return [(mask, None) for mask in model.apply_batch(pictures, learning_rate)]
    except CleanplateError as error:
        raise type(error)(f"frame {taken[0][0]}: {error}") from error
    except Exception as error:  # of network layers and of OpenCV, for frames that they cannot take
        height, width = pictures[0].shape[:2]
        raise ModelError(
            f"frame {taken[0][0]}: {model.name} cannot take frames of {width}×{height}: {first_line(error)}; "
            "resize them, or choose another model"
        ) from error


@contextmanager
def stoppable(stop: threading.Event) -> Iterator[None]:
    """Within the block, the first Ctrl-C sets the event, so that the loop ends cleanly; the second one interrupts."""
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


def write_all(
    results: Iterator[FrameResult],
    writers: Sequence[Writer],
    stop: threading.Event,
    monitor: Monitor,
    note: Callable[[int], None],
) -> int:
    """Hands every result to every writer, each in a thread of its own.

    Whatever ends it (the end of the frames, the event, an error of the source or of one writer), the other writers
    finish what they have, so that all of it is valid.

    Args:
        results: of the frames.
        writers: of the outputs.
        stop: ends it after the present result.
        monitor: see `Monitor`.
        note: is called now and then, and at the end, with the number of frames that every writer has on disk.

    Returns:
        The number of results.
    """
    result = next(results, None)  # an error at the very first frame must leave no empty files
    threads = [WriteBehind[FrameResult](writer, type(writer).__name__) for writer in writers] if result else []
    count = 0
    noted = monotonic()
    broken: CleanplateError | None = None
    try:
        while result is not None:
            for thread in threads:
                thread.put(result)
            count += 1
            if not monitor(result, count) or stop.is_set():
                break
            if monotonic() - noted > _NOTES:
                note(min((writer.completed for writer in writers), default=0))
                noted = monotonic()
            try:
                result = next(results, None)
            except CleanplateError as error:
                broken = type(error)(f"{error}; {count} frames before that are written and valid")
                break
    finally:
        errors = _close(threads)
        if threads:
            note(min(writer.completed for writer in writers))
        if errors:
            raise errors[0]
    if broken is not None:
        raise broken
    return count


def _close(threads: Sequence[WriteBehind[FrameResult]]) -> list[BaseException]:
    """Waits for all writers, and returns what they raised."""
    errors: list[BaseException] = []
    for thread in threads:
        try:
            thread.close()
        except BaseException as error:
            errors.append(error)
    return errors
