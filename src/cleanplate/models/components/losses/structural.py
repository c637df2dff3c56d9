"""Structural losses: one minus SSIM, on one scale or on several."""

import torch
import torch.nn.functional as F
from torch import Tensor

_RADIUS, _SIGMA = 5, 1.5
_C1, _C2 = 0.01**2, 0.03**2
# How much each scale counts, the finest first (Wang et al., 2003).
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# A similarity below this counts as this: powers of zero are infinitely steep, and of less there are none.
_LEAST = 1e-3


def ssim(estimate: Tensor, target: Tensor) -> Tensor:
    """One minus structural similarity (Wang et al., 2004): Gaussian window of 11, σ 1.5, K .01 and .03, peak 1."""
    # The variances are small differences of large means: in bf16 nothing of them would be left.
    with torch.autocast(estimate.device.type, enabled=False):
        luminance, structure = _similarities(estimate.float(), target.float())
        return (1 - luminance * structure).mean(dim=1, keepdim=True)


def ms_ssim(estimate: Tensor, target: Tensor) -> Tensor:
    """One minus multi-scale structural similarity (Wang et al., 2003), as a map.

    Contrast and structure of every scale, and luminance of the coarsest, are brought to full size and multiplied pixel
    by pixel; the original multiplies their means, which leaves no room for a weight per pixel. Each scale halves the
    picture; of the original's five there are as many as leave room for the window, and at least one.
    """
    with torch.autocast(estimate.device.type, enabled=False):
        return (1 - _multi_scale(estimate.float(), target.float())).mean(dim=1, keepdim=True)


def _multi_scale(estimate: Tensor, target: Tensor) -> Tensor:
    size = (estimate.shape[-2], estimate.shape[-1])
    shares = _SCALES[: _scales(min(size))]
    product = torch.ones_like(target)
    for scale, share in enumerate(shares):
        if scale:
            estimate, target = (F.avg_pool2d(picture, 2, ceil_mode=True) for picture in (estimate, target))
        luminance, similarity = _similarities(estimate, target)
        if scale == len(shares) - 1:
            similarity = luminance * similarity
        if scale:
            similarity = F.interpolate(similarity, size=size, mode="bilinear", align_corners=False)
        product = product * similarity.clamp(min=_LEAST) ** (share / sum(shares))
    return product


def _scales(side: int) -> int:
    scales = 1
    while scales < len(_SCALES) and (side := (side + 1) // 2) > 2 * _RADIUS:
        scales += 1
    return scales


def _similarities(estimate: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance term, and contrast and structure in one, each `[N, C, H, W]`."""
    channels = estimate.shape[1]
    window = _gaussian(estimate)

    def local(picture: Tensor) -> Tensor:
        padded = F.pad(picture, (_RADIUS,) * 4, mode="replicate")
        rows = F.conv2d(padded, window[:, None].expand(channels, 1, -1, 1), groups=channels)
        return F.conv2d(rows, window[None, :].expand(channels, 1, 1, -1), groups=channels)

    mean_e, mean_t = local(estimate), local(target)
    var_e = local(estimate * estimate) - mean_e.square()
    var_t = local(target * target) - mean_t.square()
    covariance = local(estimate * target) - mean_e * mean_t
    luminance = (2 * mean_e * mean_t + _C1) / (mean_e.square() + mean_t.square() + _C1)
    return luminance, (2 * covariance + _C2) / (var_e + var_t + _C2)


def _gaussian(like: Tensor) -> Tensor:
    offsets = torch.arange(-_RADIUS, _RADIUS + 1, device=like.device, dtype=like.dtype)
    window = torch.exp(-offsets.square() / (2 * _SIGMA**2))
    return window / window.sum()
