"""Where the line is drawn, by each rule, against independent computations."""

import numpy as np
import pytest

from cleanplate.foreground import ForegroundOptions
from cleanplate.foreground.head import binarize, frame_noise, otsu_level


def otsu_by_definition(values: np.ndarray) -> int:
    """The whole level at which the variance between the two classes is greatest."""
    best, best_variance = 0, -1.0
    for level in range(256):
        low, high = values[values <= level], values[values > level]
        if len(low) and len(high):
            variance = len(low) * len(high) * (low.mean() - high.mean()) ** 2
            if variance > best_variance * (1 + 1e-12):
                best, best_variance = level, variance
    return best


def hysteresis_by_flooding(score: np.ndarray, low: float, high: float) -> np.ndarray:
    kept = score > high
    while True:
        grown = np.pad(kept, 1)
        grown = np.any([np.roll(grown, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0)[1:-1, 1:-1]
        grown &= score > low
        if (grown == kept).all():
            return np.where(kept, 255, 0)
        kept = grown


def bimodal(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    score = np.abs(random.normal(8, 5, (40, 50)))
    score[10:25, 10:30] = random.normal(90 + 20 * seed, 12, (15, 20))
    return np.clip(score, 0, 255).astype(np.float32)


def test_fixed_keeps_what_exceeds_the_threshold_and_not_what_equals_it() -> None:
    score = np.array([[29.9, 30.0, 30.1, 255.0]], np.float32)
    mask = binarize(score, ForegroundOptions(rule="fixed", threshold=30.0))
    assert mask.dtype == np.uint8
    assert mask.tolist() == [[0, 0, 255, 255]]


@pytest.mark.parametrize("seed", range(4))
def test_otsu_splits_where_the_variance_between_the_classes_is_greatest(seed: int) -> None:
    score = np.rint(bimodal(seed))
    expected = score > otsu_by_definition(score)
    mask = binarize(score, ForegroundOptions(rule="otsu", threshold=0.0))
    np.testing.assert_array_equal(mask > 0, expected)


@pytest.mark.parametrize("seed", range(4))
def test_otsu_puts_fractions_of_a_level_into_the_class_of_their_bin(seed: int) -> None:
    score = bimodal(seed)
    mask = binarize(score, ForegroundOptions(rule="otsu", threshold=0.0))
    np.testing.assert_array_equal(mask > 0, np.rint(score) > otsu_by_definition(np.rint(score)))


def test_otsu_never_goes_below_the_threshold() -> None:
    quiet = np.random.default_rng(0).uniform(0, 6, (40, 50)).astype(np.float32)
    assert otsu_level(quiet) < 6
    assert not binarize(quiet, ForegroundOptions(rule="otsu", threshold=10.0)).any()


@pytest.mark.parametrize("seed", range(5))
def test_hysteresis_keeps_what_floods_from_strong_pixels(seed: int) -> None:
    score = np.random.default_rng(seed).uniform(0, 60, (30, 40)).astype(np.float32)
    mask = binarize(score, ForegroundOptions(rule="hysteresis", threshold=58.0, low=38.0))
    np.testing.assert_array_equal(mask, hysteresis_by_flooding(score, 38.0, 58.0))
    assert 0 < mask.mean() < 255


def test_hysteresis_reaches_over_corners_and_drops_what_is_only_weak() -> None:
    score = np.zeros((5, 7), np.float32)
    score[1, 1], score[2, 2] = 50, 20
    score[4, 5:] = 20
    mask = binarize(score, ForegroundOptions(rule="hysteresis", threshold=30.0, low=15.0))
    assert np.argwhere(mask).tolist() == [[1, 1], [2, 2]]


@pytest.mark.parametrize("level", [0.0, 200.0])
def test_hysteresis_of_a_flat_score_is_all_or_nothing(level: float) -> None:
    mask = binarize(np.full((5, 7), level, np.float32), ForegroundOptions(rule="hysteresis"))
    assert (mask == (255 if level else 0)).all()


def test_frame_noise_is_the_deviation_of_the_background_under_a_fair_share_of_foreground() -> None:
    score = np.abs(np.random.default_rng(0).normal(0, 4.0, (200, 200))).astype(np.float32)
    assert frame_noise(score) == pytest.approx(4.0, rel=0.03)
    score[:40] = 150
    assert frame_noise(score) == pytest.approx(4.0, rel=0.4)


def test_the_noise_rule_follows_the_frames_own_noise() -> None:
    random = np.random.default_rng(0)
    options = ForegroundOptions(rule="noise", threshold=5.0)
    for deviation in (2.0, 8.0):
        score = np.abs(random.normal(0, deviation, (200, 200))).astype(np.float32)
        score[:20, :20] = 8 * deviation
        mask = binarize(score, options)
        assert (mask[:20, :20] == 255).all()
        assert (mask > 0).mean() < 0.0101


def test_a_frame_without_noise_is_cut_as_if_it_had_one_level() -> None:
    score = np.zeros((10, 10), np.float32)
    score[0, 0], score[0, 1] = 5.5, 4.5
    assert frame_noise(score) == 1.0
    assert np.argwhere(binarize(score, ForegroundOptions(rule="noise", threshold=5.0))).tolist() == [[0, 0]]


@pytest.mark.parametrize("level", [0.0, 28.0, 28.1, 254.0, 255.0, 1e9])
def test_the_line_is_drawn_as_numpy_compares(level: float) -> None:
    score = np.random.default_rng(0).uniform(0, 256, (40, 30)).astype(np.float32)
    score[0] = np.nextafter(np.float32(level), np.float32([-1, 1e10])).repeat(15)
    score[1] = level
    found = binarize(score, ForegroundOptions(threshold=level))
    np.testing.assert_array_equal(found, np.where(score > level, 255, 0))
    assert found.dtype == np.uint8
