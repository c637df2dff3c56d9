"""Counts against plain masks and scikit-learn; the Metric class against the functions."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from cleanplate.metrics import CdnetMetrics
from cleanplate.metrics.functional import CDNET_SEVEN, CdnetCounts, PixelCounter, cdnet_metrics, count_pixels

LABELS = np.array([0, 50, 85, 170, 255], np.uint8)


def scene(seed, shape=(37, 53)):
    random = np.random.default_rng(seed)
    mask = random.choice(np.array([0, 127, 255], np.uint8), shape)
    truth = random.choice(LABELS, shape)
    roi = random.choice(np.array([0, 1, 255], np.uint8), shape)
    return mask, truth, roi


def slow_counts(mask, truth, roi):
    tally = dict.fromkeys(["tp", "fp", "fn", "tn", "shadow_errors", "shadow_pixels"], 0)
    for predicted, label, inside in zip(mask.flat, truth.flat, roi.flat, strict=True):
        if inside == 0 or label == 170:
            continue
        right = (predicted == 255) == (label == 255)
        tally[("t" if right else "f") + ("p" if predicted == 255 else "n")] += 1
        if label == 50:
            tally["shadow_pixels"] += 1
            tally["shadow_errors"] += int(predicted == 255)
    return CdnetCounts(**tally, frames=1)


@pytest.mark.parametrize("shape", [(37, 53), (8, 8), (1, 1), (240, 320)])
def test_counts_agree_with_a_loop_over_pixels(shape):
    mask, truth, roi = scene(1, shape)
    assert count_pixels(mask, truth, roi) == slow_counts(mask, truth, roi)
    assert count_pixels(mask, truth) == slow_counts(mask, truth, np.ones_like(mask))


def test_labels_outside_the_standard_are_negative():
    mask = np.array([[255, 0]], np.uint8)
    truth = np.array([[254, 1]], np.uint8)
    assert count_pixels(mask, truth) == CdnetCounts(fp=1, tn=1, frames=1)


def test_counts_agree_with_scikit_learn():
    mask, truth, roi = scene(2)
    counted = (roi != 0) & (truth != 170)
    actual, predicted = truth[counted] == 255, mask[counted] == 255
    counts = count_pixels(mask, truth, roi)
    (tn, fp), (fn, tp) = confusion_matrix(actual, predicted)
    assert (counts.tn, counts.fp, counts.fn, counts.tp) == (tn, fp, fn, tp)
    metrics = cdnet_metrics(counts)
    assert metrics["precision"] == pytest.approx(precision_score(actual, predicted))
    assert metrics["recall"] == pytest.approx(recall_score(actual, predicted))
    assert metrics["f_measure"] == pytest.approx(f1_score(actual, predicted))
    assert metrics["specificity"] == pytest.approx(recall_score(~actual, ~predicted))
    assert metrics["fpr"] == pytest.approx(1 - metrics["specificity"])
    assert metrics["fnr"] == pytest.approx(1 - metrics["recall"])
    assert metrics["pwc"] == pytest.approx(100 * np.mean(actual != predicted))


def test_arrays_that_are_not_contiguous():
    mask, truth, roi = (np.asfortranarray(array) for array in scene(3))
    assert count_pixels(mask[::2, ::-1], truth[::2, ::-1], roi[::2, ::-1]) == slow_counts(
        mask[::2, ::-1], truth[::2, ::-1], roi[::2, ::-1]
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (CdnetCounts(tn=9), {"recall": 1, "precision": 1, "f_measure": 1, "fnr": 0, "pwc": 0, "specificity": 1}),
        (CdnetCounts(tn=8, fp=1), {"recall": 1, "precision": 0, "f_measure": 0}),
        (CdnetCounts(tn=8, fn=1), {"recall": 0, "precision": 0, "f_measure": 0, "fnr": 1}),
        (CdnetCounts(tp=5), {"specificity": 1, "fpr": 0, "f_measure": 1}),
        (CdnetCounts(), {"pwc": 0}),
    ],
)
def test_what_zero_over_zero_is(counts, expected):
    metrics = cdnet_metrics(counts)
    assert all(math.isfinite(value) for value in metrics.values())
    assert {name: metrics[name] for name in expected} == expected


def test_shadow_rate_only_where_there_is_shadow():
    assert "fpr_s" not in cdnet_metrics(CdnetCounts(tp=1))
    assert cdnet_metrics(CdnetCounts(fp=3, shadow_errors=3, shadow_pixels=12))["fpr_s"] == 0.25


@pytest.mark.parametrize(
    ("mask", "truth", "message"),
    [
        (np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), r"truth: has shape \(2, 3\), roi has \(2, 2\)"),
        (np.zeros((2, 2), np.float32), np.zeros((2, 2), np.uint8), "mask: must be uint8, is float32"),
        (np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.int64), "truth: must be uint8, is int64"),
    ],
)
def test_wrong_arrays_are_refused(mask, truth, message):
    with pytest.raises(ValueError, match=message):
        count_pixels(mask, truth)


def test_wrong_roi_is_refused():
    with pytest.raises(ValueError, match=r"roi: has shape \(2, 2\), the frames have \(3, 3\)"):
        PixelCounter(np.ones((2, 2), np.uint8), (3, 3))


def batch(seeds):
    return (torch.from_numpy(np.stack(arrays)) for arrays in zip(*(scene(seed) for seed in seeds), strict=True))


def test_metric_agrees_with_the_functions():
    metric = CdnetMetrics()
    for seeds in ([1, 2, 3], [4]):
        metric.update(*batch(seeds))
    total = sum((count_pixels(*scene(seed)) for seed in (1, 2, 3, 4)), CdnetCounts())
    assert metric.counts() == total
    values = metric.compute()
    assert set(CDNET_SEVEN) | {"fpr_s"} == set(values)
    for name, value in cdnet_metrics(total).items():
        assert float(values[name]) == pytest.approx(value, rel=1e-6)


def test_one_roi_serves_a_batch():
    mask, truth, roi = batch([1, 2])
    metric = CdnetMetrics()
    metric.update(mask, truth, roi[0])
    assert metric.counts().frames == 2
    single = CdnetMetrics()
    single.update(mask[0], truth[0], roi[0])
    assert single.counts() == count_pixels(*scene(1))


@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_metric_starts_again_after_reset_and_is_finite_before_update():
    metric = CdnetMetrics()
    metric.update(*batch([1]))
    metric.reset()
    assert metric.counts() == CdnetCounts()
    assert all(torch.isfinite(value) for value in metric.compute().values())


def test_metric_refuses_floats():
    with pytest.raises(ValueError, match=r"mask: must be uint8, is torch\.float32"):
        CdnetMetrics().update(torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.uint8))


def test_counts_pass_two_billion():
    # A data set has more pixels than int32 counts.
    metric = CdnetMetrics()
    metric.tn += 3 * 2**31
    assert metric.counts().tn == 3 * 2**31
    assert metric.tn.dtype == torch.int64
