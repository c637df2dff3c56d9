"""The head as a whole: from frame and background to mask, without memory."""

import numpy as np

from cleanplate.foreground import ForegroundHead, ForegroundOptions
from cleanplate.foreground.difference import less_noise, supported


def scene() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    background = np.full((64, 80, 3), 100, np.uint8)
    frame = np.clip(background + random.normal(0, 4, background.shape), 0, 255).astype(np.uint8)
    frame[20:44, 30:54] = (40, 60, 200)
    return frame, background


def test_an_object_is_cut_out_of_noise() -> None:
    frame, background = scene()
    head = ForegroundHead(ForegroundOptions(threshold=30.0, score_median=9))
    mask = head.mask(head.score(frame, background), frame, background)
    truth = np.zeros((64, 80), bool)
    truth[20:44, 30:54] = True
    assert set(np.unique(mask)) == {0, 255}
    assert (mask[truth] == 255).mean() > 0.93  # a median of 9 rounds the corners
    mask[19:45, 29:55] = 0  # blur and support reach a pixel further
    assert not mask.any()


def test_a_head_remembers_nothing_between_frames() -> None:
    frame, background = scene()
    head = ForegroundHead(ForegroundOptions(rule="otsu", shadows=True))
    first = head.mask(head.score(frame, background), frame, background)
    head.mask(head.score(255 - frame, background), 255 - frame, background)
    np.testing.assert_array_equal(head.mask(head.score(frame, background), frame, background), first)


def test_a_score_of_a_models_own_is_cut_by_the_same_rules() -> None:
    frame, background = scene()
    score = np.zeros((64, 80), np.float32)
    score[0:3, 0:3] = 255
    score[50, 50] = 255
    mask = ForegroundHead(ForegroundOptions(threshold=254, mask_median=3)).mask(score, frame, background)
    assert mask[1, 1] == 255
    assert mask[50, 50] == 0


def test_the_score_is_the_difference_less_noise_then_supported() -> None:
    frame, background = scene()
    noise = np.random.default_rng(1).uniform(0, 20, (64, 80)).astype(np.float32)
    options = ForegroundOptions(noise_scale=1.5, noise_floor=3.0, support=0.4)
    head = ForegroundHead(options)
    difference = head.difference(frame, background)
    expected = supported(less_noise(difference, noise, options), 0.4)
    np.testing.assert_array_equal(head.score(frame, background, noise), expected)
    np.testing.assert_array_equal(head.weighed(difference, noise), expected)


def test_without_support_and_noise_the_score_is_the_difference() -> None:
    frame, background = scene()
    head = ForegroundHead(ForegroundOptions(support=0.0))
    np.testing.assert_array_equal(head.score(frame, background), head.difference(frame, background))
