"""Robust principal components: a matrix as the sum of a low-rank and a sparse one.

Candès, Li, Ma and Wright, "Robust principal component analysis?", 2011, by the inexact augmented Lagrangian method of
Lin, Chen and Ma (2010), each step a proximal one: singular values are thresholded, then entries. And the same question
for one new column: which point of a known subspace explains most of its entries?
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

SCALES = (0.16, 0.08, 0.04, 0.04, 0.04)
RIDGE = 1e-4
_GROWTH = 1.5  # of the penalty from step to step; the paper's value, slower ones are no more exact on video


def robust_pca(
    matrix: Floats, sparsity: float = 1.0, tolerance: float = 1e-7, max_iterations: int = 100
) -> tuple[Floats, Floats]:
    """Minimises ‖low‖* + λ ‖sparse‖₁ under low + sparse = matrix, with λ = sparsity / √max(P, N).

    Singular values come from the N×N Gram matrix: with many more rows than columns this costs two products of matrices
    a step and no decomposition of the large one.

    Args:
        matrix: `[P, N]`, float32 or float64; N a few hundred at most.
        sparsity: a factor on the paper's λ; above 1 less goes to the sparse part.
        tolerance: of what is left over, relative to the matrix (Frobenius norm).
        max_iterations: limit on steps; some thirty are usual.

    Returns:
        `low` and `sparse`, `[P, N]` each, of the matrix's dtype.
    """
    weight = sparsity / np.sqrt(max(matrix.shape))
    sparse = np.zeros_like(matrix)
    spectral = float(np.sqrt(max(_gram_spectrum(matrix)[0][-1], 0)))
    if spectral == 0:
        return np.zeros_like(matrix), sparse
    penalty = 1.25 / spectral
    limit = penalty * 1e7
    size = float(np.linalg.norm(matrix))
    dual = matrix / matrix.dtype.type(max(spectral, float(np.abs(matrix).max()) / weight))
    low = matrix
    for _ in range(max_iterations):
        scaled = dual / matrix.dtype.type(penalty)
        low = _thresholded_spectrum(matrix - sparse + scaled, 1 / penalty)
        rest = matrix - low
        sparse = _thresholded(rest + scaled, weight / penalty)
        rest -= sparse
        dual += matrix.dtype.type(penalty) * rest
        penalty = min(penalty * _GROWTH, limit)
        if float(np.linalg.norm(rest)) < tolerance * size:
            break
    return low, sparse


def leading_subspace(low: Floats, rank: int, floor: float = 1e-3) -> Floats:
    """Orthonormal columns `[P, K]` that span `low`: at most `rank`, none weaker than `floor` of the strongest."""
    spectrum, vectors = _gram_spectrum(low)
    strength = np.sqrt(np.clip(spectrum[::-1], 0, None))
    kept = int((strength[:rank] > floor * max(strength[0], 1e-12)).sum())
    basis, _ = np.linalg.qr(low @ vectors[:, ::-1][:, :kept].astype(low.dtype))
    return np.asarray(basis, low.dtype)


def robust_coefficients(
    column: Floats, basis: Floats, start: Floats, group: int, scales: tuple[float, ...] = SCALES
) -> Floats:
    """Where in a subspace most of a column lies: least squares, reweighted, blind to what does not fit.

    Weights after Geman and McClure, 1 / (1 + (error / scale)²)²: what is several scales off has no pull. The scale
    shrinks from step to step, so that a rough start will do.

    Args:
        column: `[P]`.
        basis: orthonormal, `[P, K]`.
        start: first coefficients, `[K]`.
        group: entries in a row that share a weight (the channels of a pixel); divides P.
        scales: one per step, in units of the column.

    Returns:
        Coefficients `[K]`.
    """
    found = start
    ridge = np.eye(basis.shape[1], dtype=basis.dtype) * basis.dtype.type(RIDGE)
    for scale in scales:
        error = np.square(column - basis @ found).reshape(-1, group).mean(axis=1) / scale**2
        weight = np.repeat((1 / np.square(1 + error)).astype(basis.dtype), group)
        weighted = basis * weight[:, None]
        # The ridge holds still what the pixels that count do not show.
        found = np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ column + ridge @ found)
    return found


def _gram_spectrum(matrix: Floats) -> tuple[Floats, Floats]:
    """Ascending squared singular values `[N]` and right singular vectors `[N, N]`."""
    values, vectors = np.linalg.eigh((matrix.T @ matrix).astype(np.float64))
    return values, vectors


def _thresholded_spectrum(matrix: Floats, threshold: float) -> Floats:
    """The proximal step of the nuclear norm: every singular value less the threshold, none below zero."""
    values, vectors = _gram_spectrum(matrix)
    strength = np.sqrt(np.clip(values, 1e-30, None))
    kept = strength > threshold
    vectors = vectors[:, kept]
    left = matrix @ (vectors * (1 - threshold / strength[kept])).astype(matrix.dtype)
    return np.asarray(left @ vectors.T.astype(matrix.dtype), matrix.dtype)


def _thresholded(matrix: Floats, threshold: float) -> Floats:
    """The proximal step of the sum of absolute values."""
    return np.asarray(matrix - np.clip(matrix, -threshold, threshold), matrix.dtype)
