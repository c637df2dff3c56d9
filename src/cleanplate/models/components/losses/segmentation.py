"""Losses of a mask, given as logits, against labels; what is unknown takes no part.

Logits are `[N, 1, H, W]`, targets the same of 0 and 1, `known` the same of 0 (left out) and 1; each gives a number.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.errors import ConfigError

_FOCUS = 2.0


def cross_entropy(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Binary cross-entropy, mean over the known pixels."""
    return _mean(F.binary_cross_entropy_with_logits(logits, target, reduction="none"), known)


def focal(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy in which pixels that are well told count little (Lin et al., 2017; gamma 2, both classes alike)."""
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return _mean(loss * (1 - torch.exp(-loss)) ** _FOCUS, known)


def dice(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """One minus the soft Dice coefficient of the batch (Milletari et al., 2016), each class weighing by its overlap."""
    probability = torch.sigmoid(logits) * known
    target = target * known
    overlap = (probability * target).sum()
    return 1 - (2 * overlap + 1) / (probability.sum() + target.sum() + 1)


def lovasz(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Lovász hinge: the convex closure of one minus IoU over the batch (Berman et al., 2018)."""
    inside = known.flatten() > 0
    signs = 2 * target.flatten()[inside] - 1
    errors, order = torch.sort(1 - logits.flatten()[inside] * signs, descending=True)
    truth = target.flatten()[inside][order]
    missed = truth.sum() - truth.cumsum(0)
    union = truth.sum() + (1 - truth).cumsum(0)
    jaccard = 1 - missed / union
    gradient = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
    return F.relu(errors) @ gradient


def _mean(loss: Tensor, known: Tensor) -> Tensor:
    return (loss * known).sum() / known.sum().clamp(min=1)


SEGMENTATION_LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "bce": cross_entropy,
    "dice": dice,
    "focal": focal,
    "lovasz": lovasz,
}


def check_segmentation_mix(mix: Mapping[str, float]) -> None:
    """Refuses an empty mix, one of zeros, an unknown loss or a negative weight with a `ConfigError`."""
    for name, weight in mix.items():
        if name not in SEGMENTATION_LOSSES:
            raise ConfigError(f"loss.{name}: no such loss; choose from {', '.join(SEGMENTATION_LOSSES)}")
        if weight < 0:
            raise ConfigError(f"loss.{name}: {weight} is negative; choose 0 or more")
    if not any(mix.values()):
        raise ConfigError(f"loss: nothing has a weight; give one to at least one of {', '.join(SEGMENTATION_LOSSES)}")


def segmentation_loss(mix: Mapping[str, float], logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """The weighted sum of the losses in `mix`."""
    total = logits.new_zeros(())
    for name, weight in mix.items():
        if weight:
            total = total + weight * SEGMENTATION_LOSSES[name](logits, target, known)
    return total
