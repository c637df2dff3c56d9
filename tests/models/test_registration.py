"""Registration: shifts that are known come back, and where the camera stands still there is none."""

import cv2
import numpy as np
import pytest

from cleanplate.models.statistical.lowmotion.stabilization import Registration, shifted
from in_memory import photographed, textured

LARGE = textured(300, 380, seed=3)


def seen(dx: float, dy: float, seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    """A view on a larger scene, which lies `dx` to the right and `dy` down in it."""
    motion = np.array([[1, 0, dx - 100], [0, 1, dy - 80]], np.float64)
    return photographed(cv2.warpAffine(LARGE, motion, (width, height), flags=cv2.INTER_CUBIC), seed)


def shifts(count: int, reach: float, seed: int = 0) -> list[tuple[float, float]]:
    return [tuple(pair) for pair in np.random.default_rng(seed).uniform(-reach, reach, (count, 2))]


@pytest.mark.parametrize("size", [(120, 160), (200, 240)])  # the second is looked at in a smaller picture
@pytest.mark.parametrize("reach", [2.5, 8.0])
def test_shifts_of_fractions_of_a_pixel_are_found(reach: float, size: tuple[int, int]) -> None:
    known = shifts(24, reach)
    frames = [seen(dx, dy, index, *size) for index, (dx, dy) in enumerate(known)]
    registration = Registration.learned(frames)
    assert registration is not None
    found = np.array([registration.shift(frame) for frame in frames])
    # Against which of them the scene is still is a matter of taste: what is known are the shifts between frames.
    errors = (found - found.mean(axis=0)) - (np.array(known) - np.mean(known, axis=0))
    assert np.abs(errors).mean() < 0.2
    assert np.abs(errors).max() < 0.6


def test_frames_that_are_shifted_back_lie_upon_each_other() -> None:
    frames = [seen(dx, dy, index) for index, (dx, dy) in enumerate(shifts(24, 4.0))]
    registration = Registration.learned(frames)
    assert registration is not None
    aligned = []
    for frame in frames:
        dx, dy = registration.shift(frame)
        aligned.append(shifted(frame, (-dx, -dy))[10:-10, 10:-10].astype(float))
    assert np.std(aligned, axis=0).mean() < 0.35 * np.std([frame[10:-10, 10:-10] for frame in frames], axis=0).mean()


def test_a_scene_that_stands_still_is_not_registered() -> None:
    assert Registration.learned([seen(0, 0, index) for index in range(24)]) is None


def test_what_passes_does_not_make_a_camera_shake() -> None:
    frames = []
    for index in range(24):
        frame = seen(0, 0, index)
        frame[20:100, 5 * index : 5 * index + 45] = (40, 200, 230)
        frames.append(frame)
    assert Registration.learned(frames) is None


def test_a_single_knock_is_no_shaking() -> None:
    assert Registration.learned([seen(3 * (index == 5), 0, index) for index in range(24)]) is None


def test_one_frame_is_not_registered() -> None:
    assert Registration.learned([seen(0, 0, 0)]) is None


def test_an_object_does_not_draw_the_shift() -> None:
    frames = [seen(dx, dy, index) for index, (dx, dy) in enumerate(shifts(24, 3.0))]
    registration = Registration.learned(frames)
    assert registration is not None
    frame = seen(2.2, -1.4, 99)
    expected = registration.shift(frame)
    frame[40:80, 60:100] = (40, 200, 230)
    assert np.hypot(*np.subtract(registration.shift(frame), expected)) < 0.4


def test_another_view_is_left_where_it_is() -> None:
    frames = [seen(dx, dy, index) for index, (dx, dy) in enumerate(shifts(24, 3.0))]
    registration = Registration.learned(frames)
    assert registration is not None
    assert registration.shift(photographed(textured(120, 160, seed=9), 0)) == (0.0, 0.0)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_picture_is_moved_right_and_down(kind: type) -> None:
    picture = textured(40, 50).astype(kind)
    moved = shifted(picture, (3.0, 2.0))
    assert moved.dtype == kind
    np.testing.assert_array_equal(moved[2:, 3:], picture[:-2, :-3])
    np.testing.assert_array_equal(moved[:2, 3:], np.broadcast_to(picture[:1, :-3], (2, 47, 3)))
    assert shifted(picture, (0.0, 0.0)) is picture
    half = shifted(picture[..., 0], (0.5, 0.0)).astype(float)
    expected = (picture[:, :-1, 0].astype(float) + picture[:, 1:, 0]) / 2
    assert np.abs(half[:, 1:] - expected).max() <= 1
