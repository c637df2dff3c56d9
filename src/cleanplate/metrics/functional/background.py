"""The scene-background six: how close an estimated background is to the true one.

Source: Maddalena, Petrosino, "Towards Benchmarking Scene Background Initialization" (2015) and the evaluation of the
scene-background challenge (SBMnet 2016); CQM is Yalman, Ertürk (2013).
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.metrics.functional.labels import Image, require_uint8
from cleanplate.metrics.functional.msssim import ms_ssim

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
