"""The sweep against every threshold done one by one, and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from cleanplate.metrics import ThresholdSweep
from cleanplate.metrics.functional import cdnet_metrics, count_pixels, curve_of, score_histograms


def scene(seed=0, shape=(31, 47)):
    random = np.random.default_rng(seed)
    truth = random.choice(np.array([0, 50, 85, 170, 255], np.uint8), shape)
    scores = np.clip(random.normal(90, 50, shape) + 60 * (truth == 255), 0, 255).astype(np.uint8)
    return scores, truth, random.choice(np.array([0, 255], np.uint8), shape)


def test_every_threshold_agrees_with_counting_its_mask():
    scores, truth, roi = scene()
    curve = curve_of(score_histograms(scores, truth, roi))
    for threshold in range(256):
        mask = np.where(scores >= threshold, 255, 0).astype(np.uint8)
        metrics = cdnet_metrics(count_pixels(mask, truth, roi))
        for name in ("precision", "recall", "f_measure"):
            assert getattr(curve, name)[threshold] == pytest.approx(metrics[name]), (threshold, name)


def test_area_agrees_with_scikit_learn():
    scores, truth, _ = scene()
    counted = truth != 170
    expected = average_precision_score(truth[counted] == 255, scores[counted])
    assert curve_of(score_histograms(scores, truth)).average_precision == pytest.approx(expected)


def test_pictures_too_large_for_float32_take_another_way():
    class Big(np.ndarray):
        size = 1 << 24

    scores, truth, roi = scene()
    assert (score_histograms(scores.view(Big), truth, roi) == score_histograms(scores, truth, roi)).all()


def test_nothing_to_find_and_nothing_found_is_finite():
    empty = np.zeros((2, 256), np.int64)
    curve = curve_of(empty)
    assert np.isfinite([curve.precision, curve.recall, curve.f_measure]).all()


def test_metric_agrees_with_the_functions():
    metric = ThresholdSweep()
    total = np.zeros((2, 256), np.int64)
    for seed in range(3):
        arrays = scene(seed)
        metric.update(*(torch.from_numpy(array) for array in arrays))
        total += score_histograms(*arrays)
    assert (metric.histograms.numpy() == total).all()
    assert metric.histograms.dtype == torch.int64
    values, curve = metric.compute(), curve_of(total)
    assert float(values["best_threshold"]) == curve.best_threshold
    assert float(values["best_f_measure"]) == pytest.approx(curve.f_measure.max())
    assert values["precision"].shape == (256,)


def test_wrong_arrays_are_refused():
    with pytest.raises(ValueError, match="scores: must be uint8, is float64"):
        score_histograms(np.zeros((2, 2)), np.zeros((2, 2), np.uint8))
