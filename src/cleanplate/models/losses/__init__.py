"""Reconstruction losses by name, as maps, so that a weight per pixel can take foreground out of them.

All work on pictures in 0 … 1, `[N, C, H, W]`, and give `[N, 1, H, W]`; a mix is a weight per name.
"""

from cleanplate.models.losses.mixing import LOSSES, check_mix, mixed
from cleanplate.models.losses.pointwise import (
    algebraic,
    bce,
    charbonnier,
    l1,
    log_cosh,
    mse,
    photometric,
    smooth_l1,
    x_sigmoid,
    x_tanh,
)
from cleanplate.models.losses.robust import background_weight
from cleanplate.models.losses.structural import ms_ssim, ssim

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
