"""Sources without an end: the memory stays as it is, a lost camera is found again, nothing waits for the model."""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.apps.clips import decoded, frames

from cleanplate.apps.apply import command
from cleanplate.apps.apply.command import ApplyOptions, apply_command
from cleanplate.apps.apply.io_threads import AHEAD, ReadAhead, WriteBehind
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.stream import best_of_parts, subsample
from cleanplate.errors import DataError
from cleanplate.utils.retry import RetryPolicy
from waiting import HUNG

WRITE = ("overlay", "foreground", "csv", "sheet")


class Endless:
    """A camera that shows the same few frames for ever, and knows how many of them are still held by somebody."""

    name = "endless"
    live = True
    pictures = False
    total = None
    frames_per_second = 25.0

    def __init__(self, count: int, size: tuple[int, int]) -> None:
        self.count = count
        self.held = self.most = 0
        self.memory: list[float] = []
        self._shown = frames(20, *size)

    def frames(self) -> Iterator[tuple[int, np.ndarray]]:
        for number in range(1, self.count + 1):
            frame = self._shown[number % len(self._shown)].copy()
            self.held += 1
            self.most = max(self.most, self.held)
            weakref.finalize(frame, self._gone)
            if number % (self.count // 20) == 0:
                self.memory.append(resident())
            yield number, frame

    def sequence(self, most: int | None = None) -> FrameSequence | None:
        return None

    def _gone(self) -> None:
        self.held -= 1


def resident() -> float:
    """Memory of this process in megabytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def applied(source: Endless, out: Path, monkeypatch: pytest.MonkeyPatch, model: str = "mog2", **asked: Any) -> str:
    told: list[str] = []
    monkeypatch.setattr(command, "open_stream", lambda *given: source)
    assert apply_command(ApplyOptions("0", model, out, **asked), told.append)
    return told[-1]


@pytest.mark.parametrize(("model", "fit"), [("mog2", None), ("median", 50)])
def test_memory_is_bounded_however_long_it_lasts(
    model: str, fit: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Endless(3000, (24, 32))
    told = applied(source, tmp_path, monkeypatch, model, write=WRITE, fit=fit)
    assert told.startswith("3000 frames, ")
    # What waits before the model and before each output, what the sheet keeps, what was fitted to, what is in hand.
    assert source.most <= AHEAD + len(WRITE) * AHEAD + 11 + (fit or 0) + 8
    assert len(decoded(tmp_path / "overlay.mp4")) == 3000
    assert 100 < len(decoded(tmp_path / "foreground.gif")) <= 240


@pytest.mark.slow
def test_memory_is_flat_over_20_000_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Endless(20_000, (96, 128))
    applied(source, tmp_path, monkeypatch, write=WRITE)
    # A twentieth in, the GIF has all the frames it ever holds. 24 more frames a step would be a megabyte each.
    assert max(source.memory[4:]) - source.memory[3] < 12, source.memory


# A camera that is lost


class Fake:
    """A camera as OpenCV shows it: gives what is left in a list, then nothing."""

    def __init__(self, shown: list[np.ndarray], there: bool = True, counted: float = 0) -> None:
        self._shown = shown
        self._there = there
        self._counted = counted

    def isOpened(self) -> bool:
        return self._there

    def read(self) -> tuple[bool, np.ndarray | None]:
        return (True, self._shown.pop(0)) if self._shown else (False, None)

    def get(self, key: int) -> float:
        import cv2

        return self._counted if key == cv2.CAP_PROP_FRAME_COUNT else 12.0

    def release(self) -> None:
        self._there = False


def patient(pauses: list[float], tries: int = 3) -> RetryPolicy:
    return RetryPolicy(
        tries=tries,
        first=0.5,
        longest=4.0,
        jitter=lambda: 1.0,
        pause=lambda stop, seconds: pauses.append(seconds),
    )


def camera(stages: list[Fake], pauses: list[float], told: list[str], stop: threading.Event | None = None) -> Any:
    from cleanplate.data.streams.camera import CameraStream

    return CameraStream("rtsp://me:secret@host/a", patient(pauses), stop, told.append, lambda target: stages.pop(0))


def test_a_lost_camera_is_found_again_after_longer_and_longer_pauses() -> None:
    seen = frames(6)
    pauses: list[float] = []
    told: list[str] = []
    stages = [Fake(seen[:2]), Fake([], there=False), Fake([]), Fake(seen[2:5]), Fake(seen[5:])]
    stream = camera(stages, pauses, told)
    assert stream.frames_per_second == 12
    got = [frame for _, (_, frame) in zip(range(6), stream.frames(), strict=False)]
    np.testing.assert_array_equal(np.stack(got), np.stack(seen))
    assert pauses == [0.5, 1.0, 2.0, 0.5]  # the patience is new after each frame
    assert [line.partition(": ")[0] for line in told] == ["rtsp://***@host/a"] * 6
    assert told[3].endswith("back again")
    assert "(3/3)" in told[2]


def test_a_camera_that_stays_away_is_an_error_that_says_how_far_it_was() -> None:
    pauses: list[float] = []
    stream = camera([Fake(frames(2)), *(Fake([], there=False) for _ in range(3))], pauses, [])
    numbers = []
    with pytest.raises(DataError, match=r"^rtsp://\*\*\*@host/a: lost after frame 2 and not found again; check"):
        numbers += [number for number, _ in stream.frames()]
    assert pauses == [0.5, 1.0, 2.0]


def test_a_recording_behind_an_address_has_an_end() -> None:
    pauses: list[float] = []
    stream = camera([Fake(frames(5), counted=5)], pauses, [])
    assert [number for number, _ in stream.frames()] == [1, 2, 3, 4, 5]
    assert pauses == []


def test_waiting_for_a_camera_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    stages = [Fake(frames(1)), Fake([])]
    stream = camera(stages, [], [], stop)
    stream._retry = RetryPolicy(pause=lambda event, seconds: event.set())
    assert [number for number, _ in stream.frames()] == [1]
    assert len(stages) == 1  # was not opened any more


def test_a_camera_that_is_lost_leaves_all_that_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = [Fake(frames(5)), Fake([], there=False)]
    stream = camera(stages, [], [])
    stream._retry = patient([], tries=1)
    monkeypatch.setattr(command, "open_stream", lambda *given: stream)
    with pytest.raises(DataError, match="lost after frame 5 .*; 5 frames before that are written and valid"):
        apply_command(ApplyOptions("rtsp://host/a", "mog2", tmp_path, write=("csv", "overlay")), lambda text: None)
    assert len((tmp_path / "frames.csv").read_text().splitlines()) == 6
    assert len(decoded(tmp_path / "overlay.mp4")) == 5


# Threads


def test_reading_goes_on_while_somebody_works_but_not_without_end() -> None:
    taken: list[int] = []
    enough = threading.Event()

    def source() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            if number == AHEAD:
                enough.set()
            yield number

    ahead = ReadAhead(source(), threading.Event())
    assert enough.wait(HUNG)  # nobody has asked yet
    ahead.close()
    assert len(taken) <= AHEAD + 2


def test_an_error_of_the_source_comes_in_its_turn() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise DataError("cut")

    got = iter(ReadAhead(source(), threading.Event()))
    assert [next(got), next(got)] == [1, 2]
    with pytest.raises(DataError, match="cut"):
        next(got)


def failing(after: int) -> Callable[[Iterator[int]], None]:
    def consume(items: Iterator[int]) -> None:
        for count, _ in enumerate(items, 1):
            if count == after:
                raise DataError("full")

    return consume


def test_an_error_of_a_writer_reaches_who_hands_over_and_does_not_block() -> None:
    behind = WriteBehind[int](failing(2), "test")
    with pytest.raises(DataError, match="full"):
        for number in range(1000):
            behind.put(number)
    with pytest.raises(DataError, match="full"):
        behind.close()


# Choosing a few of many


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 8, 9, 40, 1000])
def test_even_choice(count: int) -> None:
    kept, step = subsample(range(count), 6)
    assert kept == list(range(0, count, step))
    assert len(kept) <= 6
    assert count == 0 or len(kept) >= min(count, 3)


@pytest.mark.parametrize("count", [1, 3, 4, 9, 100, 1023])
def test_an_eventful_choice_is_spread_and_holds_the_best(count: int) -> None:
    worth = np.random.default_rng(count).permutation(count)
    chosen = best_of_parts(range(count), 4, lambda item: worth[item])
    assert len(chosen) == min(4, count)
    assert chosen == sorted(set(chosen))
    assert int(np.argmax(worth)) in chosen
    assert count < 9 or (chosen[0] < 0.55 * count and chosen[-1] > 0.45 * count)
