"""Boundary F: agreement of the outlines of masks."""

import torch
import torch.nn.functional as F
from torch import Tensor

TOLERANCE = 0.008


def boundary_f(mask: Tensor, truth: Tensor, known: Tensor | None = None, tolerance: float = TOLERANCE) -> Tensor:
    """F of contour precision and contour recall, per picture (Perazzi et al., 2016, the F of DAVIS).

    A pixel of one outline is met if the other's lies within `tolerance` of the diagonal, at least a pixel, counted by
    rows and columns. Two empty outlines agree (1); of an empty and another one, nothing does (0).

    Args:
        mask: bool `[N, H, W]`.
        truth: the same shape.
        known: the same shape; outlines are not judged where it is false. Everywhere, by default.
        tolerance: as a share of the diagonal.

    Returns:
        float32 `[N]`, 0 to 1.

    Example:
        >>> truth = torch.zeros(1, 40, 40, dtype=torch.bool)
        >>> truth[:, 10:30, 10:30] = True
        >>> boundary_f(truth, truth)
        tensor([1.])
        >>> boundary_f(torch.zeros_like(truth), truth)
        tensor([0.])
    """
    reach = max(1, round(tolerance * float(torch.tensor(mask.shape[-2:]).float().norm())))
    if known is not None:
        mask, truth = mask & known, truth & known
    found, wanted = _outline(mask), _outline(truth)
    near_found, near_wanted = _dilated(found, reach), _dilated(wanted, reach)
    if known is not None:  # an outline made by what is unknown is nobody's
        inside = known & ~_dilated(~known, 1)
        found, wanted = found & inside, wanted & inside
    precision = _share(found & near_wanted, found)
    recall = _share(wanted & near_found, wanted)
    both_empty = ~found.flatten(1).any(1) & ~wanted.flatten(1).any(1)
    score = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return torch.where(both_empty, torch.ones_like(score), score)


def _outline(mask: Tensor) -> Tensor:
    return mask & _dilated(~mask, 1)


def _dilated(mask: Tensor, reach: int) -> Tensor:
    side = 2 * reach + 1
    return F.max_pool2d(mask[:, None].float(), side, stride=1, padding=reach)[:, 0] > 0


def _share(part: Tensor, whole: Tensor) -> Tensor:
    count = whole.flatten(1).sum(1).float()
    return torch.where(count > 0, part.flatten(1).sum(1) / count.clamp(min=1), torch.zeros_like(count))
