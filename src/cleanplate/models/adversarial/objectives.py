"""Shared parts of the losses of GANs; each model's own loss is in its `model.py`."""

import math
from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

Discriminator = Callable[[Tensor], Any]

_CELLS = 8


class Objective(Protocol):
    """Two losses, each a sum of named parts. `real` and `made` are pictures as the discriminator sees them."""

    def discriminator_loss(
        self, discriminator: Discriminator, real: Tensor, made: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """What the discriminator lowers; `made` are detached, `generator` is for random draws."""

    def generator_loss(self, discriminator: Discriminator, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """What the generator lowers."""


def moment_distance(made: Tensor, real: Tensor) -> Tensor:
    """How far the mean of generated pictures is from that of real ones, and the variety of their coarse light.

    Euclidean: by the mean it is what the best linear critic would find, so that it weighs like a critic. The variety is
    the standard deviation over the batch of the pictures averaged over eighths of their sides: a generator that gives
    one picture for all codes has none. After Salimans et al., Improved techniques for training GANs (2016).

    Args:
        made: `[N, C, H, W]`.
        real: same shape.

    Returns:
        A scalar.
    """
    made, real = made.float(), real.float()
    mean = (made.mean(dim=0) - real.mean(dim=0)).norm()
    cell = made[0].numel() / F.adaptive_avg_pool2d(made[:1], _CELLS).numel()
    variety = (_variety(made) - _variety(real)).norm()
    return mean + math.sqrt(cell) * variety  # type: ignore[no-any-return]


def _variety(pictures: Tensor) -> Tensor:
    coarse = F.adaptive_avg_pool2d(pictures, _CELLS)
    return (coarse.var(dim=0, correction=0) + 1e-6).sqrt()  # a root has no slope at 0


def input_gradient(logits: Tensor, pictures: Tensor) -> Tensor:
    """Gradient of the logits with respect to the pictures, float32 `[N, values]`, itself differentiable."""
    (gradient,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    return gradient.float().flatten(1)
