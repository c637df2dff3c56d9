"""Reconstruction losses by name, as maps, so that a weight per pixel can take foreground out of them.

All work on pictures in 0 … 1, `[N, C, H, W]`, and give `[N, 1, H, W]`; a mix is a weight per name.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.errors import ConfigError

# AE-NE's knee: errors below 3 grey levels are noise and count quadratically.
_SMOOTH_L1_BETA = 3 / 255


def mse(estimate: Tensor, target: Tensor) -> Tensor:
    """Squared error, mean over channels."""
    return (estimate - target).square().mean(dim=1, keepdim=True)


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Absolute error, mean over channels."""
    return (estimate - target).abs().mean(dim=1, keepdim=True)


def smooth_l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Huber's loss with its knee at 3 grey levels (AE-NE, arXiv 2112.08001), mean over channels."""
    return F.smooth_l1_loss(estimate, target, reduction="none", beta=_SMOOTH_L1_BETA).mean(dim=1, keepdim=True)


def ssim(estimate: Tensor, target: Tensor) -> Tensor:
    """One minus structural similarity (Wang et al., 2004): Gaussian window of 11, σ 1.5, K .01 and .03, peak 1."""
    # The variances are small differences of large means: in bf16 nothing of them would be left.
    with torch.autocast(estimate.device.type, enabled=False):
        return _ssim(estimate.float(), target.float())


def _ssim(estimate: Tensor, target: Tensor) -> Tensor:
    window = _gaussian(estimate)

    def local(picture: Tensor) -> Tensor:
        padded = F.pad(picture, (5, 5, 5, 5), mode="replicate")
        rows = F.conv2d(padded, window[:, None, :, None].expand(picture.shape[1], 1, 11, 1), groups=picture.shape[1])
        return F.conv2d(rows, window[:, None, None, :].expand(picture.shape[1], 1, 1, 11), groups=picture.shape[1])

    mean_e, mean_t = local(estimate), local(target)
    var_e = local(estimate * estimate) - mean_e.square()
    var_t = local(target * target) - mean_t.square()
    covariance = local(estimate * target) - mean_e * mean_t
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_e * mean_t + c1) / (mean_e.square() + mean_t.square() + c1)
    structure = (2 * covariance + c2) / (var_e + var_t + c2)
    return (1 - luminance * structure).mean(dim=1, keepdim=True)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": mse, "l1": l1, "smooth_l1": smooth_l1, "ssim": ssim}


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


def _gaussian(like: Tensor) -> Tensor:
    offsets = torch.arange(-5, 6, device=like.device, dtype=like.dtype)
    window = torch.exp(-offsets.square() / (2 * 1.5**2))
    return (window / window.sum())[None]
