"""The labelling program without a window: what keys and mouse do, what is saved when, and what is never lost."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from tests.camera.labelled_shots import (
    HEIGHT,
    INNER,
    SQUARE,
    WIDTH,
    captured,
    click,
    filled,
    mask_of,
    move,
    press,
    program,
    seen_at,
)
from tests.camera.screen import until

from cleanplate.camera.annotate.painting import FOREGROUND
from cleanplate.camera.annotate.proposals import Proposals
from cleanplate.data.datasets.labels.polygons import draw_mask
from cleanplate.data.io import images
from cleanplate.data.io.images import write_image
from cleanplate.errors import DataError
from cleanplate.utils.window import Mouse

MIDDLE = (75, 45)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return captured(tmp_path)


def labels(running):
    return running.session.document.labels


def files(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir() if path.name not in ("bkg.png", "0.png")}


def test_corners_near_the_first_one_close_the_outline(place: Path) -> None:
    running = program(place)
    click(running, *SQUARE[:2])
    click(running, SQUARE[0])  # two corners are no outline
    assert len(labels(running).open) == 3
    press(running, "backspace")
    click(running, *SQUARE[2:])
    x, y = seen_at(running, SQUARE[0])
    running.on(Mouse("down", x + 8, y, "left"))
    running.on(Mouse("up", x + 8, y, "left"))
    assert labels(running).open == ()
    assert labels(running).closed[0].points == SQUARE
    press(running, "n")
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))


@pytest.mark.parametrize("key", ["enter", "c"])
def test_a_key_closes_too_and_holes_are_cut_out(place: Path, key: str) -> None:
    running = program(place)
    click(running, *SQUARE)
    press(running, key, "o")
    click(running, *INNER)
    press(running, key, "o")
    assert [polygon.hole for polygon in labels(running).closed] == [False, True]
    click(running, MIDDLE, button="right")
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE, INNER))
    assert running.session.index == 1
    shapes = json.loads((place / "0.json").read_text())["shapes"]
    assert [shape["label"] for shape in shapes] == ["person", "hole"]
    assert shapes[0]["points"] == [[x + 0.5, y + 0.5] for x, y in SQUARE]


def test_a_right_click_closes_saves_and_goes_on_and_with_nothing_drawn_nobody_is_there(place: Path) -> None:
    running = program(place)
    click(running, *SQUARE)
    click(running, MIDDLE, button="right")
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))
    click(running, MIDDLE, button="right")
    assert not mask_of(place, "1").any()
    assert mask_of(place, "1").shape == (HEIGHT, WIDTH)
    assert json.loads((place / "1.json").read_text())["shapes"] == []
    click(running, *SQUARE[:2])
    click(running, MIDDLE, button="right")
    assert not (place / "2_mask.png").exists()  # an outline of two corners is a mistake, no word about the picture
    press(running, "backspace", "backspace", "e")
    assert not mask_of(place, "2").any()
    assert "all 3 pictures are labelled" in running.notice


def test_to_leave_through_an_unchanged_picture_writes_nothing(place: Path) -> None:
    running = program(place)
    before = files(place)
    press(running, "n", "n", "p", "p")
    click(running, SQUARE[0])
    press(running, "u", "n", "p")
    running.close()
    assert files(place) == before


def test_every_step_is_undone_and_done_again(place: Path) -> None:
    running = program(place)
    steps = [labels(running)]

    def step(*keys: str) -> None:
        press(running, *keys)
        steps.append(labels(running))

    for corner in SQUARE:
        click(running, corner)
        steps.append(labels(running))
    step("enter")
    move(running, MIDDLE)
    step("x")
    assert labels(running).closed == ()
    assert steps[0] == steps[-1]
    assert len(set(map(repr, steps))) == len(steps) - 1
    for known in steps[-2::-1]:
        press(running, "u")
        assert labels(running) == known
    for known in steps[1:]:
        press(running, "r")
        assert labels(running) == known


def test_a_click_on_a_corner_begins_an_outline_there(place: Path) -> None:
    running = program(place)
    click(running, *SQUARE)
    press(running, "enter")
    click(running, SQUARE[1])
    assert labels(running).open == (SQUARE[1],)
    assert labels(running).closed[0].points == SQUARE


def test_zoomed_and_moved_the_places_are_those_of_the_picture(place: Path) -> None:
    running = program(place)
    x, y = seen_at(running, SQUARE[0])
    running.on(Mouse("move", x, y))
    press(running, "+", "+", "=", "+")
    assert seen_at(running, SQUARE[0]) == pytest.approx((x, y), abs=4)
    wide = running.view.scale
    running.on(Mouse("down", 300, 300, "middle"))
    running.on(Mouse("move", 200, 260, "middle"))
    running.on(Mouse("up", 200, 260, "middle"))
    assert running.view.scale == wide
    assert seen_at(running, SQUARE[0]) == pytest.approx((x - 100, y - 40), abs=4)
    for corner in SQUARE:
        while not all(0 <= at < room for at, room in zip(seen_at(running, corner), running.area, strict=True)):
            across, down = (at - room / 2 for at, room in zip(seen_at(running, corner), running.area, strict=True))
            key = ("right" if across > 0 else "left") if abs(across) > abs(down) else ("down" if down > 0 else "up")
            press(running, key)
        click(running, corner)
    press(running, "enter", "0", "+", "-", "n")
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))


def test_work_goes_on_where_it_was_left_and_what_is_done_can_be_changed(place: Path) -> None:
    running = program(place)
    click(running, *SQUARE)
    click(running, MIDDLE, button="right")
    running.close()
    again = program(place)
    assert again.session.index == 1
    assert again.session.labelled == 1
    press(again, "p")
    assert labels(again).closed[0].points == SQUARE
    press(again, "o")
    click(again, *INNER)
    press(again, "enter", "n")
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE, INNER))
    assert program(place, again=True).session.index == 0


def test_a_mask_that_nobody_changes_stays_as_it_is_and_one_that_is_changed_keeps_its_other_outlines(
    place: Path,
) -> None:
    random = np.random.default_rng(4)
    mask = filled(SQUARE, INNER)
    mask[random.integers(20, 70, 60), random.integers(30, 60, 60)] ^= 255
    write_image(place / "0_mask.png", mask // 255)
    before = files(place)
    running = program(place)
    press(running, "p")
    click(running, MIDDLE, button="right")
    assert files(place) == before | {}
    press(running, "p")
    corners = ((130, 5), (150, 5), (150, 15))
    click(running, *corners)
    press(running, "enter", "n")
    np.testing.assert_array_equal(mask_of(place), mask | filled(corners))


def test_to_empty_a_labelled_picture_is_a_change(place: Path) -> None:
    write_image(place / "0_mask.png", filled(SQUARE))
    running = program(place, again=True)
    move(running, MIDDLE)
    press(running, "x", "n")
    assert not mask_of(place).any()


@pytest.mark.parametrize("how", ["q", "close"])
def test_the_end_saves_and_closes_what_is_open(place: Path, how: str) -> None:
    running = program(place)
    click(running, *SQUARE)
    if how == "q":
        press(running, "q")
        assert running.done
    running.close()
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))


def test_esc_lets_an_open_outline_go_before_it_quits(place: Path) -> None:
    running = program(place)
    click(running, *SQUARE)
    press(running, "esc")
    assert not running.done
    assert labels(running).open == ()
    press(running, "esc")
    assert running.done


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A disk that is full as long as there is something in the list."""
    state = [True]
    real = images.write_image

    def write(path: Path, image: np.ndarray) -> None:
        if state:
            raise DataError(f"{path}: cannot be written") from OSError(errno.ENOSPC, "No space left on device")
        real(path, image)

    monkeypatch.setattr(images, "write_image", write)
    return state


def test_on_a_full_disk_work_stays_in_memory_until_there_is_room(place: Path, full: list[bool]) -> None:
    running = program(place)
    click(running, *SQUARE)
    press(running, "n")
    assert running.session.index == 1
    assert "No space left" in running.error
    red = running.picture()[-20:]
    assert (red[..., 2] > 200).mean() > 0.5
    click(running, *INNER)
    click(running, MIDDLE, button="right")
    assert running.session.index == 1  # not done as long as it is not saved
    assert running.session.unsaved == 2
    full.clear()
    click(running, MIDDLE, button="right")
    assert running.error == ""
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))
    np.testing.assert_array_equal(mask_of(place, "1"), filled(INNER))


def test_on_a_full_disk_it_quits_only_when_asked_twice_and_keeps_the_outlines_elsewhere(
    place: Path, full: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    running = program(place)
    click(running, *SQUARE)
    press(running, "q")
    assert not running.done
    assert "q again quits" in running.error
    press(running, "m", "q")
    assert not running.done  # something else was done in between
    press(running, "q")
    assert running.done
    with pytest.raises(DataError, match=r"set1/0\.png: not saved: No space left on device.*are in (\S+)"):
        running.close()
    rescued = json.loads(next(tmp_path.glob("cleanplate-annotate-*/set1/0.json")).read_text())
    assert len(rescued["shapes"][0]["points"]) == 4


def test_a_broken_picture_is_told_and_passed_over(place: Path) -> None:
    (place / "0.png").write_bytes(b"no picture")
    running = program(place)
    assert "0.png" in running.session.problem
    running.picture()
    click(running, *SQUARE)
    press(running, "enter", "x", "u", "g", "a", "e")
    click(running, MIDDLE, button="right")
    assert running.session.index == 1
    assert not (place / "0_mask.png").exists()


def test_a_mask_that_cannot_be_used_is_told_until_it_is_written_anew(place: Path) -> None:
    (place / "0_mask.png").write_bytes(b"no mask")
    running = program(place, again=True)
    assert "0_mask.png" in running.session.problem
    press(running, "n", "p")
    assert (place / "0_mask.png").read_bytes() == b"no mask"
    click(running, *SQUARE)
    press(running, "enter", "n", "p")
    assert running.session.problem == ""
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (1500, 40)])
def test_pictures_of_any_shape_can_be_labelled(tmp_path: Path, shape: tuple[int, int]) -> None:
    write_image(tmp_path / "x.png", np.full((*shape, 3), 90, np.uint8))
    running = program(tmp_path)
    running.picture()
    for at in ((0, 0), (5000, 0), (5000, running.area[1] - 1), (0, running.area[1] - 1)):
        running.on(Mouse("down", *at, "left"))
        running.on(Mouse("up", *at, "left"))
    press(running, "enter")
    assert running.picture().shape[2] == 3
    press(running, *["+", "-", "left", "m", "m", "x"])
    running.picture()
    press(running, "u", "e")
    assert mask_of(tmp_path, "x").shape == shape


def test_what_is_shown_changes_with_m_and_b(place: Path) -> None:
    running = program(place)
    click(running, *SQUARE)
    press(running, "enter")
    x, y = seen_at(running, (100, 60))
    tinted = running.picture()[y, x].astype(int)
    press(running, "m")
    plain = running.picture()[y, x].astype(int)
    assert np.abs(tinted - plain).max() > 20
    press(running, "m")
    assert running.picture()[y, x].tolist() == [255, 255, 255]
    assert running.picture()[3, 3].tolist() == [0, 0, 0]
    press(running, "m", "m", "b")
    square = seen_at(running, (6, 36))  # where the bright thing is in the first picture
    assert running.picture()[square[1], square[0], 2] < 200
    press(running, "b")
    assert running.picture()[square[1], square[0], 2] > 230


def test_the_first_corner_is_marked_where_a_click_closes(place: Path) -> None:
    running = program(place)
    click(running, *SQUARE)
    move(running, MIDDLE)
    assert not (running.picture() == FOREGROUND).all(axis=2)[: running.area[1]].any()
    move(running, (SQUARE[0][0] + 1, SQUARE[0][1]))
    assert (running.picture() == FOREGROUND).all(axis=2)[: running.area[1]].any()


class Found(Proposals):
    """Proposes what it was given."""

    def __init__(self, mask: np.ndarray | Exception) -> None:
        self.mask = mask

    def __call__(self, shot, picture):
        if isinstance(self.mask, Exception):
            raise self.mask
        return self.mask


def proposed(running) -> None:
    """Waits for the proposal, as the window does."""

    def looked() -> bool | None:
        running.picture()
        return None if running._queue.busy else True

    until(looked, "no proposal")


def test_a_proposal_is_saved_only_when_it_was_taken_and_can_be_taken_back(place: Path) -> None:
    running = program(place, proposals=Found(filled(SQUARE, INNER)))
    proposed(running)
    assert len(running.proposal) == 2
    press(running, "n", "p")
    assert not (place / "0_mask.png").exists()
    running = program(place, proposals=Found(filled(SQUARE, INNER)))
    proposed(running)
    press(running, "a")
    assert running.proposal == ()
    taken = draw_mask(labels(running).closed, HEIGHT, WIDTH)
    assert (taken != filled(SQUARE, INNER)).mean() < 0.005
    press(running, "u")
    assert labels(running).closed == ()
    press(running, "r", "n")
    np.testing.assert_array_equal(mask_of(place), taken)
    running.close()


@pytest.mark.parametrize("error", [DataError("no weights"), ValueError("no\nweights"), MemoryError()])
def test_a_model_that_cannot_run_is_told_and_labelling_goes_on(place: Path, error: Exception) -> None:
    running = program(place, proposals=Found(error))
    proposed(running)
    assert running.notice.startswith("no proposal: ")
    click(running, *SQUARE)
    click(running, MIDDLE, button="right")
    np.testing.assert_array_equal(mask_of(place), filled(SQUARE))
    running.close()
