"""Losses that look at each pixel alone; all are means over channels, `[N, C, H, W]` twice to `[N, 1, H, W]`."""

import torch
import torch.nn.functional as F
from torch import Tensor

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
