"""The losses by name, and weighted sums of them."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from cleanplate.errors import ConfigError
from cleanplate.models.losses import pointwise, structural

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": pointwise.mse,
    "l1": pointwise.l1,
    "smooth_l1": pointwise.smooth_l1,
    "charbonnier": pointwise.charbonnier,
    "log_cosh": pointwise.log_cosh,
    "x_tanh": pointwise.x_tanh,
    "x_sigmoid": pointwise.x_sigmoid,
    "algebraic": pointwise.algebraic,
    "photometric": pointwise.photometric,
    "bce": pointwise.bce,
    "ssim": structural.ssim,
    "ms_ssim": structural.ms_ssim,
}


def check_mix(mix: Mapping[str, float]) -> None:
    """Refuses an empty mix, one of zeros, an unknown loss or a negative weight with a `ConfigError`."""
    for name, weight in mix.items():
        if name not in LOSSES:
            raise ConfigError(f"loss.{name}: no such loss; choose from {', '.join(LOSSES)}")
        if weight < 0:
            raise ConfigError(f"loss.{name}: {weight} is negative; choose 0 or more")
    if not any(mix.values()):
        raise ConfigError(f"loss: nothing has a weight; give one to at least one of {', '.join(LOSSES)}")


def mixed(mix: Mapping[str, float], estimate: Tensor, target: Tensor) -> Tensor:
    """The weighted sum of losses in `mix`, `[N, 1, H, W]`."""
    total = torch.zeros_like(target[:, :1])
    for name, weight in mix.items():
        if weight:
            total = total + weight * LOSSES[name](estimate, target)
    return total
