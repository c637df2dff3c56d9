"""`capture` in a real window, by a real mouse and real keys, before a recorded camera."""

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.camera import drawn_hand
from tests.camera.screen import Handle, Screen, ends, program, until, virtual_screen

from cleanplate.camera.capture.buttons import BACKGROUND, EXIT, SAVE, RoundButton
from cleanplate.camera.capture.palm_detector import PalmDetector
from cleanplate.data.io.images import read_color, write_image
from cleanplate.report import drawing
from cleanplate.scenes import SceneSpec, render

HEIGHT, WIDTH = 240, 320
TITLE = "cleanplate capture"


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with virtual_screen() as made:
        yield made


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded camera: a few pictures of a street, played again and again."""
    folder = tmp_path_factory.mktemp("camera")
    for number, frame in enumerate(render(SceneSpec("baseline", "street", HEIGHT, WIDTH, frames=5, seed=4))):
        write_image(folder / f"{number}.png", frame.image)
    return folder


def mirrored(camera: Path) -> list[np.ndarray]:
    return [np.ascontiguousarray(read_color(path)[:, ::-1]) for path in sorted(camera.iterdir())]


def one_of(picture: np.ndarray, frames: list[np.ndarray]) -> bool:
    return any(np.array_equal(picture, frame) for frame in frames)


def has(picture: np.ndarray, place: tuple[slice, slice], share: float, colour: drawing.Colour, frames: list) -> bool:
    """Whether a part of a window is of one colour, through which a camera's picture shines."""
    if picture.shape != (HEIGHT, WIDTH, 3):  # just opened, and not of its size yet
        return False
    wanted = share * np.array(colour)
    return any(np.abs(picture[place] - wanted - (1 - share) * frame[place]).max() <= 2 for frame in frames)


def mixed(picture: np.ndarray, button: RoundButton, frames: list[np.ndarray], colour: drawing.Colour) -> bool:
    """Whether a button is of that colour, looked at below its word."""
    x, y = button.place(np.zeros((HEIGHT, WIDTH)))
    return has(picture, (slice(y + 13, y + 15), slice(x - 2, x + 3)), 0.6, colour, frames)


def has_banner(picture: np.ndarray, frames: list[np.ndarray]) -> bool:
    """Whether the dark band lies over the left edge, at 40 % of the height."""
    return has(picture, (slice(93, 99), slice(2, 20)), 0.75, drawing.DARK, frames)


FPS = (slice(180, 190), slice(17, 19))  # on the plate, before its text
NOTE = (slice(218, 234), slice(16, 19))
HINT = (slice(0, 2), slice(0, 150))


def click(window: Handle, button: RoundButton, dx: int = 0) -> None:
    x, y = button.place(np.zeros((HEIGHT, WIDTH)))
    window.click(x + dx, y)


def appears(path: Path) -> Path:
    """Waits for a file."""
    return until(lambda: path if path.exists() else None, f"no {path.name}")


def test_a_session_by_mouse_and_keys(screen: Screen, camera: Path, tmp_path: Path) -> None:
    frames, out = mirrored(camera), tmp_path / "captured"
    write_image(out / "set3" / "bkg.png", frames[0])
    before = (out / "set3" / "bkg.png").read_bytes()
    with program(screen, "capture", camera, "-o", out, "-b", 3, "-s", 2, "--no-palms") as process:
        window = screen.window(TITLE)
        quiet = window.shows(lambda seen: mixed(seen, EXIT, frames, drawing.RED))
        assert quiet.shape == (HEIGHT, WIDTH, 3)
        assert mixed(quiet, BACKGROUND, frames, drawing.BLUE)
        assert mixed(quiet, SAVE, frames, drawing.BLUE)
        assert not has_banner(quiet, frames)
        # What lies between all that is drawn is the camera's picture, mirrored.
        assert one_of(quiet[130:170], [frame[130:170] for frame in frames])
        assert has(quiet, FPS, 0.7, drawing.MAGENTA, frames)
        window.key("s")  # too early
        window.shows(lambda seen: has(seen, NOTE, 0.7, drawing.RED, frames))
        click(window, BACKGROUND, 25)  # beside it
        click(window, BACKGROUND)
        window.shows(lambda seen: mixed(seen, BACKGROUND, frames, drawing.GREEN) and has_banner(seen, frames))
        appears(out / "set4" / "bkg.png")
        window.shows(lambda seen: has(seen, NOTE, 0.7, drawing.GREEN, frames))
        window.shows(lambda seen: mixed(seen, BACKGROUND, frames, drawing.BLUE) and not has_banner(seen, frames))
        click(window, SAVE, 10)
        window.shows(lambda seen: mixed(seen, SAVE, frames, drawing.GREEN) and has_banner(seen, frames))
        appears(out / "set4" / "0.png")
        window.key("s")
        appears(out / "set4" / "1.png")
        window.key("q")
        code, _, told = ends(process)
    assert code == 0, told
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*")) == [
        "set3/bkg.png", "set4/0.png", "set4/1.png", "set4/bkg.png",
    ]  # fmt: skip
    assert (out / "set3" / "bkg.png").read_bytes() == before
    for name in ("set4/bkg.png", "set4/0.png", "set4/1.png"):
        assert one_of(read_color(out / name), frames)
    assert f"{out}/set4/0.png saved" in told
    assert "1 new set with 2 pictures" in told


def test_both_countdowns_run_at_once(screen: Screen, camera: Path, tmp_path: Path) -> None:
    frames = mirrored(camera)
    with program(screen, "capture", camera, "-o", tmp_path, "-b", 90, "-s", 80, "--no-palms") as process:
        window = screen.window(TITLE)
        window.shows(lambda seen: mixed(seen, EXIT, frames, drawing.RED))
        window.key("b")
        window.shows(lambda seen: mixed(seen, BACKGROUND, frames, drawing.GREEN))
        click(window, SAVE)
        two = (slice(82, 110), slice(2, 20))  # as high as two lines
        window.shows(lambda seen: has(seen, two, 0.75, drawing.DARK, frames))
        assert mixed(window.picture(), SAVE, frames, drawing.GREEN)
        assert mixed(window.picture(), BACKGROUND, frames, drawing.GREEN)
        window.key("esc")
        assert ends(process)[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_a_click_on_ext_ends_it_and_nothing_is_left(screen: Screen, camera: Path, tmp_path: Path) -> None:
    out = tmp_path / "captured"
    with program(screen, "capture", camera, "-o", out, "--no-palms", "--no-mirror") as process:
        window = screen.window(TITLE)
        frames = [frame[:, ::-1] for frame in mirrored(camera)]
        window.shows(lambda seen: one_of(seen[130:170], [frame[130:170] for frame in frames]))
        click(window, EXIT)
        assert ends(process)[0] == 0
    assert not out.exists()


def test_ctrl_c_ends_it_with_130_and_what_was_saved_stays(screen: Screen, camera: Path, tmp_path: Path) -> None:
    with program(screen, "capture", camera, "-o", tmp_path, "-b", 0, "-s", 100, "--no-palms") as process:
        window = screen.window(TITLE)
        window.shows(lambda seen: mixed(seen, EXIT, mirrored(camera), drawing.RED))
        window.key("b")
        appears(tmp_path / "set1" / "bkg.png")
        window.key("s")
        process.send_signal(signal.SIGINT)
        assert ends(process)[0] == 130
    assert one_of(read_color(tmp_path / "set1" / "bkg.png"), mirrored(camera))


def test_without_the_palms_weights_the_window_and_the_terminal_say_so(
    screen: Screen, camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEANPLATE_HOME", str(tmp_path))
    with program(screen, "capture", camera, "-o", tmp_path / "captured") as process:
        window = screen.window(TITLE)
        frames = mirrored(camera)
        window.shows(lambda seen: has(seen, HINT, 0.7, drawing.DARK, frames))
        window.key("q")
        code, _, told = ends(process)
    assert code == 0
    assert "cleanplate download palm; mouse and keys work" in told


def test_a_hand_held_over_a_button_presses_it(screen: Screen, tmp_path: Path) -> None:
    if unmet := PalmDetector.unmet():
        pytest.skip(unmet)
    scene = next(render(SceneSpec("baseline", "hall", 480, 640, frames=2, seed=2))).background
    x, y = BACKGROUND.place(scene)
    for number in range(60):
        # Mirrored, as one sees oneself: the hand comes to the button at the left, rests there, and goes.
        away = 0 if 10 <= number < 40 else 200
        shown = drawn_hand.draw(scene, (x + away, y + away // 2), 80) if number < 50 else scene
        write_image(tmp_path / "camera" / f"{number:02d}.png", np.ascontiguousarray(shown[:, ::-1]))
    with program(screen, "capture", tmp_path / "camera", "-o", tmp_path / "captured", "-b", 0.5) as process:
        window = screen.window(TITLE)
        window.shows(lambda seen: is_red_at(seen, x, y))
        appears(tmp_path / "captured" / "set1" / "bkg.png")
        window.key("q")
        assert ends(process)[0] == 0
    saved = read_color(tmp_path / "captured" / "set1" / "bkg.png")
    assert one_of(saved, mirrored(tmp_path / "camera"))


def is_red_at(picture: np.ndarray, x: int, y: int) -> bool:
    """Whether the circle that marks a palm lies about there."""
    part = picture[y - 12 : y + 12, x - 12 : x + 12].reshape(-1, 3)
    return int((part == drawing.RED).all(axis=1).sum()) > 60


@pytest.mark.parametrize(
    ("source", "out", "words"),
    [
        ("missing.mp4", "captured", "missing.mp4"),
        ("-", "captured", "standard input"),
        ("camera", "file/captured", "file: Not a directory; give another folder with --out"),
    ],
)
def test_what_cannot_work_is_one_line_and_exit_code_2(
    screen: Screen, camera: Path, tmp_path: Path, source: str, out: str, words: str
) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "camera").symlink_to(camera)
    with program(screen, "capture", source, "-o", out, "--no-palms", cwd=tmp_path) as process:
        code, said, told = ends(process)
    assert (code, said) == (2, "")
    assert told.startswith("error: ")
    assert words in told
    assert told.count("\n") == 1
    assert not (tmp_path / "captured").exists()


def test_without_a_display_it_says_so(camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from cleanplate.cli import main

    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    result = CliRunner().invoke(main, ["capture", str(camera), "-o", str(tmp_path / "captured"), "--no-palms"])
    assert result.exit_code == 2
    assert result.output.startswith("error: cleanplate capture: there is no display")
    assert not (tmp_path / "captured").exists()
