"""Shadows are darkened background; objects of another colour, brighter or far darker ones are not."""

import numpy as np
import pytest

from cleanplate.foreground import ForegroundHead, ForegroundOptions
from cleanplate.foreground.head import mark_shadows

INSIDE = (slice(22, 38), slice(22, 38))
OPTIONS = ForegroundOptions(shadows=True)


@pytest.fixture
def background() -> np.ndarray:
    return np.random.default_rng(0).integers(120, 140, (60, 60, 3)).astype(np.uint8) + np.array([0, 30, 60], np.uint8)


@pytest.fixture
def mask() -> np.ndarray:
    mask = np.zeros((60, 60), np.uint8)
    mask[20:40, 20:40] = 255
    return mask


def with_square(background: np.ndarray, content) -> np.ndarray:
    frame = background.copy()
    frame[20:40, 20:40] = content
    return frame


@pytest.mark.parametrize("factor", [0.5, 0.7, 0.9])
def test_a_darkened_region_is_marked_as_shadow(background: np.ndarray, mask: np.ndarray, factor: float) -> None:
    frame = with_square(background, background[20:40, 20:40] * factor)
    marked = mark_shadows(mask, frame, background, OPTIONS)
    assert (marked[INSIDE] == 127).all()
    assert set(np.unique(marked[mask == 0])) == {0}


@pytest.mark.parametrize("colour", [(150, 60, 40), (30, 120, 60), (10, 10, 10), (250, 250, 250)])
def test_an_object_of_another_colour_stays_foreground(background: np.ndarray, mask: np.ndarray, colour) -> None:
    marked = mark_shadows(mask, with_square(background, colour), background, OPTIONS)
    assert (marked[INSIDE] == 255).all()


def test_what_is_darker_than_the_darkest_shadow_stays_foreground(background: np.ndarray, mask: np.ndarray) -> None:
    frame = with_square(background, background[20:40, 20:40] * 0.3)
    assert (mark_shadows(mask, frame, background, OPTIONS)[INSIDE] == 255).all()
    deep = ForegroundOptions(shadows=True, shadow_darkest=0.2)
    assert (mark_shadows(mask, frame, background, deep)[INSIDE] == 127).all()


def test_brightened_background_is_no_shadow(background: np.ndarray, mask: np.ndarray) -> None:
    frame = with_square(background, background[20:40, 20:40] * 1.2)
    assert (mark_shadows(mask, frame, background, OPTIONS)[INSIDE] == 255).all()


def test_nothing_outside_the_mask_becomes_shadow(background: np.ndarray) -> None:
    frame = (background * 0.7).astype(np.uint8)
    assert not mark_shadows(np.zeros((60, 60), np.uint8), frame, background, OPTIONS).any()


def test_black_pictures_do_not_divide_by_zero(mask: np.ndarray) -> None:
    black = np.zeros((60, 60, 3), np.uint8)
    with np.errstate(all="raise"):
        assert set(np.unique(mark_shadows(mask, black, black, OPTIONS))) <= {0, 127, 255}


@pytest.mark.parametrize("shadows", [True, False])
def test_the_head_tells_shadow_from_object_only_where_it_is_asked_to(background: np.ndarray, shadows: bool) -> None:
    frame = with_square(background, background[20:40, 20:40] * 0.6)
    frame[45:55, 5:15] = (160, 20, 20)
    head = ForegroundHead(ForegroundOptions(shadows=shadows, score_median=0))
    cut = head.mask(head.score(frame, background), frame, background)
    assert (cut[INSIDE] == (127 if shadows else 255)).all()
    assert (cut[47:53, 7:13] == 255).all()


def test_the_shadow_test_sees_the_light_that_the_score_saw(background: np.ndarray) -> None:
    darker = background.astype(int) - 40
    frame = np.clip(darker, 0, 255).astype(np.uint8)
    frame[20:40, 20:40] = np.clip(darker[20:40, 20:40] * 0.6, 0, 255)
    head = ForegroundHead(ForegroundOptions(shadows=True, gain="offset", score_median=0))
    cut = head.mask(head.score(frame, background), frame, background)
    assert (cut[INSIDE] == 127).all()
    assert not cut[:18].any()
