"""K-means of very many small data sets at once, the start of a mixture: deterministic, and exact for static pixels.

Shapes: colours are `[P, D, N]`, N samples of D channels for each of P pixels; the long axis is the contiguous one.
"""

import math

import torch
from torch import Tensor

_LLOYD_STEPS = 10
# Of the power iteration that finds the direction of most variance; a seed need not be exact.
_POWER_STEPS = 4


def k_means(colours: Tensor, components: int) -> Tensor:
    """Centres `[P, K, D]` by Lloyd's algorithm (1982).

    From two kinds of seeds, since each is at times caught in a bad optimum: far points by a lone outlier, the axis by
    an uneven pair. The tighter result is kept, pixel by pixel.
    """
    far, loose = _cluster(colours, _farthest_points(colours, components))
    along, tight = _cluster(colours, _axis_points(colours, components))
    return torch.where((loose <= tight)[:, None, None], far, along)


def _cluster(colours: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Lloyd's algorithm: centres `[P, K, D]` and the sum of squared distances `[P]`."""
    for _ in range(_LLOYD_STEPS):
        share = nearest(colours[:, None] - centres[..., None])
        count = share.sum(-1, keepdim=True)
        moved = torch.where(count > 0, torch.bmm(share, colours.transpose(1, 2)) / count.clamp(min=1), centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres, squared(colours[:, None] - centres[..., None], 2).amin(1).sum(1)


def _farthest_points(colours: Tensor, components: int) -> Tensor:
    """Seeds `[P, K, D]`: the sample nearest to the mean, then again and again the one farthest from all seeds."""
    centre = colours.mean(-1, keepdim=True)
    distance = squared(colours - centre, 1)
    choice = distance.argmin(1)
    seeds = [_take(colours, choice)]
    distance = torch.full_like(distance, math.inf)
    for _ in range(components - 1):
        distance = distance.minimum(squared(colours - seeds[-1][..., None], 1))
        seeds.append(_take(colours, distance.argmax(1)))
    return torch.stack(seeds, dim=1)


def _axis_points(colours: Tensor, components: int) -> Tensor:
    """Seeds `[P, K, D]`: evenly over one deviation to both sides of the mean, along the direction of most variance."""
    centre = colours.mean(-1, keepdim=True)
    away = colours - centre
    second = torch.bmm(away, away.transpose(1, 2))
    axis = _take(away, squared(away, 1).argmax(1))[..., None]
    for _ in range(_POWER_STEPS):
        axis = torch.bmm(second, axis)
        axis = axis / axis.norm(dim=1, keepdim=True).clamp(min=1e-12)
    deviation = (axis * away).sum(1).square().mean(-1).sqrt()
    steps = torch.linspace(-1, 1, components, device=colours.device) if components > 1 else colours.new_zeros(1)
    return centre.transpose(1, 2) + steps[:, None] * (deviation[:, None, None] * axis.transpose(1, 2))


def _take(colours: Tensor, index: Tensor) -> Tensor:
    """Sample `index[p]` of every pixel of `[P, D, N]`, as `[P, D]`."""
    return colours.gather(2, index[:, None, None].expand(-1, colours.shape[1], 1)).squeeze(2)


def nearest(away: Tensor) -> Tensor:
    """Float `[P, K, N]` with a one for the nearest component, the first of equals; `away` is `[P, K, D, N]`."""
    distance = squared(away, 2)
    least = distance.amin(1)
    free = torch.ones_like(least, dtype=torch.bool)
    share = torch.zeros_like(distance)
    # `argmin` over a short axis takes ten times as long.
    for component in range(away.shape[1]):
        hit = (distance[:, component] <= least) & free
        share[:, component] = hit
        free &= ~hit
    return share


def squared(away: Tensor, axis: int) -> Tensor:
    """Sum of squares over an axis; a product, since `pow` is slower."""
    return (away * away).sum(axis)
