"""Outlines and masks, steps back and forth, and places in a picture that is seen through a window."""

import cv2
import numpy as np
import pytest
from tests.camera.labelled_shots import INNER, SQUARE, filled

from cleanplate.camera.annotate.labels import Document, Labels
from cleanplate.camera.annotate.view import MAX_SCALE, View
from cleanplate.data.datasets.labels.polygons import Polygon, draw_mask, outlines_of, proposed_outlines

SIZE = (90, 160)


def test_one_outline_is_filled_as_opencv_fills_it() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        corners = tuple((int(x), int(y)) for x, y in random.integers(0, (160, 90), (6, 2)))
        np.testing.assert_array_equal(draw_mask([Polygon(corners)], *SIZE), filled(corners))


def test_a_hole_is_what_lies_within_its_line_as_by_the_even_odd_rule() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        hole = tuple((int(x), int(y)) for x, y in random.integers((31, 21), (120, 70), (5, 2)))
        np.testing.assert_array_equal(
            draw_mask([Polygon(SQUARE), Polygon(hole, hole=True)], *SIZE), filled(SQUARE, hole)
        )


def test_outlines_are_drawn_and_cut_in_their_order() -> None:
    hole, island = Polygon(INNER, hole=True), Polygon(((70, 40), (80, 40), (80, 50), (70, 50)))
    whole = Polygon(SQUARE)
    cut = draw_mask([whole, hole, island], *SIZE)
    assert cut[45, 75] == 255
    assert cut[37, 62] == 0
    assert draw_mask([whole, island, hole], *SIZE)[45, 75] == 0
    assert draw_mask([hole, whole], *SIZE)[45, 75] == 255


@pytest.mark.parametrize("outside", [((-50, -50), (40, -50), (40, 40)), ((150, 80), (400, 80), (400, 300))])
def test_a_hole_may_reach_beyond_the_picture(outside) -> None:
    cut = draw_mask([Polygon(((0, 0), (159, 0), (159, 89), (0, 89))), Polygon(outside, hole=True)], *SIZE)
    expected = np.full(SIZE, 255, np.uint8)
    inside = filled(outside) > 0
    expected[inside] = 0
    border = cv2.polylines(np.zeros(SIZE, np.uint8), [np.array(outside, np.int32)], True, 255)
    expected[border > 0] = 255
    assert (cut != expected).mean() < 0.001  # where OpenCV clips a line it may take another pixel


def test_the_outlines_of_any_mask_make_that_mask_again() -> None:
    random = np.random.default_rng(2)
    for attempt in range(120):
        height, width = random.integers(1, 50, 2)
        mask = np.where(random.random((height, width)) < random.random(), np.uint8(255), np.uint8(0))
        if attempt % 2:
            mask = cv2.medianBlur(mask, 5)
        np.testing.assert_array_equal(draw_mask(outlines_of(mask), height, width), mask)


def test_the_outlines_of_a_ring_are_a_piece_and_a_hole() -> None:
    mask = np.zeros((200, 200), np.uint8)
    cv2.circle(mask, (100, 100), 80, 255, -1)
    cv2.circle(mask, (100, 100), 30, 0, -1)
    outer, hole = outlines_of(mask)
    assert (outer.hole, hole.hole) == (False, True)
    outer, hole = proposed_outlines(mask)
    assert (outer.hole, hole.hole) == (False, True)
    assert len(outer.points) < 40


def test_a_proposal_has_neither_specks_nor_pinholes() -> None:
    mask = np.zeros((200, 300), np.uint8)
    mask[50:150, 50:120] = 255
    mask[100:102, 80:82] = 0
    mask[60:90, 60:90] = 0
    mask[10:13, 200:203] = 255
    found = proposed_outlines(mask)
    assert [polygon.hole for polygon in found] == [False, True]
    whole = mask.copy()
    whole[100:102, 80:82] = 255
    whole[10:13, 200:203] = 0
    shown = draw_mask(found, 200, 300)
    assert (shown != whole).mean() < 0.001
    assert proposed_outlines(np.zeros((20, 20), np.uint8)) == ()


def test_every_step_can_be_taken_back_and_again() -> None:
    states = [Labels()]
    document = Document(SIZE, (), masked=False)
    for point in SQUARE:
        states.append(states[-1].with_point(point))
    states.append(states[-1].with_closed(hole=False))
    states.append(states[-1].with_more((Polygon(INNER, hole=True),)))
    states.append(states[-1].without(0))
    for state in states[1:]:
        document.push(state)
    document.push(states[-1])  # changes nothing, and is no step
    for state in states[-2::-1]:
        assert document.undo()
        assert document.labels == state
    assert not document.undo()
    for state in states[1:]:
        assert document.redo()
        assert document.labels == state
    assert not document.redo()
    document.undo()
    document.push(Labels())
    assert not document.redo()


def test_a_double_click_sets_one_corner_and_two_corners_are_no_outline() -> None:
    labels = Labels().with_point((1, 1)).with_point((1, 1)).with_point((5, 1))
    assert labels.open == ((1, 1), (5, 1))
    assert labels.with_closed(hole=False) == labels


def test_the_uppermost_outline_at_a_place_is_found() -> None:
    labels = Labels((Polygon(SQUARE), Polygon(INNER, hole=True)))
    assert labels.at(75, 45, 0) == 1
    assert labels.at(40, 30, 0) == 0
    assert labels.at(27, 30, 0) is None
    assert labels.at(27, 30, 4) == 0


@pytest.mark.parametrize("picture", [(160, 90), (90, 160), (1, 1), (4000, 3000), (3, 1000)])
def test_places_go_to_the_screen_and_back(picture) -> None:
    random = np.random.default_rng(3)
    view = View.whole(picture, (960, 540))
    for _ in range(40):
        view = view.zoomed(random.choice([0.8, 1.25]), *random.integers(0, (960, 540))).panned(*random.normal(0, 50, 2))
        x, y = random.random(2) * picture
        assert view.to_image(*view.to_window(x, y)) == pytest.approx((x, y), abs=1e-9)
        pixel = (int(x), int(y))
        if view.scale >= 1:
            place = view.centre_of(pixel)
            assert view.pixel_at(round(place[0]), round(place[1])) == pixel


def test_zooming_keeps_what_is_under_the_mouse_and_all_can_be_seen_again() -> None:
    whole = View.whole((160, 90), (960, 540))
    view = whole.zoomed(2, 500, 300)
    assert view.to_image(500, 300) == pytest.approx(whole.to_image(500, 300))
    assert view.scale == 2 * whole.scale
    for _ in range(30):
        view = view.zoomed(1.25, 700, 100)
    assert view.scale == MAX_SCALE
    for _ in range(60):
        view = view.zoomed(0.8, 300, 500)
    assert view == whole


def test_no_more_is_seen_beside_a_picture_than_must_be() -> None:
    view = View.whole((160, 90), (960, 540)).zoomed(3, 0, 0).panned(10_000, -10_000)
    assert view.left == 0
    assert view.top + 540 / view.scale == pytest.approx(90)
    narrow = View.whole((10, 100), (960, 540))
    assert narrow.to_window(5, 50) == pytest.approx((480, 270))
    assert narrow.pixel_at(0, 0) == (0, 0)
    assert narrow.pixel_at(959, 539) == (9, 99)
