"""What discriminator and generator want, apart from the networks they do it with."""

import math
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class NonSaturating:
    """Goodfellow's game: the discriminator classifies, the generator maximises the logarithm of being taken for real.

    Attributes:
        penalty: weight of the discriminator's squared steepness on real pictures, which lets the game converge: R1 of
            Mescheder et al., Which training methods for GANs do actually converge? (2018, arXiv 1801.04406).
    """

    penalty: float

    def discriminator_loss(
        self, discriminator: Discriminator, real: Tensor, made: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """See `Objective`."""
        parts = {"made": F.softplus(discriminator(made).float()).mean()}
        real = real.requires_grad_(self.penalty > 0)
        logits = discriminator(real).float()
        parts["real"] = F.softplus(-logits).mean()
        if self.penalty:
            parts["penalty"] = 0.5 * self.penalty * _gradient(logits, real).square().sum(dim=1).mean()
        return parts

    def generator_loss(self, discriminator: Discriminator, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """See `Objective`."""
        return {"fooling": F.softplus(-discriminator(made).float()).mean()}


@dataclass(frozen=True)
class Wasserstein:
    """The critic estimates how far generated pictures are from real ones, in the earth mover's distance.

    Attributes:
        penalty: weight of the critic's slope being other than 1 between real and generated pictures.
    """

    penalty: float

    def discriminator_loss(
        self, discriminator: Discriminator, real: Tensor, made: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """See `Objective`; `distance` is the estimate, negated."""
        distance = discriminator(made).float().mean() - discriminator(real).float().mean()
        shares = torch.rand((len(real), 1, 1, 1), generator=generator, device=real.device)
        between = torch.lerp(made, real, shares).requires_grad_()
        slope = _gradient(discriminator(between).float(), between).norm(dim=1)
        return {"distance": distance, "penalty": self.penalty * (slope - 1).square().mean()}

    def generator_loss(self, discriminator: Discriminator, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """See `Objective`."""
        return {"fooling": -discriminator(made).float().mean()}


@dataclass(frozen=True)
class Reconstructing:
    """The non-saturating game with a discriminator that also gives back what it sees.

    It learns to reconstruct real pictures. The generator is drawn to where these reconstructions of its own pictures
    meet real ones: on average over frames that is the scene without what passes through it.

    Attributes:
        penalty: as in `NonSaturating`.
        weight: of the reconstruction, in both losses.
    """

    penalty: float
    weight: float

    def discriminator_loss(
        self, discriminator: Discriminator, real: Tensor, made: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """See `Objective`."""
        seen: list[Tensor] = []

        def judged(pictures: Tensor) -> Tensor:
            logits, reconstruction = discriminator(pictures)
            seen.append(reconstruction)
            return logits  # type: ignore[no-any-return]

        parts = NonSaturating(self.penalty).discriminator_loss(judged, real, made, generator)
        return parts | {"reconstruction": self.weight * _distance(seen[-1], real.detach())}

    def generator_loss(self, discriminator: Discriminator, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """See `Objective`."""
        logits, reconstruction = discriminator(made)
        fooling = F.softplus(-logits.float()).mean()
        return {"fooling": fooling, "reconstruction": self.weight * _distance(reconstruction, real)}


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


def _distance(one: Tensor, other: Tensor) -> Tensor:
    # Absolute, not squared: the nearest picture to many frames is then their median, not their mean.
    return (one.float() - other.float()).abs().mean()


def _gradient(logits: Tensor, pictures: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    return gradient.float().flatten(1)
