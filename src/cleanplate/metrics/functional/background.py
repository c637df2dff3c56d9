"""The six scene-background metrics: how close an estimated background is to the true one.

Source: Maddalena, Petrosino, "Towards Benchmarking Scene Background Initialization" (2015) and the evaluation of the
scene-background challenge (SBMnet 2016); CQM is Yalman, Ertürk (2013).
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.metrics.functional.cdnet import require_uint8
from cleanplate.utils.arrays import Image

BACKGROUND_SIX = ("age", "peps", "pceps", "ms_ssim", "psnr", "cqm")
ERROR_ABOVE = 20
EQUAL_DECIBEL = 99.0

Whole = NDArray[np.int32]


def background_quality(estimate: Image, truth: Image) -> dict[str, float]:
    """The six, of one estimated background against one true one.

    With Y = .299 R + .587 G + .114 B and D = |Y_truth - Y_estimate| rounded (halves up, as the challenge's own code):

    - `age`: mean of D, grey levels, lower is better;
    - `peps`: share of pixels with D > 20, in [0, 1], lower is better;
    - `pceps`: share of pixels whose D and whose four neighbours' D is over 20 (beyond the border counts as over);
    - `ms_ssim`: see `ms_ssim`, on Y;
    - `psnr`: decibels on Y with peak 255, 99 where D is 0 everywhere;
    - `cqm`: .9449 PSNR_Y + .0551 (PSNR_U + PSNR_V) / 2, decibels, where Y = ⌊(R + 2G + B) / 4⌋, U = max(0, R - G),
      V = max(0, B - G), each PSNR 99 where its planes are equal.

    Args:
        estimate: uint8 `[H, W, 3]`, BGR.
        truth: the same.

    Raises:
        ValueError: for arrays of another type, or of shapes that differ or are not `[H, W, 3]`.
    """
    require_uint8(estimate=estimate, truth=truth)
    if truth.ndim != 3 or truth.shape[2] != 3:
        raise ValueError(f"truth: must be [H, W, 3], has shape {truth.shape}")
    # A thousand times Y is whole, so D is rounded exactly and equal pictures have an error of exactly zero.
    luma_estimate, luma_truth = _thousand_luma(estimate), _thousand_luma(truth)
    error = luma_truth - luma_estimate
    difference = ((np.abs(error) + 500) // 1000).astype(np.uint8)
    wrong = (difference > ERROR_ABOVE).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return {
        "age": float(difference.mean()),
        "peps": float(wrong.mean()),
        "pceps": float(cv2.erode(wrong, cross).mean()),
        "ms_ssim": ms_ssim(luma_estimate / 1000, luma_truth / 1000),
        "psnr": _psnr(error / 1000) if difference.any() else EQUAL_DECIBEL,
        "cqm": _cqm(estimate, truth),
    }


def best_background_quality(estimate: Image, truths: Iterable[Image]) -> dict[str, float]:
    """The six against that one of several true backgrounds that gives the highest MS-SSIM.

    Raises:
        ValueError: if `truths` is empty; else as `background_quality`.
    """
    return max((background_quality(estimate, truth) for truth in truths), key=lambda quality: quality["ms_ssim"])


def _thousand_luma(image: Image) -> Whole:
    blue, green, red = (image[..., channel].astype(np.int32) for channel in range(3))
    return 299 * red + 587 * green + 114 * blue


def _cqm(estimate: Image, truth: Image) -> float:
    pairs = zip(_reversible_yuv(estimate), _reversible_yuv(truth), strict=True)
    y, u, v = (_psnr((first - second).astype(np.float64)) for first, second in pairs)
    return 0.9449 * y + 0.0551 * (u + v) / 2


def _reversible_yuv(image: Image) -> tuple[Whole, Whole, Whole]:
    blue, green, red = (image[..., channel].astype(np.int32) for channel in range(3))
    return (red + 2 * green + blue) // 4, np.maximum(red - green, 0), np.maximum(blue - green, 0)


def _psnr(error: NDArray[np.float64]) -> float:
    mean_square = float(np.mean(error * error))
    return 10 * float(np.log10(255 * 255 / mean_square)) if mean_square else EQUAL_DECIBEL


Plane = NDArray[np.float64]

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SIGMA = 1.5
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


def ms_ssim(first: Plane, second: Plane) -> float:
    r"""$\prod_{i<5} \overline{cs_i}^{w_i} \cdot \overline{ssim_5}^{w_5}$ over five scales, each half the one before.

    The Gaussian window is 11×11 and only positions where it fits count. Five scales do not hold it where the short side
    is under 176 pixels; the challenge then takes a window of ⌊short side / 16⌋ pixels (here at least 1) with the same
    sigma, so a value exists for every picture. A picture of odd size repeats its last row or column when halved. A
    negative mean, which has no real power, counts as 0 (so does torchmetrics with `normalize="relu"`).

    Args:
        first: float64 `[H, W]`, 0 to 255.
        second: the same.

    Returns:
        A similarity in [0, 1]; 1 for equal pictures.
    """
    window = _window(min(first.shape))
    product = 1.0
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        ssim, contrast = _similarities(first, second, window)
        product *= max(ssim if last else contrast, 0.0) ** weight
        if not last:
            first, second = _halved(first), _halved(second)
    return product


def _window(short_side: int) -> Plane:
    """The Gaussian window's one-dimensional factor, sum 1."""
    size = 11 if short_side >= 176 else max(short_side // 16, 1)
    offsets = np.arange(size) - (size - 1) / 2
    factor = np.exp(-(offsets**2) / (2 * SIGMA**2))
    return np.asarray(factor / factor.sum(), dtype=np.float64)


def _similarities(first: Plane, second: Plane, window: Plane) -> tuple[float, float]:
    """Mean SSIM and mean contrast-structure term of one scale."""
    mean_1, mean_2 = _smoothed(first, window), _smoothed(second, window)
    variance_1 = _smoothed(first * first, window) - mean_1 * mean_1
    variance_2 = _smoothed(second * second, window) - mean_2 * mean_2
    covariance = _smoothed(first * second, window) - mean_1 * mean_2
    contrast = (2 * covariance + C2) / (variance_1 + variance_2 + C2)
    luminance = (2 * mean_1 * mean_2 + C1) / (mean_1 * mean_1 + mean_2 * mean_2 + C1)
    return float((luminance * contrast).mean()), float(contrast.mean())


def _smoothed(plane: Plane, window: Plane) -> Plane:
    """Convolution with the window where it lies wholly inside the picture."""
    size = len(window)
    height, width = plane.shape
    smooth = cv2.sepFilter2D(plane, cv2.CV_64F, window, window, anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth[: height - size + 1, : width - size + 1], dtype=np.float64)


def _halved(plane: Plane) -> Plane:
    """Means of 2×2 blocks."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    return (padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]) / 4
