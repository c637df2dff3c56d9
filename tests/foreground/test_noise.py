"""How restless a pixel is: what rests is told from what never does, whoever passes."""

import numpy as np

from cleanplate.foreground import ForegroundHead, ForegroundOptions
from cleanplate.foreground.difference import resting_noise


def test_the_noise_is_the_median_over_the_quiet_samples_smoothed_over_nine_pixels() -> None:
    scores = np.random.default_rng(0).integers(0, 200, (11, 40, 50)).astype(np.uint8)
    noise = resting_noise(scores)
    assert noise.dtype == np.float32
    median = np.median(scores, axis=0)
    for row, column in ((20, 25), (4, 45)):
        around = median[row - 4 : row + 5, column - 4 : column + 5].mean()
        assert abs(noise[row, column] - around) < 1e-3


def test_of_an_even_number_of_samples_the_lower_middle_one_counts() -> None:
    scores = np.stack([np.full((12, 12), level, np.uint8) for level in (9, 1, 5, 3)])
    assert (resting_noise(scores) == 3).all()


def test_one_sample_is_enough() -> None:
    assert (resting_noise(np.full((1, 12, 12), 7, np.uint8)) == 7).all()


def test_whoever_is_in_less_than_half_of_the_quiet_samples_is_no_noise_but_leaves_are() -> None:
    scores = np.full((9, 40, 60), 2, np.uint8)
    scores[:4, 5:20, 5:20] = 90  # somebody who stayed
    scores[:, :, 40:] = np.random.default_rng(0).integers(30, 50, (9, 40, 20))  # leaves
    noise = resting_noise(scores)
    assert noise[:, :30].max() == 2
    assert noise[:, 45:].min() > 30


def test_what_never_rests_is_not_cut_out_and_what_passes_over_it_is() -> None:
    background = np.full((60, 80, 3), 100, np.uint8)
    noise = np.zeros((60, 80), np.float32)
    noise[:, 40:] = 44
    frame = background.copy()
    frame[:, 40:] += 40  # leaves at their usual
    frame[20:40, 5:25] = frame[20:40, 50:70] = 200
    head = ForegroundHead(ForegroundOptions(gain="none"))
    mask = head.mask(head.score(frame, background, noise), frame, background)
    assert (mask[24:36, 9:21] == 255).all()
    assert (mask[24:36, 54:66] == 255).all()
    mask[15:45, 0:30] = mask[15:45, 45:75] = 0
    assert not mask.any()
    loud = head.mask(head.score(frame, background), frame, background)
    assert (loud[:, 50:] == 255).all()
