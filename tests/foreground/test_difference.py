"""The score: two-sided, blind to light, less the noise that a model expects, supported by what is around."""

import cv2
import numpy as np
import pytest

from cleanplate.foreground import ForegroundOptions
from cleanplate.foreground.difference import compensate_light, difference_score, less_noise, median_filtered, supported

PLAIN = ForegroundOptions(blur=0, gain="none", score_median=0)


def plain(**options) -> ForegroundOptions:
    return ForegroundOptions(**{"blur": 0, "gain": "none", "score_median": 0} | options)


@pytest.fixture
def plate() -> np.ndarray:
    """A textured picture with headroom for light above and below."""
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (21, 21), 0).astype(np.float32)
    return cv2.normalize(smooth, None, 40, 150, cv2.NORM_MINMAX).astype(np.uint8)


def lit(plate: np.ndarray, factor: float = 1.0, offset: float = 0.0) -> np.ndarray:
    return np.clip(np.rint(plate * factor + offset), 0, 255).astype(np.uint8)


def test_darker_and_brighter_count_alike() -> None:
    background = np.full((4, 6, 3), 100, np.uint8)
    frame = background.copy()
    frame[0, 0] = 140
    frame[1, 1] = 60
    score = difference_score(frame, background, PLAIN)
    assert score.dtype == np.float32
    assert (score[0, 0], score[1, 1], score[2, 2]) == (40, 40, 0)


@pytest.mark.parametrize(("channels", "expected"), [("max", 90), ("mean", 40), ("luma", 0.114 * 90 + 0.587 * 30)])
def test_the_channels_become_one_number(channels, expected: float) -> None:
    background = np.full((4, 6, 3), 100, np.uint8)
    frame = background + np.array([90, 30, 0], np.uint8)
    np.testing.assert_allclose(difference_score(frame, background, plain(channels=channels)), expected, atol=0.6)


def test_a_frame_like_its_background_scores_nothing(plate: np.ndarray) -> None:
    assert difference_score(plate, plate, ForegroundOptions()).max() == 0


@pytest.mark.parametrize("offset", [-35, -10, 10, 60])
def test_an_offset_of_the_light_makes_no_foreground(plate: np.ndarray, offset: float) -> None:
    frame = lit(plate, offset=offset)
    assert difference_score(frame, plate, plain()).min() >= 9
    assert difference_score(frame, plate, plain(gain="offset")).max() <= 1


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.2, 1.6])
def test_a_gain_of_the_light_makes_no_foreground(plate: np.ndarray, factor: float) -> None:
    assert difference_score(lit(plate, factor), plate, plain(gain="gain")).max() <= 2


@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_a_gain_is_measured_in_a_picture_of_two_levels(factor: float) -> None:
    background = np.full((120, 160, 3), 30, np.uint8)
    background[:, 80:] = 160
    assert difference_score(lit(background, factor), background, plain(gain="gain")).max() <= 1


def test_each_channel_has_a_light_of_its_own(plate: np.ndarray) -> None:
    frame = np.clip(plate.astype(int) + np.array([20, 0, -15]), 0, 255).astype(np.uint8)
    assert difference_score(frame, plate, plain(gain="offset")).max() <= 1


@pytest.mark.parametrize("gain", ["offset", "gain"])
def test_an_object_of_a_third_of_the_picture_stays_under_changed_light(plate: np.ndarray, gain) -> None:
    frame = lit(plate, offset=20) if gain == "offset" else lit(plate, 1.2)
    frame[:, :50] = 230
    score = difference_score(frame, plate, plain(gain=gain))
    assert score[:, :50].min() > 25
    assert score[:, 52:].max() <= 3


@pytest.mark.parametrize("gain", ["none", "offset", "gain"])
def test_the_light_of_an_unchanged_picture_is_left_alone(plate: np.ndarray, gain) -> None:
    np.testing.assert_array_equal(compensate_light(plate, plate, gain), plate)


@pytest.mark.parametrize("gain", ["offset", "gain"])
@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_pictures_do_not_overflow(gain, level: int) -> None:
    frame = np.full((32, 32, 3), level, np.uint8)
    for background in (np.zeros_like(frame), np.full_like(frame, 255), np.full_like(frame, 128)):
        assert np.isfinite(difference_score(frame, background, plain(gain=gain))).all()


def test_expected_noise_is_taken_off_but_never_below_zero() -> None:
    score, noise = np.full((4, 6), 10, np.float32), np.zeros((4, 6), np.float32)
    noise[:, 3:] = 7
    less = less_noise(score, noise, plain(noise_scale=1.0, noise_floor=0.0))
    assert (less[:, :3] == 10).all()
    assert (less[:, 3:] == 3).all()
    assert less.dtype == np.float32
    assert (less_noise(score, noise, plain(noise_scale=2.0, noise_floor=0.0))[:, 3:] == 0).all()
    assert (less_noise(score, noise, plain(noise_scale=0.0, noise_floor=0.0)) == 10).all()
    assert (less_noise(score, None, plain(noise_scale=1.0, noise_floor=0.0)) == 10).all()


def test_only_noise_above_the_floor_is_taken_off() -> None:
    score, noise = np.full((4, 6), 30, np.float32), np.full((4, 6), 3, np.float32)
    noise[:, 3:] = 7
    less = less_noise(score, noise, plain(noise_scale=2.0, noise_floor=4.0))
    assert (less[:, :3] == 30).all()
    assert (less[:, 3:] == 24).all()


@pytest.mark.parametrize("support", [0.1, 0.25, 1.0])
def test_support_adds_the_mean_around_and_takes_some_of_the_own_score_off(support: float) -> None:
    score = np.random.default_rng(0).uniform(0, 120, (50, 60)).astype(np.float32)
    found = supported(score, support)
    assert found.dtype == np.float32
    for row, column in ((25, 30), (12, 40)):
        around = np.minimum(score[row - 10 : row + 11, column - 10 : column + 11], 60).mean()
        expected = score[row, column] * (1 - 0.6 * support) + support * around
        assert found[row, column] == pytest.approx(expected, rel=1e-4)


def test_with_support_a_lonely_speck_sinks_and_a_pale_part_of_an_object_rises() -> None:
    score = np.zeros((80, 80), np.float32)
    score[5, 5] = 31  # a speck just above the threshold
    score[30:60, 30:60] = 50
    score[43:47, 43:47] = 28  # a part of an object just below it
    found = supported(score, 0.25)
    assert found[5, 5] < 30 < found[45, 45]


def test_a_glaring_spot_does_not_raise_more_around_it_than_a_bright_one() -> None:
    score = np.zeros((60, 60), np.float32)
    score[25:35, 25:35] = 60
    glaring = np.where(score > 0, np.float32(255), score)
    np.testing.assert_allclose(supported(glaring, 0.25)[score == 0], supported(score, 0.25)[score == 0], atol=1e-4)


@pytest.mark.parametrize("side", [3, 5, 9, 21])
def test_the_median_takes_specks_out_of_the_score(side: int) -> None:
    background = np.full((60, 60, 3), 100, np.uint8)
    frame = background.copy()
    frame[10, 10] = 200
    frame[30:59, 30:59] = 200
    score = difference_score(frame, background, plain(score_median=side))
    assert score.dtype == np.float32
    assert score[10, 10] == 0
    assert score[45, 45] == 100


def test_the_blur_spreads_a_speck() -> None:
    background = np.full((9, 9, 3), 100, np.uint8)
    frame = background.copy()
    frame[4, 4] = 164
    score = difference_score(frame, background, plain(blur=3))
    assert (score[4, 4], score[4, 5], score[3, 3]) == (16, 8, 4)


def test_neither_frame_nor_background_is_written_to(plate: np.ndarray) -> None:
    frame, background = lit(plate, offset=9), plate.copy()
    copies = frame.copy(), background.copy()
    difference_score(frame, background, ForegroundOptions())
    np.testing.assert_array_equal(frame, copies[0])
    np.testing.assert_array_equal(background, copies[1])


@pytest.mark.parametrize("side", [3, 5, 7, 9, 15, 21])
@pytest.mark.parametrize("size", [(5, 7), (26, 40), (27, 40), (61, 33), (240, 320)])
def test_the_median_in_bands_is_that_of_opencv(side: int, size: tuple[int, int]) -> None:
    random = np.random.default_rng(side)
    for picture in (random.integers(0, 256, size, np.uint8), (random.random(size) ** 6 * 255).astype(np.uint8)):
        copy = picture.copy()
        np.testing.assert_array_equal(median_filtered(picture, side), cv2.medianBlur(picture, side))
        np.testing.assert_array_equal(picture, copy)


def compensated_plainly(frame: np.ndarray, background: np.ndarray, gain: str) -> np.ndarray:
    """The rule of `compensate_light` as one would write it down, pixel by pixel in float64."""
    step = max(1, min(frame.shape[:2]) // 60)
    seen, plate = (picture[::step, ::step].reshape(-1, 3).astype(np.float64) for picture in (frame, background))
    guess = plate + np.median(seen - plate, axis=0)
    if gain == "gain":
        guess = plate * np.median((seen + 1) / (plate + 1), axis=0)
    still = (np.abs(seen - guess) < 20).all(axis=1)
    if still.mean() < 0.1:
        return background
    if gain == "gain":
        whole = background * ((seen[still].sum(axis=0) + 1) / (plate[still].sum(axis=0) + 1))
    else:
        whole = background + (seen - plate)[still].mean(axis=0)
    return np.clip(np.rint(whole), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("gain", ["offset", "gain"])
@pytest.mark.parametrize("size", [(61, 45), (120, 161), (240, 320)])
def test_light_is_compensated_by_the_rule(plate: np.ndarray, gain: str, size: tuple[int, int]) -> None:
    random = np.random.default_rng(size[0])
    background = cv2.resize(plate, size[::-1])
    for factor, offset in ((1.0, 0.0), (1.3, 5.0), (0.8, -4.0), (1.0, 300.0)):
        frame = np.clip(lit(background, factor, offset) + random.normal(0, 3, background.shape), 0, 255)
        frame = frame.astype(np.uint8)
        frame[5:40, 8:30] = random.integers(0, 256, 3)
        found = compensate_light(frame, background, gain)
        np.testing.assert_array_equal(found, compensated_plainly(frame, background, gain))
