"""A weight per pixel that takes foreground out of a loss."""

import torch
import torch.nn.functional as F
from torch import Tensor


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
