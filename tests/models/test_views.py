"""Backgrounds of a camera that moves, put together from other frames of the same view."""

import cv2
import numpy as np
import pytest

import cleanplate
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.models.statistical.lowmotion.model import LowMotion
from cleanplate.models.statistical.lowmotion.mosaic import Views, camera_moves
from cleanplate.scenes import SceneSpec, write_scene


@pytest.fixture(scope="module")
def panorama() -> np.ndarray:
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (30, 60, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (480, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def panned(panorama: np.ndarray, step: float, count: int = 40) -> np.ndarray:
    """Views of 160×120 that move to the right by `step` pixels a frame, a box passing through them."""
    frames = []
    for index in range(count):
        motion = np.array([[1, 0, -20 - step * index], [0, 1, -40]], np.float32)
        frame = cv2.warpAffine(panorama, motion, (160, 120))
        frame[50:80, 4 * index % 150 : 4 * index % 150 + 12] = (20, 20, 200)
        frames.append(frame)
    return np.stack(frames)


def test_a_panning_camera_moves_and_a_still_one_does_not(panorama: np.ndarray) -> None:
    moving, still = panned(panorama, 3.0), panned(panorama, 0.0)
    assert camera_moves(FramePairs(moving[:-1], moving[1:]))
    assert not camera_moves(FramePairs(still[:-1], still[1:]))


def test_the_background_is_the_place_without_the_box(panorama: np.ndarray) -> None:
    frames = panned(panorama, 3.0)
    background = Views(frames).background(frames[20])
    motion = np.array([[1, 0, -20 - 60.0], [0, 1, -40]], np.float32)
    truth = cv2.warpAffine(panorama, motion, (160, 120))
    box = np.s_[50:80, 80:92]
    assert np.abs(background[box].astype(int) - truth[box]).mean() < 12
    assert np.abs(frames[20][box].astype(int) - truth[box]).mean() > 50
    assert np.abs(background.astype(int) - truth).mean() < 6


def test_a_place_that_no_other_view_shows_is_not_judged(panorama: np.ndarray) -> None:
    views = Views(panned(panorama, 3.0))
    elsewhere = np.random.default_rng(5).integers(0, 256, (120, 160, 3), np.uint8)
    np.testing.assert_array_equal(views.background(elsewhere), elsewhere)


def test_a_moving_camera_is_noticed_and_kept_through_a_checkpoint(tmp_path) -> None:
    folder = tmp_path / "PTZ" / "pan"
    write_scene(SceneSpec("PTZ", "pan", height=96, width=128, frames=60, seed=3), folder)
    sequence = cleanplate.open_sequence(folder)
    model = cleanplate.create("lowmotion").fit(sequence)
    assert isinstance(model, LowMotion)
    assert model._views is not None
    cleanplate.save(model, tmp_path / "model.ckpt")
    loaded = cleanplate.load(tmp_path / "model.ckpt")
    for index in (5, 40):
        np.testing.assert_array_equal(model.apply(sequence[index]), loaded.apply(sequence[index]))


def test_a_still_camera_keeps_its_plate(scene) -> None:
    model = cleanplate.create("lowmotion").fit(scene)
    assert isinstance(model, LowMotion)
    assert model._views is None
