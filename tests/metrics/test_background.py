"""The scene-background six against a reference written from the rules, with SciPy."""

import numpy as np
import pytest
import torch
from scipy import ndimage, signal

from cleanplate.metrics import BackgroundQuality
from cleanplate.metrics.functional import BACKGROUND_SIX, background_quality, best_background_quality, ms_ssim

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def pair(shape=(240, 320), noise=12.0, seed=0):
    random = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(random.uniform(0, 255, (*shape, 3)), (4, 4, 0))
    truth = np.clip((smooth - smooth.mean()) * 6 + 128, 0, 255)
    estimate = truth + random.normal(0, noise, truth.shape)
    estimate[20:60, 30:80] += 60  # a ghost
    return np.clip(estimate, 0, 255).astype(np.uint8), truth.astype(np.uint8)


def luma(bgr):
    return bgr[..., 2] * 0.299 + bgr[..., 1] * 0.587 + bgr[..., 0] * 0.114


def reference_ms_ssim(first, second):
    short = min(first.shape)
    size = 11 if short >= 176 else max(short // 16, 1)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    window = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    window /= window.sum()
    result = 1.0
    for scale, weight in enumerate(WEIGHTS):
        m1, m2 = (signal.convolve2d(image, window, mode="valid") for image in (first, second))
        s11, s22, s12 = (
            signal.convolve2d(image, window, mode="valid") for image in (first * first, second * second, first * second)
        )
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        contrast = (2 * (s12 - m1 * m2) + c2) / (s11 - m1**2 + s22 - m2**2 + c2)
        light = (2 * m1 * m2 + c1) / (m1**2 + m2**2 + c1)
        result *= max((light * contrast if scale == 4 else contrast).mean(), 0) ** weight
        first, second = (
            ndimage.convolve(image, np.full((2, 2), 0.25), mode="reflect")[::2, ::2] for image in (first, second)
        )
    return result


def psnr(first, second):
    error = np.mean((first.astype(float) - second.astype(float)) ** 2)
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


def reversible(bgr):
    blue, green, red = (bgr[..., channel].astype(float) for channel in range(3))
    return np.floor((red + 2 * green + blue) / 4), np.maximum(0, red - green), np.maximum(0, blue - green)


def reference(estimate, truth):
    first, second = luma(estimate), luma(truth)
    difference = np.floor(np.abs(second - first) + 0.5 + 1e-9)
    wrong = difference > 20
    cross = ndimage.generate_binary_structure(2, 1)
    y, u, v = (psnr(ours, theirs) for ours, theirs in zip(reversible(estimate), reversible(truth), strict=True))
    return {
        "age": difference.mean(),
        "peps": wrong.mean(),
        "pceps": ndimage.binary_erosion(wrong, cross, border_value=1).mean(),
        "ms_ssim": reference_ms_ssim(first, second),
        "psnr": psnr(first, second),
        "cqm": 0.9449 * y + 0.0551 * (u + v) / 2,
    }


@pytest.mark.parametrize("shape", [(240, 320), (241, 323), (144, 176), (100, 90), (65, 97)])
def test_the_six_agree_with_the_rules(shape):
    estimate, truth = pair(shape)
    assert background_quality(estimate, truth) == pytest.approx(reference(estimate, truth), rel=1e-9)


def test_ms_ssim_agrees_with_torchmetrics_where_it_has_the_same_rule():
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as theirs

    first, second = (luma(image) for image in pair((192, 256)))  # halves evenly, and five scales hold the window
    tensors = [torch.from_numpy(plane)[None, None] for plane in (first, second)]
    assert ms_ssim(first, second) == pytest.approx(
        float(theirs(*tensors, data_range=255.0, kernel_size=11, sigma=1.5, normalize="relu")), abs=2e-2
    )


def test_equal_backgrounds_are_perfect():
    _, truth = pair((64, 64))
    assert background_quality(truth, truth) == pytest.approx(
        {"age": 0, "peps": 0, "pceps": 0, "ms_ssim": 1, "psnr": 99, "cqm": 99}
    )


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (15, 200)])
def test_tiny_pictures_have_finite_numbers(shape):
    random = np.random.default_rng(0)
    estimate, truth = random.integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    quality = background_quality(estimate, truth)
    assert np.isfinite(list(quality.values())).all()
    assert quality == pytest.approx(reference(estimate, truth), rel=1e-9)


def test_opposite_pictures_have_no_similarity_and_no_nan():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2] = 255
    assert background_quality(255 - stripes, stripes)["ms_ssim"] == 0


def test_halves_are_rounded_up():
    estimate = np.full((4, 4, 3), (5, 13, 1), np.uint8)  # Y is 8.5, which half to even would make 8
    assert background_quality(estimate, np.zeros_like(estimate))["age"] == 9


def test_the_best_of_several_truths_counts():
    estimate, truth = pair((64, 64), noise=3)
    other = 255 - truth
    assert best_background_quality(estimate, [other, truth]) == background_quality(estimate, truth)


@pytest.mark.parametrize(
    ("estimate", "truth", "message"),
    [
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8), "truth: has shape"),
        (np.zeros((4, 4, 3)), np.zeros((4, 4, 3), np.uint8), "estimate: must be uint8"),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8), r"must be \[H, W, 3\]"),
    ],
)
def test_wrong_pictures_are_refused(estimate, truth, message):
    with pytest.raises(ValueError, match=message):
        background_quality(estimate, truth)


def test_metric_averages_pictures_whatever_their_type():
    pairs = [pair((64, 80), seed=seed) for seed in range(3)]
    expected = {name: np.mean([background_quality(*each)[name] for each in pairs]) for name in BACKGROUND_SIX}
    estimate, truth = (
        torch.from_numpy(np.stack(images)[..., ::-1].copy()).permute(0, 3, 1, 2) for images in zip(*pairs, strict=True)
    )
    for convert in (lambda batch: batch, lambda batch: batch.float() / 255):
        metric = BackgroundQuality()
        metric.update(convert(estimate)[:2], convert(truth)[:2])
        metric.update(convert(estimate)[2:], convert(truth)[2:])
        assert {name: float(value) for name, value in metric.compute().items()} == pytest.approx(expected, rel=1e-5)


def test_metric_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"must both be \[N, 3, H, W\]"):
        BackgroundQuality().update(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8))
