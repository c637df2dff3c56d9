"""Losses that look at each pixel alone; all are means over channels, `[N, C, H, W]` twice to `[N, 1, H, W]`."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.errors import ConfigError
from cleanplate.models.components.losses import structural

# AE-NE's knee: errors below 3 grey levels are noise and count quadratically.
_SMOOTH_L1_BETA = 3 / 255
_CHARBONNIER_KNEE = 1e-3
_HALF_LEVEL = 1 / 510


def mse(estimate: Tensor, target: Tensor) -> Tensor:
    """Squared error."""
    return _mean((estimate - target).square())


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Absolute error."""
    return _mean((estimate - target).abs())


def smooth_l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Huber's loss with its knee at 3 grey levels (AE-NE, arXiv 2112.08001)."""
    return _mean(F.smooth_l1_loss(estimate, target, reduction="none", beta=_SMOOTH_L1_BETA))


def charbonnier(estimate: Tensor, target: Tensor) -> Tensor:
    """√(e² + ε²) − ε with ε = .001: absolute error, rounded off at zero (Charbonnier et al., 1994)."""
    return _mean(((estimate - target).square() + _CHARBONNIER_KNEE**2).sqrt() - _CHARBONNIER_KNEE)


def log_cosh(estimate: Tensor, target: Tensor) -> Tensor:
    """Log cosh e, that is e²/2 for errors on 0 … 1 and |e| − log 2 far beyond."""
    # This way small errors keep their digits; cosh e would be one and nothing else.
    return _mean(torch.log1p(2 * torch.sinh((estimate - target) / 2).square()))


def x_tanh(estimate: Tensor, target: Tensor) -> Tensor:
    """Error times its tanh: e² near zero, |e| far away."""
    error = estimate - target
    return _mean(error * torch.tanh(error))


def x_sigmoid(estimate: Tensor, target: Tensor) -> Tensor:
    """Error times 2 σ(e) − 1: as `x_tanh`, but half as steep near zero."""
    error = estimate - target
    return _mean(error * (2 * torch.sigmoid(error) - 1))


def algebraic(estimate: Tensor, target: Tensor) -> Tensor:
    """e² / √(1 + e²)."""
    squared = (estimate - target).square()
    return _mean(squared * (1 + squared).rsqrt())


def photometric(estimate: Tensor, target: Tensor) -> Tensor:
    """(|e| + .01)^.4, of optical flow (Sun et al., Secrets of optical flow estimation, 2010).

    So robust that it is not convex: a large error hardly pulls. Equal pictures have .01^.4 = .158, not zero.
    """
    return _mean(((estimate - target).abs() + 0.01) ** 0.4)


def bce(estimate: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of levels taken as probabilities; equal pictures have the entropy of the target, not zero.

    Estimates are clamped to half a grey level from the ends. Beyond them the distance is added: clamping alone would
    leave no gradient by which an estimate comes back.
    """
    # float32 in mixed precision too: bf16 has no number between .996 and 1.
    with torch.autocast(estimate.device.type, enabled=False):
        estimate, target = estimate.float(), target.float()
        inside = estimate.clamp(_HALF_LEVEL, 1 - _HALF_LEVEL)
        entropy = -(target * inside.log() + (1 - target) * (1 - inside).log())
        return _mean(entropy + (estimate - inside).abs())


def _mean(each: Tensor) -> Tensor:
    return each.mean(dim=1, keepdim=True)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": mse,
    "l1": l1,
    "smooth_l1": smooth_l1,
    "charbonnier": charbonnier,
    "log_cosh": log_cosh,
    "x_tanh": x_tanh,
    "x_sigmoid": x_sigmoid,
    "algebraic": algebraic,
    "photometric": photometric,
    "bce": bce,
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


def background_weight(estimate: Tensor, target: Tensor, pull: float, box: int) -> Tensor:
    """How much each pixel may pull on the loss: little where its surroundings look like foreground.

    exp(−pull · box-mean(tanh(error / 0.25))), after AE-NE (arXiv 2112.08001), which uses a pull of 6.

    Args:
        estimate: background, `[N, C, H, W]` in 0 … 1.
        target: frame, same shape.
        pull: 0 weighs all pixels alike.
        box: odd side of the box mean, in pixels.

    Returns:
        `[N, 1, H, W]` in 0 … 1, detached.
    """
    error = (estimate.detach() - target).abs().mean(dim=1, keepdim=True)
    if pull == 0:
        return torch.ones_like(error)
    likeness = F.avg_pool2d(torch.tanh(error / 0.25), box, stride=1, padding=box // 2, count_include_pad=False)
    return torch.exp(-pull * likeness)
