"""`cleanplate annotate` in a real window, with a real mouse and real keys; and what its models propose."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from tests.camera.labelled_shots import HEIGHT, INNER, SQUARE, WIDTH, captured, filled, mask_of, move, press
from tests.camera.labelled_shots import program as without_window
from tests.camera.screen import WAIT, Handle, ends, program, until, virtual_screen

from cleanplate.camera.annotate.images import LabelledImage, find_images
from cleanplate.camera.annotate.painting import FOREGROUND, PROPOSED
from cleanplate.camera.annotate.proposals import Proposals
from cleanplate.camera.annotate.view import View
from cleanplate.cli import main
from cleanplate.data.datasets.labels.polygons import draw_mask, outlines_of, proposed_outlines
from cleanplate.data.io.images import read_color, read_gray, write_image
from cleanplate.errors import CleanplateError
from cleanplate.scenes import SceneSpec, render

TITLE = "cleanplate annotate"
AREA = (1280, 720)  # of pictures of 160×90
STRIP = 56


@pytest.fixture(scope="module")
def screen():
    with virtual_screen() as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return captured(tmp_path)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A set of a generated scene, and what of its one picture is foreground."""
    place = tmp_path_factory.mktemp("generated") / "set1"
    frames = list(render(SceneSpec("baseline", "corner", height=240, width=320, frames=30)))
    fullest = max(frames, key=lambda frame: int((frame.groundtruth == 255).sum()))
    write_image(place / "bkg.png", frames[0].background)
    write_image(place / "0.png", fullest.image)
    return place, fullest.groundtruth


def at(pixel: tuple[int, int], view: View | None = None) -> tuple[int, int]:
    """Where a pixel of a picture is in a window of its own size."""
    x, y = (view or View.whole((WIDTH, HEIGHT), AREA)).centre_of(pixel)
    return round(x), round(y)


def like(seen: np.ndarray, colour: tuple[int, int, int]) -> int:
    """How many pixels of the picture's part are of a colour."""
    return int((np.abs(seen[:-STRIP].astype(int) - colour).max(axis=2) <= 2).sum())


def first_line(seen: np.ndarray) -> np.ndarray:
    return seen[-STRIP : -STRIP // 2]


def opened(screen) -> Handle:
    window = screen.window(TITLE)
    window.shows(lambda seen: seen.shape == (AREA[1] + STRIP, AREA[0], 3) and seen[300, 640].any())
    return window


def drawn_with(window: Handle, corners, view: View | None = None) -> None:
    """Clicks around, and waits until each corner is seen."""
    for corner in corners:
        x, y = at(corner, view)
        window.click(x, y)
        window.shows(
            lambda seen, x=x, y=y: like(seen[max(0, y - 3) : y + 4, x - 3 : x + 4].repeat(30, 0), (255, 255, 255)) > 9
        )


def written(path: Path) -> None:
    until(lambda: path.is_file() or None, f"no {path.name}")


def test_clicks_draw_an_outline_and_a_right_click_saves_it(screen, place: Path) -> None:
    with program(screen, "annotate", place.parent, "-m", "none", "--json", "both") as process:
        window = opened(screen)
        before = window.picture()
        drawn_with(window, SQUARE)
        x, y = at(SQUARE[0])
        window.click(x + 6, y - 6)
        window.shows(lambda seen: like(seen, FOREGROUND) > 1000)
        x, y = at((100, 60))
        tint = window.picture()[y, x].astype(float)
        np.testing.assert_allclose(tint, 0.55 * before[y, x] + 0.45 * np.array((255, 140, 30)), atol=2)
        window.click(x, y, "right")
        written(place / "0_mask.png")
        np.testing.assert_array_equal(mask_of(place), filled(SQUARE))
        window.shows(lambda seen: like(seen, FOREGROUND) == 0)
        window.click(x, y, "right")  # nobody there
        written(place / "1_mask.png")
        assert not mask_of(place, "1").any()
        window.key("q")
        code, _, told = ends(process)
        assert code == 0
        assert "2 of 3 pictures are labelled, 2 of them now" in told
    assert len(json.loads((place / "annotations.json").read_text())["images"]) == 2
    with program(screen, "annotate", place, "-m", "none") as process:  # goes on at the third, and back to the first
        window = opened(screen)
        window.shows(lambda seen: like(seen, FOREGROUND) == 0)
        window.key("p")
        window.shows(lambda seen: (first_line(seen)[:, 100:500] == FOREGROUND).all(axis=2).any())
        window.key("p")
        window.shows(lambda seen: like(seen, FOREGROUND) > 1000)
        window.key("q")
        assert ends(process)[0] == 0
    assert not (place / "2_mask.png").exists()


def test_a_key_zooms_about_the_mouse_and_corners_are_set_in_between(screen, place: Path) -> None:
    picture = read_color(place / "0.png")
    whole = View.whole((WIDTH, HEIGHT), AREA)
    mouse = at((75, 45))
    view = whole
    with program(screen, "annotate", place, "-m", "none") as process:
        window = opened(screen)
        for _ in range(2):
            before = window.picture()
            window.move(*mouse)
            window.key("+")
            view = view.zoomed(1.25, mouse[0] + 0.5, mouse[1] + 0.5)
            window.shows(lambda seen, before=before: (seen[:-STRIP] != before[:-STRIP]).mean() > 0.5)
        corners = tuple((x, y) for x, y in INNER)
        seen = window.picture()
        assert seen.shape == (AREA[1] + STRIP, AREA[0], 3)
        assert (first_line(seen)[5:20, 10:200] > 200).any()
        for corner in [*corners, (75, 45)]:
            x, y = at(corner, view)
            np.testing.assert_allclose(seen[y, x].astype(int), picture[corner[1], corner[0]], atol=2)
        drawn_with(window, corners, view)
        window.key("enter")
        window.shows(lambda seen: like(seen, FOREGROUND) > 1000)
        window.key("0")
        window.shows(lambda seen: like(seen[: at((0, 30))[1]], FOREGROUND) == 0)
        window.key("n")
        written(place / "0_mask.png")
        np.testing.assert_array_equal(mask_of(place), filled(corners))
        window.key("q")
        assert ends(process)[0] == 0


def test_in_a_window_of_another_size_places_are_right_too(screen, place: Path) -> None:
    with program(screen, "annotate", place, "-m", "none", "--json", "none") as process:
        window = opened(screen)
        window.resize(AREA[0] // 2, (AREA[1] + STRIP) // 2)
        window.shows(lambda seen: seen.shape[:2] == ((AREA[1] + STRIP) // 2, AREA[0] // 2) and seen[150, 320].any())
        for corner in SQUARE:
            x, y = at(corner)
            window.click(x // 2, y // 2)
            window.shows(lambda seen, x=x, y=y: (seen[y // 2 - 1 : y // 2 + 2, x // 2 - 1 : x // 2 + 2] > 240).any())
        window.key("enter")
        window.shows(lambda seen: ((seen[..., 1] > 190) & (seen[..., 0] < 120) & (seen[..., 2] < 160)).sum() > 100)
        window.key("q")
        assert ends(process)[0] == 0
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))
    assert not (place / "0.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_finds_everything_saved(screen, place: Path, number: int) -> None:
    with program(screen, "annotate", place, "-m", "none") as process:
        window = opened(screen)
        drawn_with(window, SQUARE)
        process.send_signal(number)
        code, _, told = ends(process)
        assert code == 128 + number
        assert "Traceback" not in told
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))


def test_who_closes_the_window_finds_everything_saved(screen, place: Path) -> None:
    from Xlib.protocol.event import ClientMessage

    with program(screen, "annotate", place, "-m", "none") as process:
        window = opened(screen)
        drawn_with(window, SQUARE)
        display, handle = window._display, window._window
        protocols, delete = (display.intern_atom(name) for name in ("WM_PROTOCOLS", "WM_DELETE_WINDOW"))
        handle.send_event(ClientMessage(window=handle, client_type=protocols, data=(32, [delete, 0, 0, 0, 0])))
        display.sync()
        assert ends(process)[0] == 0
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))


def test_what_a_model_proposes_is_taken_by_a_key(screen, generated) -> None:
    place, truth = generated
    with program(screen, "annotate", place) as process:
        window = screen.window(TITLE)
        window.shows(lambda seen: like(seen, PROPOSED) > 200)
        assert not (place / "0_mask.png").exists()
        window.key("a")
        window.shows(lambda seen: like(seen, PROPOSED) == 0 and like(seen, FOREGROUND) > 500)
        window.click(300, 300, "right")
        written(place / "0_mask.png")
        window.key("q")
        assert ends(process)[0] == 0
    mask, known = mask_of(place) > 0, ~np.isin(truth, (85, 170))
    moving = truth == 255
    overlap = (mask & moving & known).sum() / ((mask | moving) & known).sum()
    assert overlap > 0.8, overlap


@pytest.mark.parametrize("model", ["median", "mog2", "plate"])
def test_other_models_propose_as_well(generated, model: str) -> None:
    place, truth = generated
    shots = find_images(place)
    mask = Proposals(model, shots)(shots[0], read_color(shots[0].path)) > 0
    known, moving = ~np.isin(truth, (85, 170)), truth == 255
    assert (mask & moving & known).sum() / (moving & known).sum() > 0.5


def test_without_a_clean_plate_a_model_learns_from_the_pictures(tmp_path: Path) -> None:
    place = captured(tmp_path, 25)
    (place / "bkg.png").unlink()
    shots = find_images(place)
    mask = Proposals("median", shots)(shots[20], read_color(shots[20].path))
    assert mask[31:41, 42:50].all()
    assert (mask > 0).mean() < 0.05
    with pytest.raises(CleanplateError, match="-m MODEL"):
        Proposals("", shots)(shots[0], read_color(shots[0].path))


@pytest.mark.parametrize(
    ("model", "told"), [("nonsense", "no model of that name"), ("aae", "must be trained"), ("pairnet", "pairnet")]
)
def test_a_model_that_cannot_propose_says_why(place: Path, model: str, told: str) -> None:
    shots = find_images(place)
    with pytest.raises(CleanplateError, match=told):
        Proposals(model, shots)(shots[0], read_color(shots[0].path))


def test_a_picture_of_another_size_than_the_plate_is_told(place: Path) -> None:
    write_image(place / "7.png", np.zeros((20, 20, 3), np.uint8))
    shot = LabelledImage(place / "7.png", place / "bkg.png")
    with pytest.raises(CleanplateError, match="learnt 160×90 frames, this one is 20×20"):
        Proposals("median", [shot])(shot, read_color(shot.path))


def test_a_trained_checkpoint_proposes(tmp_path: Path, place: Path) -> None:
    from cleanplate.models import create
    from in_memory import in_memory

    frames = [read_color(place / f"{index}.png") for index in range(3)]
    create("median").fit(in_memory([*frames, read_color(place / "bkg.png")])).save(tmp_path / "it.ckpt")
    shots = find_images(place)
    assert Proposals(str(tmp_path / "it.ckpt"), shots)(shots[0], frames[0]).shape == (HEIGHT, WIDTH)


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["annotate", *map(str, arguments)])
    assert result.exit_code == 2, result.output
    assert len(result.output.strip().splitlines()) == 1 or "Usage" in result.output
    return result.output


def test_what_cannot_be_labelled_is_one_line(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no such folder" in refused(tmp_path / "nowhere")
    assert "no such folder" in refused(place / "0.png")
    assert "sets there: set1" in refused(tmp_path, "--set", 3)
    assert "hole" in refused(place, "--label", "Hole in one")
    assert "json" in refused(place, "--json", "xml")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "no display" in refused(place)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert "masks cannot be written" in refused(place)


def test_a_disk_that_takes_nothing_is_told_in_the_window(place: Path) -> None:
    """The kernel itself refuses, in a process that may write no file longer than a few bytes."""
    code = f"""
import resource, signal, sys
from pathlib import Path
sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]!r}
from tests.camera.labelled_shots import SQUARE, click, press, program
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
running = program(Path({str(place)!r}))
click(running, *SQUARE)
press(running, "n")
print(running.error, "|", running.session.unsaved)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=WAIT, check=True)
    assert done.stdout.strip() == "set1/0.png: not saved: File too large; make room, then go on | 1"
    assert sorted(path.name for path in place.iterdir()) == ["0.png", "1.png", "2.png", "bkg.png"]


def test_lines_below_the_picture_have_room_in_narrow_windows(tmp_path: Path) -> None:
    name = "a very long name of a picture that somebody gave it " * 3
    write_image(tmp_path / f"{name}.png", np.full((600, 20, 3), 80, np.uint8))
    running = without_window(tmp_path)
    move(running, (3, 3))
    press(running, "h")
    shown = running.shown()
    assert shown.shape[1] == 640
    assert cv2.countNonZero(cv2.inRange(shown[-STRIP:], (180, 180, 180), (255, 255, 255))) > 100


@pytest.mark.realdata
def test_proposals_on_real_sets_are_worth_correcting() -> None:
    root = os.environ.get("CLEANPLATE_DATA")
    if not root or not (Path(root) / "human-plate").is_dir():
        pytest.skip("CLEANPLATE_DATA is not set, or holds no human-plate: no real set to propose for")
    shots = [shot for shot in find_images(Path(root) / "human-plate", 1) if shot.mask.is_file()]
    proposals, overlaps = Proposals("", shots), []
    for shot in shots:
        truth = read_gray(shot.mask)
        assert np.array_equal(draw_mask(outlines_of(truth), *truth.shape), truth)
        found = draw_mask(proposed_outlines(proposals(shot, read_color(shot.path))), *truth.shape)
        if truth.any():
            overlaps.append(np.count_nonzero(found & truth) / np.count_nonzero(found | truth))
    assert len(overlaps) >= 4
    assert np.mean(overlaps) > 0.8, overlaps
