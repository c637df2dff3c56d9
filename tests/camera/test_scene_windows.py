"""`cleanplate live` and `cleanplate mirror` in real windows, with a real mouse and keys and a camera of the test's."""

import re
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from tests.apps.clips import decoded
from tests.camera.room import Camera, acted, cast, wall
from tests.camera.screen import Screen, ends, program, until, virtual_screen

from cleanplate.camera.live.options import ADAPT, DEFAULT_MODEL, LiveOptions, MirrorOptions
from cleanplate.camera.live.program import GREEN_SCREEN
from cleanplate.cli import main
from cleanplate.data.io.images import read_color
from cleanplate.report.colours import TINT

X = 90  # the column of whoever is there, of 320
SOON = ("--seconds", 0.3, "--learn-seconds", 0.5)


@pytest.fixture(scope="module")
def screen():
    with virtual_screen() as made:
        yield made


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path / "camera")


def within(x: int) -> np.ndarray:
    """Places well within whoever is at column `x`."""
    return cv2.erode(cast(x), np.ones((13, 13), np.uint8)) > 0


def alike(picture: np.ndarray, wanted: np.ndarray, where: np.ndarray, by: int = 10) -> bool:
    """Whether nearly all of a place has nearly these colours; frames differ by their noise."""
    if picture.shape != wanted.shape:
        return False
    return bool((np.abs(picture.astype(int) - wanted).max(axis=2)[where] <= by).mean() > 0.9)


def tinted(picture: np.ndarray, x: int = X) -> bool:
    return alike(picture, (acted(x).astype(int) + np.asarray(TINT)) // 2, within(x))


def is_there(picture: np.ndarray, x: int) -> bool:
    return alike(picture, acted(x), within(x))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_live_tints_shows_the_clean_plate_keeps_records_and_quits(
    screen: Screen, camera: Camera, tmp_path: Path
) -> None:
    out = tmp_path / "kept"
    with program(screen, "live", camera.folder, "-m", "median", *SOON, "-o", out) as process:
        window = screen.window("cleanplate live")
        # A window beside opens when the first frame was looked at.
        background = screen.window("cleanplate live: background")
        camera.shows(lambda seed: acted(X, seed))
        picture = window.shows(tinted)
        assert picture.shape == wall().shape
        empty_places = cv2.dilate(cast(X), np.ones((31, 31), np.uint8)) == 0
        empty_places[:30], empty_places[200:] = False, False  # plates
        assert alike(picture, wall(), empty_places)
        plate = background.picture()
        assert np.abs(plate.astype(int) - wall()).mean() < 3
        window.key("m")
        window.shows(lambda seen: bool((seen[within(X)] == 255).all()) and not seen[100:150, 200:250].any())
        window.key("m")
        window.shows(lambda seen: is_there(seen, X) and tuple(seen[120, 250]) == GREEN_SCREEN)
        window.key("g")
        until(lambda: None if screen.has("cleanplate live: background") else True, "background still there")
        window.key("s")
        until(lambda: "snapshot-001-overlay.png" in files(out) or None, "no snapshot")
        window.key("r")
        window.shows(lambda seen: seen[10, -10, 2] > seen[10, -10, 1] + 60)  # a red plate
        camera.shows(lambda seed: acted(200, seed))
        window.shows(lambda seen: is_there(seen, 200))
        window.key("r")
        until(lambda: "recording-001.mp4" in files(out) or None, "no recording")
        window.key("q")
        code, _, errors = ends(process)
    assert code == 0, errors
    assert "Traceback" not in errors
    assert tinted(read_color(out / "snapshot-001-overlay.png"))
    assert np.abs(read_color(out / "snapshot-001-background.png").astype(int) - wall()).mean() < 3
    last = decoded(out / "recording-001.mp4")[-1]
    assert alike(last, acted(200), within(200), by=40)


def test_live_starts_at_once_with_what_learns_online(screen: Screen, camera: Camera) -> None:
    with program(screen, "live", camera.folder, "-m", "mog2", "--seconds", 3000) as process:
        window = screen.window("cleanplate live")
        screen.window("cleanplate live: background").shows(
            lambda seen: seen.shape == wall().shape and np.abs(seen.astype(int) - wall()).mean() < 3
        )
        window.key("f")  # or it would learn whoever comes
        window.shows(lambda seen: bool((seen[4:16, 90:130].max(axis=2) > 230).any()))
        camera.shows(lambda seed: acted(X, seed))
        window.shows(tinted)
        window.key("esc")
        assert ends(process)[0] == 0


def test_live_quits_in_the_midst_of_a_training(screen: Screen, camera: Camera) -> None:
    options = ("--set", "steps=1000000", "--set", "epoch_steps=1000000", "--set", "batch_size=4")
    with program(screen, "live", camera.folder, "-m", "ae", *options, *SOON) as process:
        window = screen.window("cleanplate live")
        # "ae is learning …" on a dark band, and the camera goes on below it.
        camera.shows(lambda seed: acted(X, seed))
        window.shows(lambda seen: is_there(seen, X) or alike(seen, acted(X), within(X) & _below(115)))
        window.key("h")
        window.shows(lambda seen: bool(seen[120, 160].max() < 60))
        window.key("q")
        code, _, errors = ends(process)
    assert code == 0, errors
    assert "Traceback" not in errors


def _below(row: int) -> np.ndarray:
    return np.arange(wall().shape[0])[:, None] > row


def test_live_learns_again_what_has_changed_and_its_film_is_whole_after_ctrl_c(
    screen: Screen, camera: Camera, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    with program(screen, "live", camera.folder, "-m", "median", *SOON, "--adapt", 0, "-o", film) as process:
        window = screen.window("cleanplate live")
        background = screen.window("cleanplate live: background")
        camera.shows(lambda seed: acted(X, seed))
        window.shows(tinted)
        window.key("l")  # whoever is there becomes part of the scene
        background.shows(lambda seen: is_there(seen, X))
        camera.shows(lambda seed: acted(200, seed))
        window.shows(lambda seen: tinted(seen, 200))
        process.send_signal(signal.SIGINT)
        assert ends(process)[0] == 130
    assert files(tmp_path) == ["camera", "film.mp4"]
    pictures = decoded(film)
    assert alike(pictures[0], wall(), within(X), by=40)
    assert any(alike(picture, acted(X), within(X), by=40) for picture in pictures)
    assert alike(pictures[-1], (acted(200).astype(int) + np.asarray(TINT)) // 2, within(200), by=40)


def test_mirror_shows_the_person_twice_and_once_again_and_records_it(
    screen: Screen, camera: Camera, tmp_path: Path
) -> None:
    here, there = 319 - X, X  # the picture is mirrored, and the double mirrors it back
    out = tmp_path / "kept"
    with program(screen, "mirror", camera.folder, *SOON, "-o", out) as process:
        window = screen.window("cleanplate mirror")
        window.shows(lambda seen: seen.shape == wall().shape)
        window.shows(lambda seen: bool(seen[75:80, :20].max() < 90))  # the band that says what to do
        window.click(20, 200)
        # When it has learnt, another band asks the person to come back.
        window.shows(lambda seen: bool(seen[200:206, :20].max() < 90))
        camera.shows(lambda seed: acted(X, seed))
        flipped = np.ascontiguousarray(acted(X)[:, ::-1])
        upper = np.arange(wall().shape[0])[:, None] < 185

        def person(seen: np.ndarray) -> bool:
            return alike(seen, flipped, within(X)[:, ::-1] & upper)

        def double(seen: np.ndarray) -> bool:
            return alike(seen, acted(there), within(there) & upper)

        once = window.shows(person)
        assert not double(once)
        window.click(300, 20)
        twice = window.shows(lambda seen: person(seen) and double(seen))
        between = np.zeros(wall().shape[:2], bool)
        between[60:180, there + 40 : here - 40] = True
        assert alike(twice, np.ascontiguousarray(wall()[:, ::-1]), between)
        window.key("r")
        window.shows(lambda seen: seen[10, -10, 2] > seen[10, -10, 1] + 60)
        window.key("r")
        until(lambda: "recording-001.mp4" in files(out) or None, "no recording")
        window.key("space")
        window.shows(lambda seen: person(seen) and not double(seen))
        window.key("q")
        code, _, errors = ends(process)
    assert code == 0, errors
    film = decoded(out / "recording-001.mp4")
    assert alike(film[-1], acted(there), within(there) & upper, by=40)
    assert alike(film[-1], flipped, within(X)[:, ::-1] & upper, by=40)


# The command line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["live", "missing.mp4"], "missing.mp4: no such file or folder"),
        (["live", "."], "no pictures in it"),
        (["live", "-"], "cannot look at standard input"),
        (["live", "room", "-m", "nonsense"], "no model of that name and no such file"),
        (["live", "room", "-m", "median", "--set", "frames"], "must be key=value"),
        (["live", "room", "-m", "median", "--background", "none.png"], "none.png"),
        (["live", "room", "-m", "median", "-o", "file"], "-o file"),
        (["mirror", "room", "-m", "median", "-o", "file/x"], "-o file/x"),
        (["mirror", "room", "-m", "median", "-o", "there.mp4"], "is not written over"),
        (["mirror", "room", "-m", "median"], "there is no display"),
        (["live", "room", "-m", "median"], "there is no display"),
    ],
)
def test_what_a_user_can_mend_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    Camera(tmp_path / "room")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "there.mp4").write_text("mine")
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert files(tmp_path) == ["file", "room", "there.mp4"]


def test_help_and_program_agree_on_the_defaults() -> None:
    for name, asked in (("live", LiveOptions()), ("mirror", MirrorOptions())):
        given = {option.name: option.default for option in main.commands[name].params}
        assert given["model"] == asked.model == DEFAULT_MODEL
        assert given["out"] == asked.out
        assert given["retries"] == asked.retries
        assert given["seconds"] == asked.timing.countdown
        assert given["learn_seconds"] == asked.timing.seconds
    assert main.commands["live"].params
    assert next(option.default for option in main.commands["live"].params if option.name == "adapt") == ADAPT


@pytest.mark.parametrize("name", ["live", "mirror"])
def test_help_names_every_key(name: str) -> None:
    from cleanplate.camera.live.mirror import Mirror
    from cleanplate.camera.live.program import Live

    text = CliRunner().invoke(main, [name, "--help"]).output
    for key in {"live": Live, "mirror": Mirror}[name].keys:
        assert re.search(rf"^\s+{key}  |Click", text, re.MULTILINE), key
