"""`cleanplate mirror` without a window, and the double that it makes."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.camera.room import AtOnce, Clock, acted, cast, empty, wall
from tests.camera.test_live import SIZE, make

from cleanplate.camera.live.double import doubled, person_mask, softened
from cleanplate.camera.live.mirror import Mirror
from cleanplate.camera.live.options import Timing
from cleanplate.camera.live.recorder import OutputFolder
from cleanplate.camera.live.scene_learning import Phase
from cleanplate.data.io.images import read_color
from cleanplate.utils.window import Key, Mouse

CLICK = Mouse("down", 5, 5, "left")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def mirror(tmp_path: Path, clock: Clock, name: str = "median", **options: Any) -> Mirror:
    output = OutputFolder(tmp_path / "kept")
    return Mirror(lambda: make(name), Timing(3.0, 1.0), output, lambda text: None, clock, AtOnce(), **options)  # type: ignore[arg-type]


def shows(program: Mirror, clock: Clock, frame: np.ndarray, count: int = 1) -> None:
    for _ in range(count):
        program.on_frame(frame)
        clock.now += 0.05


def taught(program: Mirror, clock: Clock) -> None:
    shows(program, clock, empty(0, *SIZE))
    program.on(CLICK)
    for seed in range(100):
        shows(program, clock, empty(seed, *SIZE))
        program.picture()
        if program.phase is Phase.READY:
            return
    raise AssertionError(program.phase)


def within(mask: np.ndarray, by: int = 9) -> np.ndarray:
    return cv2.erode(mask, np.ones((by, by), np.uint8)) > 0


def around(mask: np.ndarray, by: int = 25) -> np.ndarray:
    return cv2.dilate(mask, np.ones((by, by), np.uint8)) > 0


# The program


@pytest.mark.parametrize("click", [CLICK, Key("space")])
def test_a_click_learns_another_brings_the_double_and_the_next_takes_it_away(
    click: Any, tmp_path: Path, clock: Clock
) -> None:
    program = mirror(tmp_path, clock, shadow=False)
    shows(program, clock, empty(0, *SIZE), 100)
    assert program.phase is Phase.IDLE
    program.on(Mouse("move", 5, 5))
    program.on(Mouse("down", 5, 5, "right"))
    assert program.phase is Phase.IDLE
    program.on(click)
    assert program.phase is Phase.COUNTING
    program.on(click)  # impatience does no harm
    for seed in range(100):
        shows(program, clock, empty(seed, *SIZE))
        program.on(click) if program.phase is not Phase.READY else None
    assert program.phase is Phase.READY
    frame = acted(40, 7, *SIZE)
    shows(program, clock, frame)
    np.testing.assert_array_equal(program.view(), frame)
    program.on(click)
    double = within(cast(40, *SIZE))[:, ::-1]
    assert (np.abs(program.view().astype(int) - frame[:, ::-1])[double] <= 1).mean() > 0.95
    assert (np.abs(program.view().astype(int) - frame)[within(cast(40, *SIZE))] <= 1).all()
    shows(program, clock, frame)
    program.on(click)
    np.testing.assert_array_equal(program.view(), frame)


@pytest.mark.parametrize("name", ["median", "mog2", "knn"])
def test_who_stands_still_keeps_a_double(name: str, tmp_path: Path, clock: Clock) -> None:
    program = mirror(tmp_path, clock, name)
    taught(program, clock)
    program.on(Key("d"))
    frame = acted(40, 7, *SIZE)
    shows(program, clock, frame, 300)
    double = within(cast(40, *SIZE))[:, ::-1]
    assert (np.abs(program.view().astype(int) - frame[:, ::-1])[double] <= 2).mean() > 0.9


def test_another_size_of_the_camera_is_learnt_from_the_countdown_on(tmp_path: Path, clock: Clock) -> None:
    program = mirror(tmp_path, clock, "mog2")
    taught(program, clock)
    shows(program, clock, empty(0, 48, 64))
    assert program.phase is Phase.COUNTING
    shows(program, clock, empty(0, 48, 64), 100)
    assert program.phase is Phase.READY


def test_learning_again_takes_the_double_away(tmp_path: Path, clock: Clock) -> None:
    program = mirror(tmp_path, clock)
    program.on_frame(empty(0, *SIZE))
    program.on(Key("d"))
    assert not program.double
    taught(program, clock)
    program.on(Key("d"))
    assert program.double
    program.on(Key("l"))
    assert program.phase is Phase.COUNTING
    frame = acted(40, 7, *SIZE)
    shows(program, clock, frame)
    np.testing.assert_array_equal(program.view(), frame)
    assert not program.double


def test_a_snapshot_has_the_double(tmp_path: Path, clock: Clock) -> None:
    program = mirror(tmp_path, clock)
    taught(program, clock)
    frame = acted(40, 7, *SIZE)
    shows(program, clock, frame)
    program.on(Key("s"))
    kept = read_color(tmp_path / "kept" / "snapshot-001-double.png")
    double = within(cast(40, *SIZE))[:, ::-1]
    assert (np.abs(kept.astype(int) - frame[:, ::-1])[double] <= 1).mean() > 0.95
    np.testing.assert_array_equal(read_color(tmp_path / "kept" / "snapshot-001-frame.png"), frame)


# The double


def test_the_double_is_the_mirrored_foreground_to_the_pixel() -> None:
    frame, mask = acted(90), cast(90)
    picture = doubled(frame, mask)
    mirrored = mask[:, ::-1].copy()
    np.testing.assert_array_equal(picture[within(mirrored)], frame[:, ::-1][within(mirrored)])
    untouched = ~around(mirrored)
    np.testing.assert_array_equal(picture[untouched], frame[untouched])


def test_the_double_is_behind_where_both_meet() -> None:
    frame, mask = acted(150), cast(150)
    frame[:, :150][mask[:, :150] > 0] = (200, 120, 0)  # left and right side differ
    picture = doubled(frame, mask)
    np.testing.assert_array_equal(picture[within(mask)], frame[within(mask)])
    only = within(mask[:, ::-1].copy()) & ~around(mask, 9)
    assert only.sum() > 100
    np.testing.assert_array_equal(picture[only], frame[:, ::-1][only])


def test_nobody_has_no_double() -> None:
    frame = empty(3)
    nobody = np.zeros(frame.shape[:2], np.uint8)
    np.testing.assert_array_equal(doubled(frame, nobody), frame)
    np.testing.assert_array_equal(doubled(frame, nobody, wall()), frame)


def test_specks_and_shadows_are_nobody_small_holes_are_filled_and_large_ones_stay() -> None:
    mask = cast(160)
    mask[180:183, 158:161] = 0
    mask[140:160, 152:170] = 0
    mask[20:26, 20:26] = 255
    mask[200:220, 200:260] = 127
    person = person_mask(mask)
    assert person[181, 159] == 255
    assert person[150, 160] == 0
    assert not person[20:26, 20:26].any()
    assert not person[200:220, 200:260].any()


def test_a_slit_that_runs_out_of_the_picture_is_a_hole_and_a_gap_between_legs_is_none() -> None:
    mask = np.zeros((240, 320), np.uint8)
    mask[100:, 100:220] = 255
    mask[200:, 120:124] = 0
    mask[140:, 160:190] = 0
    person = person_mask(mask)
    assert (person[200:, 120:124] == 255).all()
    assert not person[150:, 162:188].any()
    assert not person[:, :90].any()
    assert not person[:90].any()


def test_a_piece_near_by_belongs_to_the_person() -> None:
    mask = cast(160)
    mask[96:102] = 0  # a scarf of the wall's colour
    person = person_mask(mask)
    assert person[75, 160] == 255
    assert person[180, 160] == 255


def test_the_edge_is_soft_and_lies_within() -> None:
    mask = cast(160)
    share = softened(mask)
    assert share[within(mask)].min() == 1
    assert share[~around(mask, 7)].max() == 0
    edge = share[180, 135:185]
    assert ((edge > 0.05) & (edge < 0.95)).sum() >= 2
    assert share.sum() < (mask > 0).sum()


def test_the_double_throws_the_persons_shadow() -> None:
    frame, mask, plate = acted(80), cast(80), wall()
    shade = np.zeros(mask.shape, np.float32)
    cv2.ellipse(shade, (110, 215), (45, 14), 0, 0, 360, 0.4, -1)
    shade[mask > 0] = 0
    frame = np.rint(frame * (1 - shade[..., None])).astype(np.uint8)
    there = np.flip(within((shade > 0).astype(np.uint8), 15), 1) & ~around(mask[:, ::-1].copy(), 9)
    assert there.sum() > 200
    plain, shaded = doubled(frame, mask), doubled(frame, mask, plate)
    loss = shaded[there].astype(float).mean() / plain[there].astype(float).mean()
    assert 0.55 < loss < 0.8
    far = np.zeros(mask.shape, bool)
    far[:60, :] = True
    np.testing.assert_array_equal(shaded[far], plain[far])


def test_a_darker_camera_is_no_shadow() -> None:
    frame = np.rint(acted(80) * 0.8).astype(np.uint8)
    mask = cast(80)
    np.testing.assert_allclose(doubled(frame, mask, wall()), doubled(frame, mask), atol=1)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (30, 1)])
def test_the_smallest_pictures_have_doubles_too(size: tuple[int, int]) -> None:
    frame, mask = np.full((*size, 3), 80, np.uint8), np.full(size, 255, np.uint8)
    assert doubled(frame, mask, frame).shape == frame.shape
