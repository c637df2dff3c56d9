"""Palms that press buttons: once, on purpose, and without slowing the window."""

import numpy as np
import pytest

from cleanplate.camera.capture.buttons import PalmPress, PalmWatch
from cleanplate.camera.capture.palm_detector import Palm

FRAME = np.zeros((48, 64, 3), np.uint8)
STEP = 0.1  # seconds between two looks


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def presses(distances: list[float | None], step: float = STEP) -> list[int]:
    """The looks at which a button was pressed; `None` is a look without a palm."""
    time = Time()
    press = PalmPress(time)
    pressed = []
    for look, distance in enumerate(distances):
        if press.update([] if distance is None else [distance]):
            pressed.append(look)
        time.now += step
    return pressed


def test_a_palm_that_comes_and_stays_presses_once() -> None:
    assert presses([None, 5, 0.5, 0.5, 0.5, *[0.5] * 200]) == [5]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_wrong_find_or_a_hand_that_passes_presses_nothing(length: int) -> None:
    assert presses([None, *[0.2] * length, None, None] * 10) == []


def test_of_a_fast_camera_three_looks_are_not_enough() -> None:
    assert presses([0.5] * 10, step=0.01) == []
    assert presses([0.5] * 40, step=0.01) == [30]


def test_of_a_slow_one_three_looks_are_needed() -> None:
    assert presses([0.5] * 10, step=2.0) == [2]


def test_it_presses_again_only_after_it_has_been_away() -> None:
    assert presses([0.5] * 10 + [3.0] * 4 + [0.5] * 10) == [3, 17]
    assert presses([0.5] * 10 + [None] * 4 + [0.5] * 10) == [3, 17]


def test_losing_sight_of_it_for_a_moment_is_not_leaving() -> None:
    assert presses([0.5] * 10 + ([None] * 2 + [0.5] * 5) * 10) == [3]


def test_trembling_on_the_rim_is_not_leaving() -> None:
    assert presses([0.95] * 10 + [1.05, 0.95, 1.2, 1.1, 1.25, 1.0] * 20) == [3]


def test_the_nearest_of_several_palms_counts() -> None:
    time = Time()
    press = PalmPress(time)
    pressed = []
    for look in range(20):
        pressed.append(press.update([4.0, 0.1] if look < 10 else [0.1, 4.0]))
        time.now += STEP
    assert [look for look, value in enumerate(pressed) if value] == [3]


def looked(costs: list[float], frames: int) -> list[int]:
    """The frames that are looked at by a detector that takes so long, one cost after the other."""
    time = Time()
    calls = iter(range(10**6))

    def detector(frame: np.ndarray) -> list[Palm]:
        call = next(calls)
        time.now += costs[min(call, len(costs) - 1)]
        return [Palm((call, 0), 10, 0.9)]

    watch = PalmWatch(detector, time)
    seen = []
    for number in range(frames):
        if watch.detect(FRAME):
            assert watch.palms[0].centre[0] == len(seen)
            seen.append(number)
        time.now += 0.04
    return seen


def test_a_fast_detector_looks_at_every_frame() -> None:
    assert looked([0.9, 0.007], 20) == list(range(20))  # the first look sets it up, and is not counted


def test_a_slow_one_looks_at_every_nth_and_the_palms_stay_in_between() -> None:
    assert looked([0.9, 0.038], 30) == [0, 1, 6, 11, 16, 21, 26]


def test_a_very_slow_one_looks_often_enough_for_a_hand() -> None:
    assert looked([3.0], 40) == [0, 1, 9, 17, 25, 33]


def test_a_hiccup_changes_little() -> None:
    assert looked([0.9, 0.004, 0.004, 0.5, 0.004], 20) == list(range(20))


def test_a_detector_that_fails_is_not_asked_again() -> None:
    asked = []

    def detector(frame: np.ndarray) -> list[Palm]:
        asked.append(frame)
        if len(asked) == 3:
            raise RuntimeError("the network fell over")
        return [Palm((1, 1), 10, 0.9)]

    watch = PalmWatch(detector, Time())
    for _ in range(10):
        watch.detect(FRAME)
    assert len(asked) == 3
    assert watch.palms == []
    assert watch.unmet == "no palms any more: the network fell over"
