"""The window itself, on a virtual screen with a real mouse and real keys."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.apps.clips import folder, frames, video
from tests.camera.screen import WAIT, python, virtual_screen

from cleanplate.camera.feed import camera_feed
from cleanplate.camera.program import Countdown, Rate
from cleanplate.errors import DataError
from cleanplate.report import drawing
from cleanplate.utils.window import Key, Mouse, key_of, mouse_of

_SHOWN = """
import sys
import numpy as np
from cleanplate.utils.window import Window

picture = np.zeros((120, 200, 3), np.uint8)
picture[:, :50] = (0, 0, 255)
with Window("a window") as window:
    while not window.closed:
        window.show(picture)
        window.show_beside("other", picture[:, ::-1].copy())
        for event in window.events(10):
            print(event, flush=True)
            if getattr(event, "name", "") == "q":
                sys.exit()
"""


@pytest.fixture(scope="module")
def screen():
    with virtual_screen() as made:
        yield made


def _started(screen):
    return python(screen, "-c", _SHOWN)


def _said(process, words: str) -> str:
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"{words!r} was never said")


def test_mouse_and_keys_reach_the_program(screen) -> None:
    with _started(screen) as process:
        window = screen.window("a window")
        shown = window.shows(lambda seen: seen[60, 20, 2] == 255)
        assert shown.shape == (120, 200, 3)
        assert shown[60, 100].tolist() == [0, 0, 0]
        window.click(30, 70)
        assert "x=30, y=70, button='left'" in _said(process, "action='down'")
        window.click(80, 20, "right")
        assert "x=80, y=20, button='right'" in _said(process, "action='down'")
        window.press("left")
        window.move(90, 25)
        assert "button='left'" in _said(process, "action='move'")
        window.release("left")
        for name in ("left", "enter", "backspace", "space", "b"):
            window.key(name)
            assert f"Key(name='{name}')" in _said(process, "Key(")
        window.key("q")
        assert process.wait(WAIT) == 0


def test_each_press_of_a_double_click_is_told_once(screen) -> None:
    with _started(screen) as process:
        window = screen.window("a window")
        window.shows(lambda seen: seen[60, 20, 2] == 255)
        for _ in range(3):
            window.click(40, 50, "right")
        window.click(10, 10)
        told = []
        while "x=10" not in (line := _said(process, "action='down'")):
            told.append(line)
        assert len(told) == 3
        window.key("q")
        assert process.wait(WAIT) == 0


def test_where_the_wheel_has_enlarged_the_window_places_are_still_those_of_the_picture(screen) -> None:
    with _started(screen) as process:
        window = screen.window("a window")
        before = window.shows(lambda seen: seen[60, 20, 2] == 255)
        window.click(0, 0, "wheel up")
        window.click(0, 0, "wheel up")
        window.click(55, 60)
        place = re.search(r"x=(\d+), y=(\d+)", _said(process, "action='down'"))
        assert place
        seen = window.picture()
        np.testing.assert_array_equal(seen[60, 55], before[int(place[2]), int(place[1])])
        window.key("q")
        assert process.wait(WAIT) == 0


def test_places_are_those_of_the_picture_in_a_window_of_another_size(screen) -> None:
    with _started(screen) as process:
        window = screen.window("a window")
        window.shows(lambda seen: seen[60, 20, 2] == 255)
        window.resize(400, 240)
        window.shows(lambda seen: seen.shape == (240, 400, 3) and seen[200, 80, 2] == 255)
        window.click(60, 140)
        assert "x=30, y=70" in _said(process, "action='down'")
        window.key("q")
        assert process.wait(WAIT) == 0


def test_a_window_beside_shows_its_own_picture(screen) -> None:
    with _started(screen) as process:
        beside = screen.window("a window: other")
        beside.shows(lambda seen: seen[60, 180, 2] == 255 and seen[60, 20, 2] == 0)
        beside.key("q")
        assert process.wait(WAIT) == 0


@pytest.mark.parametrize(
    ("code", "name"),
    [(113, "q"), (13, "enter"), (27, "esc"), (65361, "left"), (0x270000, "right"), (0xF702, "left"), (43, "+")],
)
def test_keys_have_the_same_names_on_every_system(code: int, name: str) -> None:
    assert key_of(code) == Key(name)


@pytest.mark.parametrize("code", [-1, 65505, 65507, 65470, 200])
def test_shift_control_and_function_keys_are_nothing(code: int) -> None:
    assert key_of(code) is None


def test_the_second_press_of_a_double_click_is_a_press() -> None:
    assert mouse_of(cv2.EVENT_LBUTTONDBLCLK, 3, 4, 0) == Mouse("down", 3, 4, "left")


def test_a_countdown_rings_once_however_late_it_is_looked_at() -> None:
    now = [0.0]
    countdown = Countdown(2, lambda: now[0])
    assert not countdown.expired()
    countdown.start()
    assert countdown.left == 2
    now[0] = 0.5
    assert countdown.left == 2
    countdown.start()  # goes on as it was
    now[0] = 1.2
    assert countdown.left == 1
    now[0] = 60.0
    assert countdown.left == 0
    assert countdown.expired()
    assert not countdown.expired()
    assert not countdown.running


def test_the_rate_is_that_of_the_last_frames() -> None:
    now = [0.0]
    rate = Rate(lambda: now[0])
    assert rate.per_second == 0
    for _ in range(100):
        rate.tick()
        now[0] += 0.05
    assert rate.per_second == pytest.approx(20)


def test_a_recording_is_played_again_and_again_and_mirrored(tmp_path: Path) -> None:
    with camera_feed(str(folder(tmp_path / "shots", 2)), mirrored=True, echo=print) as feed:
        assert not feed.live
        seen = [feed.newest(WAIT) for _ in range(5)]
    wanted = [frame[:, ::-1] for frame in frames(2)]
    for picture in seen:
        assert picture is not None
        assert any(np.array_equal(picture, known) for known in wanted)


def test_only_the_newest_picture_is_kept(tmp_path: Path) -> None:
    with camera_feed(str(video(tmp_path / "film.mp4")), mirrored=False, echo=print) as feed:
        assert feed.frames_per_second == 20
        first = feed.newest(WAIT)
        assert first is not None


@pytest.mark.parametrize("place", ["-", "missing.mp4", "97"])
def test_what_gives_no_pictures_is_told_at_once(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"."):
        camera_feed(place, mirrored=False, echo=print)


def test_a_recording_that_breaks_off_is_told(tmp_path: Path) -> None:
    shots = folder(tmp_path / "shots", 3)
    (shots / "shot 2.png").write_bytes(b"no picture")
    with camera_feed(str(shots), mirrored=False, echo=print) as feed, pytest.raises(DataError, match="shot 2"):
        for _ in range(10):
            feed.newest(WAIT)


def test_drawing_stays_on_the_picture() -> None:
    picture = np.full((60, 80, 3), 100, np.uint8)
    untouched = picture.copy()
    drawing.write(picture, "far away", 200, 200)
    assert np.array_equal(picture, untouched)
    drawing.write(picture, "half", 70, 2)
    drawing.label(picture, "plate", -5, 50)
    drawing.banner(picture, ["one", "two"], 5)
    drawing.disc(picture, (79, 59), 10, drawing.RED)
    drawing.disc(picture, (200, 200), 10, drawing.RED)
    drawing.help_box(picture, dict.fromkeys("abcdefghijkl", "does something"))
    assert not np.array_equal(picture, untouched)


def test_a_button_is_where_it_should_be_and_shines_through() -> None:
    picture = np.full((100, 100, 3), 200, np.uint8)
    drawing.round_button(picture, "", (50, 40), 20, drawing.GREEN)
    inside = 0.6 * np.asarray(drawing.GREEN) + 0.4 * 200
    assert np.abs(picture[40, 40] - inside).max() <= 1
    assert picture[40, 75].tolist() == [200, 200, 200]
