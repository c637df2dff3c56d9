"""`capture` without a window, by a clock that is moved by hand."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from cleanplate.camera.capture.buttons import BACKGROUND, BUTTONS, EXIT, SAVE, PalmWatch, RoundButton, radius
from cleanplate.camera.capture.palm_detector import Palm
from cleanplate.camera.capture.program import NO_PALMS, Capture
from cleanplate.data.datasets.capture_writer import SetWriter
from cleanplate.data.io.images import read_color
from cleanplate.report import drawing
from cleanplate.report.text import Colour, width_of
from cleanplate.utils.window import Key, Mouse

HEIGHT, WIDTH = 240, 320
GREY = 100
STEP = 0.1


def shot(number: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A grey picture with its number in a corner where nothing is drawn."""
    frame = np.full((height, width, 3), GREY, np.uint8)
    frame[-1, -1] = number % 256, number // 256, 7
    return frame


class Hands:
    """A camera, a clock, and somebody before it."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.now = 0.0
        self.frames = 0
        self.palms: list[tuple[float, float]] = []
        self.said: list[str] = []
        self.folder = folder
        watch = PalmWatch(lambda _: [Palm(place, 30, 0.9) for place in self.palms], lambda: self.now)
        given = {"watch": watch, "clock": lambda: self.now} | options
        self.program = Capture(SetWriter(folder), self.said.append, **given)  # type: ignore[arg-type]
        self.last = shot(0)

    def watch(self, seconds: float) -> None:
        """Lets the camera run for so long."""
        for _ in range(round(seconds / STEP)):
            self.frame()
            self.now = round(self.now + STEP, 6)

    def frame(self) -> None:
        self.last = shot(self.frames)
        self.program.on_frame(self.last)
        self.frames += 1

    def click(self, button: RoundButton, dx: int = 0, dy: int = 0, which: str = "left") -> None:
        x, y = button.place(self.last)
        self.program.on(Mouse("down", x + dx, y + dy, which))  # type: ignore[arg-type]

    def key(self, name: str) -> None:
        self.program.on(Key(name))

    def palm(self, *buttons: RoundButton) -> None:
        self.palms = [button.place(self.last) for button in buttons]

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def colours(self) -> dict[str, Colour]:
        """What is seen of each button beside its word, taken back from the mixture with the grey below."""
        picture = self.program.shown()
        found = {}
        for button in BUTTONS:
            x, y = button.place(picture)
            seen = picture[y + radius(picture) * 3 // 4, x].astype(float)
            found[button.name] = tuple(round(value) for value in (seen - 0.4 * GREY) / 0.6)
        return found


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    made = Hands(tmp_path / "captured")
    made.watch(0.5)
    return made


def near(seen: Colour, wanted: Colour) -> bool:
    return max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= 3


def test_a_background_then_pictures_as_the_camera_gave_them(hands: Hands) -> None:
    hands.key("b")
    hands.watch(4.9)
    assert hands.files() == []
    hands.watch(0.3)
    assert hands.files() == ["set1/bkg.png"]
    assert np.array_equal(read_color(hands.folder / "set1" / "bkg.png"), shot(5 + 50))
    for number in range(2):
        hands.key("s")
        begun = hands.frames
        hands.watch(2.2)
        assert np.array_equal(read_color(hands.folder / "set1" / f"{number}.png"), shot(begun + 20))
    hands.key("b")
    hands.watch(5.2)
    hands.key("s")
    hands.watch(2.2)
    assert hands.files() == ["set1/0.png", "set1/1.png", "set1/bkg.png", "set2/0.png", "set2/bkg.png"]
    hands.program.close()
    assert hands.said[:2] == [f"{hands.folder}/set1/bkg.png saved", f"{hands.folder}/set1/0.png saved"]
    assert hands.said[-1] == f"{hands.folder}: 2 new sets with 3 pictures besides the background"


def test_both_countdowns_may_run_at_once(hands: Hands) -> None:
    hands.key("b")
    hands.watch(5.2)
    hands.key("b")
    hands.watch(4.0)
    hands.key("s")
    hands.watch(0.1)
    assert hands.program._lines() == ["Taking the background in 1 sec", "Saving image in 2 secs"]
    seen = hands.colours()
    assert near(seen["Bkg"], drawing.GREEN)
    assert near(seen["Sav"], drawing.GREEN)
    hands.watch(1.2)
    assert hands.program._lines() == ["Saving image in 1 sec"]
    hands.watch(1.0)
    assert hands.program._lines() == []
    assert hands.files() == ["set1/bkg.png", "set2/0.png", "set2/bkg.png"]


def test_the_banner_counts_as_a_person_does(hands: Hands) -> None:
    hands.key("b")
    said = []
    for _ in range(5):
        said += hands.program._lines()
        hands.watch(1.0)
    assert said == [f"Taking the background in {n} secs" for n in (5, 4, 3, 2)] + ["Taking the background in 1 sec"]


def test_pressing_again_while_it_counts_changes_nothing(hands: Hands) -> None:
    hands.key("b")
    for _ in range(6):
        hands.watch(1.0)
        if hands.program._countdowns[BACKGROUND].running:
            hands.click(BACKGROUND)
    assert hands.files() == ["set1/bkg.png"]
    assert not hands.program._countdowns[BACKGROUND].running


def test_a_picture_before_the_background_is_refused_in_words(hands: Hands) -> None:
    other = SetWriter(hands.folder)
    other.begin(shot(0))
    hands.key("s")
    assert hands.program.message.text == "take the background first (b)"
    assert not hands.program._countdowns[SAVE].running
    hands.watch(4.0)
    assert hands.files() == ["set1/bkg.png"]


def test_one_that_is_due_before_the_first_background_is_too(hands: Hands) -> None:
    hands.key("b")
    hands.key("s")
    hands.watch(2.2)
    assert hands.program.message.text == "take the background first (b)"
    assert hands.files() == []
    hands.watch(3.0)
    assert hands.files() == ["set1/bkg.png"]


def test_one_that_is_due_after_it_is_not(hands: Hands) -> None:
    hands.key("b")
    hands.watch(4.0)
    hands.key("s")
    hands.watch(2.2)
    assert hands.files() == ["set1/0.png", "set1/bkg.png"]


@pytest.mark.parametrize(
    ("pause", "expected"),
    # The background is due at 5 s, the picture 2 s after its key.
    [(1.0, ["set1/0.png", "set1/bkg.png", "set2/bkg.png"]), (4.0, ["set1/bkg.png", "set2/0.png", "set2/bkg.png"])],
)
def test_after_a_stall_both_are_taken_once_in_the_order_in_which_they_were_due(
    hands: Hands, pause: float, expected: list[str]
) -> None:
    hands.key("b")
    hands.watch(5.2)
    hands.key("b")
    hands.watch(pause)
    hands.key("s")
    hands.now += 60  # the camera hangs, the window is drawn on
    assert set(hands.program._lines()) == {
        "Taking the background: waiting for the camera",
        "Saving image: waiting for the camera",
    }
    hands.program.shown()
    hands.watch(5.0)
    assert hands.files() == expected
    assert hands.program._lines() == []


def test_countdowns_of_no_time_take_the_next_picture(tmp_path: Path) -> None:
    hands = Hands(tmp_path, background_seconds=0, save_seconds=0)
    hands.frame()
    for key in ("b", "s", "s"):
        hands.key(key)
        hands.frame()
    assert hands.files() == ["set1/0.png", "set1/1.png", "set1/bkg.png"]
    assert np.array_equal(read_color(tmp_path / "set1" / "1.png"), shot(3))


def test_buttons_are_where_they_were_and_as_they_were(hands: Hands) -> None:
    assert [button.place(hands.last) for button in (EXIT, SAVE, BACKGROUND)] == [(272, 36), (272, 108), (48, 108)]
    assert radius(hands.last) == 19
    seen = hands.colours()
    assert near(seen["Ext"], drawing.RED)
    assert near(seen["Sav"], drawing.BLUE)
    assert near(seen["Bkg"], drawing.BLUE)
    hands.key("b")
    seen = hands.colours()
    assert near(seen["Bkg"], drawing.GREEN)
    assert near(seen["Sav"], drawing.BLUE)
    hands.watch(5.2)
    assert near(hands.colours()["Bkg"], drawing.BLUE)


def test_a_left_click_inside_the_circle_presses(hands: Hands) -> None:
    for dx, dy in ((20, 0), (0, -20), (14, 14), (-60, 30)):
        hands.click(EXIT, dx, dy)
        hands.click(BACKGROUND, dx, dy)
    for which in ("right", "middle"):
        hands.click(EXIT, which=which)
    x, y = EXIT.place(hands.last)
    hands.program.on(Mouse("up", x, y, "left"))
    hands.program.on(Mouse("move", x, y, "left"))
    assert not hands.program.done
    assert hands.program._lines() == []
    hands.click(BACKGROUND, 13, -13)
    assert hands.program._lines() == ["Taking the background in 5 secs"]
    hands.click(EXIT, 0, 19)
    assert hands.program.done


def test_a_palm_at_rest_on_a_button_presses_once(hands: Hands) -> None:
    hands.palm(BACKGROUND)
    hands.watch(30)
    assert hands.files() == ["set1/bkg.png"]
    hands.palm()
    hands.watch(1)
    hands.palm(BACKGROUND)
    hands.watch(6)
    assert hands.files() == ["set1/bkg.png", "set2/bkg.png"]


def test_a_flicker_does_not_end_the_program_and_a_palm_that_stays_does(hands: Hands) -> None:
    for _ in range(10):
        hands.palm(EXIT)
        hands.watch(0.2)
        hands.palm()
        hands.watch(0.1)
    assert not hands.program.done
    hands.palm(EXIT)
    hands.watch(0.5)
    assert hands.program.done


def test_two_palms_press_two_buttons(hands: Hands) -> None:
    hands.key("b")
    hands.watch(5.2)
    hands.palm(BACKGROUND, SAVE)
    hands.watch(0.5)
    assert len(hands.program._lines()) == 2


def test_palms_are_red_circles_and_are_not_saved(hands: Hands) -> None:
    hands.key("b")
    hands.palms = [(100.2, 150.4), (400.0, -30.0)]  # one is outside
    hands.watch(5.2)
    picture = hands.program.shown()
    for dx, dy in ((0, 0), (5, 0), (0, -5)):
        assert picture[150 + dy, 100 + dx].tolist() == list(drawing.RED)
    assert picture[150, 100 + 8].tolist() == [GREY] * 3
    assert np.array_equal(read_color(hands.folder / "set1" / "bkg.png")[..., :], shot(5 + 50))


def test_the_picture_of_the_camera_is_left_as_it_is(hands: Hands) -> None:
    hands.key("b")
    hands.palm(SAVE)
    hands.watch(1)
    hands.key("h")
    before = hands.last.copy()
    shown = hands.program.shown()
    assert not np.array_equal(shown, before)
    assert np.array_equal(hands.last, before)


def test_what_was_saved_is_told_for_two_seconds(hands: Hands) -> None:
    hands.key("b")
    hands.watch(5.1)
    assert hands.program.message.text == "set1/bkg.png saved"
    bottom = hands.program.shown()[-30:, :150]
    assert (np.abs(bottom.astype(int) - (0.7 * np.array(drawing.GREEN) + 0.3 * GREY)).max(axis=-1) <= 2).mean() > 0.1
    hands.watch(1.8)
    assert hands.program.message.text == "set1/bkg.png saved"
    hands.watch(0.3)
    assert hands.program.message.text == ""
    assert (hands.program.shown()[-30:, :150] == GREY).all()


def test_a_full_disk_is_told_in_red_and_the_program_goes_on(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.key("b")
    hands.watch(5.2)

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", full)
        hands.key("s")
        hands.watch(2.2)
    told = "cannot be written to: No space left on device; make room and try again"
    assert told in hands.program.message.text
    assert told in hands.said[-1]
    red = np.abs(hands.program.shown()[-60:].astype(int) - (0.7 * np.array(drawing.RED) + 0.3 * GREY)).max(-1) <= 2
    assert red.mean() > 0.1
    assert not hands.program.done
    hands.key("s")
    hands.watch(2.2)
    assert hands.files() == ["set1/0.png", "set1/bkg.png"]


def test_a_camera_that_changes_its_size_is_told(hands: Hands) -> None:
    hands.key("b")
    hands.watch(5.2)
    hands.key("s")
    hands.watch(1.0)
    hands.now += 2
    hands.program.on_frame(shot(1, 480, 640))
    assert "another size" in hands.program.message.text
    assert hands.program.shown().shape == (480, 640, 3)
    assert hands.files() == ["set1/bkg.png"]


def test_without_palms_the_window_says_so(tmp_path: Path) -> None:
    hands = Hands(tmp_path, watch=None, hint=NO_PALMS)
    hands.watch(0.5)
    assert not np.array_equal(hands.program.shown()[:30, :200], np.full((30, 200, 3), GREY))
    bare = Hands(tmp_path, watch=None)
    bare.watch(0.5)
    assert (bare.program.shown()[:30, :200] == GREY).all()


def test_a_detector_that_fails_is_told_and_the_keys_work(tmp_path: Path) -> None:
    def broken(frame: np.ndarray) -> list[Palm]:
        raise RuntimeError("no memory")

    hands = Hands(tmp_path, watch=PalmWatch(broken))
    hands.watch(0.5)
    assert hands.program.hint == "no palms any more: no memory"
    hands.key("b")
    hands.watch(5.2)
    assert hands.files() == ["set1/bkg.png"]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (1, 2000), (2000, 1), (100, 40)])
def test_pictures_of_any_size_are_shown_and_saved(tmp_path: Path, height: int, width: int) -> None:
    hands = Hands(tmp_path, background_seconds=0, hint=NO_PALMS)
    frame = np.full((height, width, 3), GREY, np.uint8)
    hands.palms = [(0.5, 0.5)]
    hands.program.on_frame(frame)
    hands.key("b")
    hands.key("h")
    assert hands.program.shown().shape == frame.shape
    hands.program.on_frame(frame)
    assert hands.program.shown().shape == frame.shape
    assert np.array_equal(read_color(tmp_path / "set1" / "bkg.png"), frame)


@pytest.mark.parametrize(("height", "width"), [(240, 320), (480, 640), (720, 1280), (1080, 1920), (960, 720)])
def test_nothing_that_is_drawn_covers_anything_else(tmp_path: Path, height: int, width: int) -> None:
    """Drawn one by one on white, no two parts have a pixel in common; the band alone lies behind the buttons."""
    white = np.full((height, width, 3), 255, np.uint8)

    drawn = {}
    for name in ("hint", "buttons", "note", "numbers"):
        picture = white.copy()
        program = Hands(tmp_path, hint=NO_PALMS).program
        program.sets.folder = tmp_path / "set12"
        if name == "note":
            program.message.error(
                "not saved: captured/set12 cannot be written to: No space left on device; make room and try"
            )
            program.message.draw(picture)
        elif name == "buttons":
            for button in BUTTONS:
                button.draw(picture, counting=False)
        elif name == "numbers":
            program.draw_numbers(picture)
        else:
            program.draw_hint(picture)
        drawn[name] = (picture != 255).any(axis=-1)
        assert drawn[name].any()
    for one in drawn:
        for other in drawn:
            assert one == other or not (drawn[one] & drawn[other]).any(), f"{one} and {other}"


@pytest.mark.parametrize(("height", "width"), [(240, 320), (480, 640), (720, 1280), (960, 720)])
def test_the_words_of_the_banner_lie_between_the_buttons(height: int, width: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    lines = ["Taking the background: waiting for the camera", "Saving image in 2 secs"]
    drawing.banner(picture, lines, round(0.4 * height), round(0.54 * width))
    columns = np.flatnonzero((picture > 100).any(axis=(0, 2)))
    left, right = BACKGROUND.place(picture)[0] + radius(picture), SAVE.place(picture)[0] - radius(picture)
    assert left < columns.min()
    assert columns.max() < right
    rows = np.flatnonzero((picture > 0).any(axis=(1, 2)))
    assert (rows.min() + rows.max()) / 2 == pytest.approx(0.4 * height, abs=2)


@pytest.mark.parametrize("width", [20, 60, 150, 1000])
def test_long_messages_are_broken_to_the_width_and_lose_nothing(width: int) -> None:
    text = "not saved: /a/very/long/path/of/somebody/captured/set12 cannot be written to: make room and try again"
    lines = drawing.wrapped(text, 11, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(width_of(line, 11) for line in lines) <= width
    if width == 1000:
        assert lines == (text,)


def test_words_are_broken_only_where_they_must_be() -> None:
    assert drawing.wrapped("one two three", 11, width_of("one two", 11)) == ("one two", "three")
    assert drawing.wrapped("", 11, 50) == ("",)
