"""Reconstruction losses by name, as maps, so that a weight per pixel can take foreground out of them.

All work on pictures in 0 … 1, `[N, C, H, W]`, and give `[N, 1, H, W]`; a mix is a weight per name.
"""

from cleanplate.models.components.losses.reconstruction import (
    LOSSES,
    algebraic,
    background_weight,
    bce,
    charbonnier,
    check_mix,
    l1,
    log_cosh,
    mixed,
    mse,
    photometric,
    smooth_l1,
    x_sigmoid,
    x_tanh,
)
from cleanplate.models.components.losses.structural import ms_ssim, ssim

__all__ = [
    "LOSSES",
    "algebraic",
    "background_weight",
    "bce",
    "charbonnier",
    "check_mix",
    "l1",
    "log_cosh",
    "mixed",
    "ms_ssim",
    "mse",
    "photometric",
    "smooth_l1",
    "ssim",
    "x_sigmoid",
    "x_tanh",
]
