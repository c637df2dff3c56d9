"""Holes, crumbs, specks and gaps."""

import cv2
import numpy as np
import pytest

from cleanplate.foreground import ForegroundOptions
from cleanplate.foreground.head import clean, fill_holes, majority, remove_small


def mask_of(*rows: str) -> np.ndarray:
    return np.array([[255 if sign == "#" else 0 for sign in row] for row in rows], np.uint8)


RINGS = mask_of(
    "..........",
    ".###..####",
    ".#.#..#..#",
    ".###..#...",
    "......####",
    "##........",
    ".#..###...",
    "##..#.#...",
    "....##....",
    "..........",
)


def test_holes_are_filled_and_bays_that_reach_the_border_are_not() -> None:
    expected = RINGS.copy()
    expected[2, 2] = 255
    expected[7, 5] = 255  # its corner is open, but objects hold together over corners
    np.testing.assert_array_equal(fill_holes(RINGS, 0.5), expected)


@pytest.mark.parametrize(("side", "edge"), [(0, 0), (0, -1), (1, 0), (1, -1)])
def test_a_gap_in_an_object_at_the_border_is_no_hole(side: int, edge: int) -> None:
    mask = np.full((8, 8), 255, np.uint8)
    index: list[int] = [4, 4]
    index[side] = edge
    mask[tuple(index)] = 0
    np.testing.assert_array_equal(fill_holes(mask, 1.0), mask)


def test_only_holes_up_to_the_given_share_are_filled() -> None:
    mask = np.full((10, 10), 255, np.uint8)
    mask[2, 2] = 0
    mask[5:7, 5:8] = 0
    small = fill_holes(mask, 0.05)
    assert small[2, 2] == 255
    assert (small[5:7, 5:8] == 0).all()
    assert (fill_holes(mask, 0.06) == 255).all()  # a hole of exactly the share is filled


@pytest.mark.parametrize("level", [0, 255])
def test_flat_masks_pass_through(level: int) -> None:
    mask = np.full((6, 7), level, np.uint8)
    np.testing.assert_array_equal(fill_holes(mask, 1.0), mask)
    np.testing.assert_array_equal(remove_small(mask, 0.5), mask)


def test_small_objects_go_and_those_of_the_share_stay() -> None:
    mask = np.zeros((10, 10), np.uint8)
    mask[0, 0] = mask[1, 1] = mask[2, 2] = 255  # one object of three pixels, over corners
    mask[5, 5:7] = 255
    kept = remove_small(mask, 0.03)
    assert np.count_nonzero(kept) == 3
    assert kept[5, 5] == 0
    assert not remove_small(mask, 0.04).any()


def test_opening_takes_specks_and_closing_takes_gaps() -> None:
    mask = np.zeros((30, 30), np.uint8)
    mask[5:25, 5:14] = mask[5:25, 15:25] = 255
    mask[2, 2] = 255
    opened = clean(mask, ForegroundOptions(opening=3))
    assert opened[2, 2] == 0
    assert opened[10, 14] == 0
    closed = clean(mask, ForegroundOptions(closing=3))
    assert closed[10, 14] == 255
    assert closed[2, 2] == 255


def test_nothing_is_done_unless_it_is_switched_on() -> None:
    mask = np.where(np.random.default_rng(0).random((40, 50)) > 0.5, 255, 0).astype(np.uint8)
    np.testing.assert_array_equal(clean(mask, ForegroundOptions()), mask)


def test_holes_are_filled_before_crumbs_are_counted() -> None:
    mask = np.zeros((10, 10), np.uint8)
    mask[2:5, 2:5] = 255
    mask[3, 3] = 0
    assert np.count_nonzero(clean(mask, ForegroundOptions(fill_holes=0.01, smallest=0.09))) == 9


@pytest.mark.parametrize("key", ["mask_median", "opening", "closing"])
@pytest.mark.parametrize("side", [3, 9, 51])
def test_masks_stay_masks_whatever_the_filter_and_however_small_the_picture(key: str, side: int) -> None:
    mask = np.where(np.random.default_rng(0).random((12, 16)) > 0.5, 255, 0).astype(np.uint8)
    cleaned = clean(mask, ForegroundOptions(**{key: side}))
    assert (cleaned.dtype, cleaned.shape) == (np.uint8, mask.shape)
    assert set(np.unique(cleaned)) <= {0, 255}


@pytest.mark.parametrize("side", [3, 5, 9, 15, 17, 31])
@pytest.mark.parametrize("share", [0.02, 0.45, 0.5, 0.98])
def test_what_most_pixels_around_have_is_the_median_of_opencv(side: int, share: float) -> None:
    random = np.random.default_rng(side)
    for height, width in ((3, 4), (40, 27), (64, 96)):
        mask = np.where(random.random((height, width)) < share, 255, 0).astype(np.uint8)
        np.testing.assert_array_equal(majority(mask, side), cv2.medianBlur(mask, side))
