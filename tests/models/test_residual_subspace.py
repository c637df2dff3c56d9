"""Principal components of the residual: what the whole picture does is followed, an object is not."""

import numpy as np
import pytest

from cleanplate.models.statistical.lowmotion.residual_subspace import ResidualSubspace
from in_memory import photographed, textured

HEIGHT, WIDTH = 96, 128
PICTURE = textured(HEIGHT, WIDTH)
PLATE = np.rint(PICTURE).astype(np.uint8)
BOX = (slice(30, 60), slice(40, 80))


def lit(left: float, top: float) -> np.ndarray:
    """The scene with light from two sides, so many levels at the brightest, and as many less at the darkest."""
    across, down = np.linspace(-1, 1, WIDTH)[None, :, None], np.linspace(-1, 1, HEIGHT)[:, None, None]
    return PICTURE + left * across + top * down


def amounts(count: int, seed: int = 0) -> list[tuple[float, float]]:
    return [tuple(pair) for pair in np.random.default_rng(seed).uniform(-14, 14, (count, 2))]


@pytest.fixture(scope="module")
def subspace() -> ResidualSubspace:
    return ResidualSubspace.learned(PLATE, [photographed(lit(*light), seed) for seed, light in enumerate(amounts(40))])


@pytest.mark.parametrize("light", amounts(4, seed=1))
def test_a_gradient_of_light_is_followed(subspace: ResidualSubspace, light: tuple[float, float]) -> None:
    found = subspace.background(photographed(lit(*light), 99))
    assert found.dtype == np.uint8
    gap, unfollowed = np.abs(found - lit(*light)).mean(), np.abs(PLATE - lit(*light)).mean()
    assert gap < 0.65 * unfollowed


@pytest.mark.parametrize("light", amounts(3, seed=2))
def test_an_object_is_not_followed_and_moves_nothing(subspace: ResidualSubspace, light: tuple[float, float]) -> None:
    frame = photographed(lit(*light), 99)
    frame[BOX] = (30, 220, 240)
    found = subspace.background(frame)
    unpasted = subspace.background(photographed(lit(*light), 99))
    assert np.abs(found.astype(int) - unpasted).mean() < 1.5
    assert np.abs(found.astype(int) - unpasted)[BOX].mean() < 1.5


def test_an_object_that_was_in_many_frames_is_not_learnt() -> None:
    frames = [photographed(lit(*light), seed) for seed, light in enumerate(amounts(40))]
    for index, frame in enumerate(frames):
        if index % 3:
            frame[BOX] = (30, 220, 240)
    subspace = ResidualSubspace.learned(PLATE, frames)
    frame = photographed(lit(8, -8), 99)
    frame[BOX] = (30, 220, 240)
    assert np.abs(subspace.background(frame) - lit(8, -8))[BOX].mean() < 4


def test_the_components_are_eight_and_orthonormal(subspace: ResidualSubspace) -> None:
    assert subspace.components.shape == (8, HEIGHT // 4 * (WIDTH // 4) * 3)
    assert subspace.components.dtype == subspace.mean.dtype == np.float32
    np.testing.assert_allclose(subspace.components @ subspace.components.T, np.eye(8), atol=1e-3)


def test_where_hardly_any_background_is_seen_the_plate_must_do(subspace: ResidualSubspace) -> None:
    frame = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (HEIGHT, WIDTH, 3))
    frame = np.kron(frame[::8, ::8], np.ones((8, 8, 1), np.uint8))
    np.testing.assert_array_equal(subspace.background(frame), PLATE)


def test_two_equal_frames_and_a_tiny_picture_will_do() -> None:
    plate = PLATE[:13, :9]
    subspace = ResidualSubspace.learned(plate, [plate, plate])
    found = subspace.background(plate)
    assert found.shape == plate.shape
    np.testing.assert_array_equal(found, plate)


def test_levels_stay_on_the_scale() -> None:
    white = np.full((40, 40, 3), 250, np.uint8)
    frames = [np.full((40, 40, 3), level, np.uint8) for level in (236, 240, 246, 255, 255)]
    subspace = ResidualSubspace.learned(white, frames)
    assert subspace.background(np.full((40, 40, 3), 255, np.uint8)).min() >= 250  # not wrapped round to black
