"""Gaussian mixtures of very many small data sets at once: expectation-maximisation in plain tensors.

Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", 1977. A camera gives one data
set per pixel: some hundred colours. All pixels of a chunk take each step together; the ones that have converged leave.
"""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from cleanplate.models.statistical.gmm.k_means import k_means, nearest, squared

Covariance = Literal["full", "diagonal"]

# An empty component gets this much of a sample: its weight stays positive, and it keeps its mean.
_NOTHING = 1e-6


@dataclass(frozen=True)
class Mixture:
    """One mixture per pixel, components in descending order of weight.

    Attributes:
        weights: `[P, K]`, each row sums to one.
        means: `[P, K, D]`.
        covariances: `[P, K, D, D]`, symmetric, no eigenvalue below the floor it was fitted with.
        log_likelihood: mean log-likelihood per sample, in nats, `[P]`; that of the last but one step, as scikit-learn's
            `lower_bound_`.
        iterations: steps taken, int64 `[P]`.
        converged: bool `[P]`.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor
    log_likelihood: Tensor
    iterations: Tensor
    converged: Tensor


def fit_mixtures(
    samples: Tensor,
    components: int = 2,
    covariance: Covariance = "full",
    reg_covar: float = 1.0,
    tol: float = 1e-3,
    max_iterations: int = 100,
    chunk: int = 512,
    device: str | torch.device = "cpu",
) -> Mixture:
    """Fits one mixture to each pixel's samples.

    Starts from k-means with fixed rules for its seeds: the result depends on nothing but the samples. A pixel that has
    fewer different colours than components leaves the others empty: weight near zero, never NaN.

    Args:
        samples: `[N, P, D]`, any real dtype, N samples of D channels for each of P pixels.
        components: K.
        covariance: `full`, or `diagonal` (channels independent).
        reg_covar: added to every variance, in squared units of the samples; must be positive.
        tol: a pixel has converged when its mean log-likelihood changes by less.
        max_iterations: limit on EM steps.
        chunk: pixels taken at once; a few hundred stay in a CPU's cache, an accelerator likes more.
        device: where to compute, on the CPU with as many threads as torch may use. The result is on the CPU.

    Returns:
        A `Mixture` of float32 tensors.
    """

    @torch.no_grad()
    def fit(block: Tensor) -> tuple[Tensor, ...]:
        # Samples last: the long axis is the contiguous one.
        colours = block.to(device).permute(1, 2, 0).contiguous().to(torch.float32)
        fitted = _fit_chunk(colours, components, covariance, reg_covar, tol, max_iterations)
        return tuple(field.cpu() for field in fitted)

    blocks = torch.split(samples, chunk, dim=1)
    parts = _in_threads(fit, blocks) if torch.device(device).type == "cpu" else map(fit, blocks)
    return Mixture(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _in_threads(fit: Callable[[Tensor], tuple[Tensor, ...]], blocks: Iterable[Tensor]) -> list[tuple[Tensor, ...]]:
    """As many blocks at a time as torch may use threads, each in one thread.

    Single operations here take some ten microseconds: to share each of them costs more than it brings, and where the
    cores are not free, ten times as much.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(fit, blocks))
    finally:
        torch.set_num_threads(threads)


def whitening(covariances: Tensor) -> Tensor:
    """Inverse of the lower Cholesky factor: `whitening(C) @ (x - mean)` has unit covariance.

    Unrolled over the few channels, each step over all matrices: LAPACK would take them one by one.

    Args:
        covariances: `[..., D, D]`, positive definite.

    Returns:
        `[..., D, D]`, lower triangular.
    """
    size = covariances.shape[-1]
    factor = torch.zeros_like(covariances)
    inverse = torch.zeros_like(covariances)
    for row in range(size):
        for column in range(row):
            dot = (factor[..., row, :column] * factor[..., column, :column]).sum(-1)
            factor[..., row, column] = (covariances[..., row, column] - dot) * inverse[..., column, column]
        pivot = covariances[..., row, row] - factor[..., row, :row].square().sum(-1)
        # Rounding may eat a pivot that is tiny beside its variance.
        scale = pivot.maximum(1e-6 * covariances[..., row, row]).rsqrt()
        factor[..., row, row] = 1.0 / scale
        inverse[..., row, row] = scale
        for column in range(row):
            dot = (factor[..., row, column:row] * inverse[..., column:row, column]).sum(-1)
            inverse[..., row, column] = -dot * scale
    return inverse


def _fit_chunk(
    colours: Tensor, components: int, covariance: Covariance, reg_covar: float, tol: float, max_iterations: int
) -> tuple[Tensor, ...]:
    """EM over `[P, D, N]`; the fields of a `Mixture`, in order."""
    pixels = colours.shape[0]
    weights, means, covariances = _first_guess(colours, components, covariance, reg_covar)
    likelihood = colours.new_full((pixels,), -math.inf)
    iterations = torch.zeros(pixels, dtype=torch.int64, device=colours.device)
    converged = torch.zeros(pixels, dtype=torch.bool, device=colours.device)
    active = torch.arange(pixels, device=colours.device)  # the pixels that `colours` holds
    for _ in range(max_iterations):
        away = colours[:, None] - means[active][..., None]
        share, now = _expectation(away, weights[active], covariances[active])
        update = _maximization(away, share, means[active], covariance, reg_covar)
        weights[active], means[active], covariances[active] = update
        settled = (now - likelihood[active]).abs() < tol
        likelihood[active] = now
        iterations[active] += 1
        converged[active] = settled
        if settled.all():
            break
        if settled.any():
            active, colours = active[~settled], colours[~settled]
    order = weights.argsort(dim=1, descending=True, stable=True)
    each = torch.arange(pixels, device=order.device)[:, None]
    return weights[each, order], means[each, order], covariances[each, order], likelihood, iterations, converged


def _first_guess(
    colours: Tensor, components: int, covariance: Covariance, reg_covar: float
) -> tuple[Tensor, Tensor, Tensor]:
    """K-means on `[P, D, N]`, then one M-step on its hard assignment: weights, means, covariances."""
    centres = k_means(colours, components)
    away = colours[:, None] - centres[..., None]
    return _maximization(away, nearest(away), centres, covariance, reg_covar)


def _expectation(away: Tensor, weights: Tensor, covariances: Tensor) -> tuple[Tensor, Tensor]:
    """Responsibilities `[P, K, N]` and mean log-likelihood `[P]`.

    Args:
        away: samples minus means, `[P, K, D, N]`.
        weights: `[P, K]`.
        covariances: `[P, K, D, D]`.
    """
    white = whitening(covariances)
    depth = away.shape[2]
    level = weights.log() + white.diagonal(dim1=-2, dim2=-1).log().sum(-1) - 0.5 * depth * math.log(2 * math.pi)
    # Products of matrices this small are quickest as one long batch.
    distance = squared(torch.bmm(white.flatten(0, 1), away.flatten(0, 1)), 1).view(*away.shape[:2], -1)
    evidence = distance.mul_(-0.5).add_(level[..., None])
    highest = evidence.amax(1, keepdim=True)
    share = evidence.sub_(highest).exp_()
    total = share.sum(1, keepdim=True)
    share /= total
    return share, (total.log_() + highest).mean((1, 2))


def _maximization(
    away: Tensor, share: Tensor, means: Tensor, covariance: Covariance, reg_covar: float
) -> tuple[Tensor, Tensor, Tensor]:
    """New weights, means and covariances.

    Moments are taken about the old means and then shifted to the new ones. Both are small numbers, so float32 is
    enough; moments about zero would lose a deviation of one grey level beside a squared mean of 60 000.
    """
    pixels, components, depth = away.shape[:3]
    weighted = (share[:, :, None] * away).flatten(0, 1)
    amount = share.sum(-1) + _NOTHING
    second = torch.bmm(weighted, away.flatten(0, 1).transpose(1, 2)).view(pixels, components, depth, depth)
    shift = weighted.sum(-1).view(pixels, components, depth) / amount[..., None]
    spread = second / amount[..., None, None] - shift[..., :, None] * shift[..., None, :]
    if covariance == "diagonal":
        spread = torch.diag_embed(spread.diagonal(dim1=-2, dim2=-1))
    spread.diagonal(dim1=-2, dim2=-1).clamp_(min=0.0).add_(reg_covar)
    return amount / amount.sum(1, keepdim=True), means + shift, spread
