"""Multi-scale structural similarity of two grey pictures.

Source: Wang, Simoncelli, Bovik, "Multi-scale structural similarity for image quality assessment" (2003), with the
parameters and the window rule of the scene-background challenge (SBMnet 2016).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

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
