"""Boundary F against an independent construction with scipy.ndimage, in one process and in two."""

import numpy as np
import pytest
import torch
import torch.multiprocessing as multiprocessing
from scipy import ndimage

from cleanplate.metrics.cdnet import BoundaryF
from cleanplate.metrics.functional.boundary import TOLERANCE, boundary_f

SQUARE = np.ones((3, 3), bool)


def reference(mask: np.ndarray, truth: np.ndarray, known: np.ndarray, tolerance: float = TOLERANCE) -> float:
    """Distances of outline pixels by the chessboard metric, one picture at a time."""
    reach = max(1, round(tolerance * np.hypot(*mask.shape)))
    # Outside the picture nothing is: a region that runs out of it has no outline there.
    outlines = [
        region & ~ndimage.binary_erosion(region, SQUARE, border_value=1) for region in (mask & known, truth & known)
    ]
    inside = ndimage.binary_erosion(known, SQUARE, border_value=1)
    found, wanted = (outline & inside for outline in outlines)
    if not found.any() and not wanted.any():
        return 1.0
    shares = []
    for those, others in ((found, outlines[1]), (wanted, outlines[0])):
        if not those.any() or not others.any():
            shares.append(0.0)
            continue
        distance = ndimage.distance_transform_cdt(~others, metric="chessboard")
        shares.append(float((distance[those] <= reach).mean()))
    return 2 * shares[0] * shares[1] / sum(shares) if sum(shares) else 0.0


def blobs(seed: int, shape: tuple[int, int], level: float = 0.55) -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 3, mode="wrap")
    return smooth > np.quantile(smooth, level)


def case(seed: int, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A mask that is the truth somewhat moved, and what is known."""
    truth = blobs(seed, shape)
    mask = np.roll(truth, (seed % 4, -(seed % 3)), (0, 1)) ^ (blobs(seed + 100, shape, 0.97))
    return mask, truth, ~blobs(seed + 200, shape, 0.9)


@pytest.mark.parametrize("shape", [(60, 90), (41, 37), (300, 220)])
@pytest.mark.parametrize("seed", range(6))
def test_it_is_that_of_scipy(seed: int, shape: tuple[int, int]) -> None:
    mask, truth, known = case(seed, shape)
    tensors = [torch.from_numpy(part)[None] for part in (mask, truth, known)]
    assert float(boundary_f(*tensors)) == pytest.approx(reference(mask, truth, known), abs=1e-6)
    whole = np.ones(shape, bool)
    assert float(boundary_f(*tensors[:2])) == pytest.approx(reference(mask, truth, whole), abs=1e-6)
    assert 0 < reference(mask, truth, whole) < 1


def test_tolerance_grows_with_the_diagonal() -> None:
    truth = torch.zeros(1, 300, 400, dtype=torch.bool)  # a diagonal of 500: 4 pixels
    truth[:, 100:200, 100:200] = True
    assert float(boundary_f(truth.roll(4, 2), truth)) == 1
    assert float(boundary_f(truth.roll(5, 2), truth)) < 1
    assert float(boundary_f(truth.roll(5, 2), truth, tolerance=0.01)) == 1


def test_empty_pictures() -> None:
    nothing = torch.zeros(1, 40, 40, dtype=torch.bool)
    something = nothing.clone()
    something[:, 10:20, 10:20] = True
    assert float(boundary_f(nothing, nothing)) == 1
    assert float(boundary_f(something, nothing)) == 0
    assert float(boundary_f(nothing, something)) == 0


def test_what_is_unknown_makes_no_outline() -> None:
    truth = torch.zeros(1, 60, 60, dtype=torch.bool)
    truth[:, 10:50, 10:50] = True
    known = torch.ones_like(truth)
    known[:, :, 30:] = False
    half = truth & known
    assert float(boundary_f(half, truth, known)) == 1
    assert float(boundary_f(half, truth)) < 1


def targets(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities and targets of four pictures, -1 where unknown."""
    cases = [case(4 * seed + number, (48, 64)) for number in range(4)]
    probability = torch.from_numpy(np.stack([np.where(mask, 0.9, 0.2) for mask, _, _ in cases]))[:, None].float()
    target = torch.from_numpy(np.stack([np.where(known, truth, -1) for _, truth, known in cases]))[:, None].long()
    return probability, target


def expected(seeds: range) -> float:
    return float(
        np.mean([reference(*case(number, (48, 64))) for seed in seeds for number in range(4 * seed, 4 * seed + 4)])
    )


def test_the_metric_is_the_mean_over_pictures_and_starts_anew() -> None:
    metric = BoundaryF(ignore_index=-1)
    assert float(metric.compute()) == 0
    for seed in range(3):
        metric.update(*targets(seed))
    assert float(metric.compute()) == pytest.approx(expected(range(3)), abs=1e-6)
    metric.reset()
    metric.update(*targets(1))
    assert float(metric.compute()) == pytest.approx(expected(range(1, 2)), abs=1e-6)


def test_two_processes_reach_the_number_of_one(tmp_path) -> None:
    multiprocessing.start_processes(compare, args=(str(tmp_path),), nprocs=2, start_method="fork")


def compare(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    metric = BoundaryF(ignore_index=-1)
    metric.update(*targets(rank))
    assert float(metric.compute()) == pytest.approx(expected(range(2)), abs=1e-6)
    torch.distributed.destroy_process_group()
