"""Losses of masks against independent formulas: scikit-learn's, numpy's, and the definition over subsets."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from cleanplate.errors import ConfigError
from cleanplate.models.components.losses.segmentation import (
    SEGMENTATION_LOSSES,
    check_segmentation_mix,
    cross_entropy,
    dice,
    focal,
    lovasz,
    segmentation_loss,
)

Case = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture(params=[0, 1, 2])
def case(request: pytest.FixtureRequest) -> Case:
    """Logits, targets and what is known, `[2, 1, 7, 9]`."""
    random = np.random.default_rng(request.param)
    shape = (2, 1, 7, 9)
    logits = torch.from_numpy(random.normal(0, 2, shape)).float()
    target = torch.from_numpy(random.random(shape) < 0.3).float()
    known = torch.from_numpy(random.random(shape) < 0.8).float()
    return logits, target, known


def judged(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, probabilities and labels of the known pixels, float64."""
    logits, target, known = (part.double().numpy().ravel() for part in case)
    inside = known > 0
    return logits[inside], 1 / (1 + np.exp(-logits[inside])), target[inside]


def test_cross_entropy_is_that_of_scikit_learn(case: Case) -> None:
    _, probability, truth = judged(case)
    assert float(cross_entropy(*case)) == pytest.approx(log_loss(truth, probability, labels=[0, 1]), rel=1e-5)


def test_focal_is_the_published_formula(case: Case) -> None:
    _, probability, truth = judged(case)
    right = np.where(truth == 1, probability, 1 - probability)
    assert float(focal(*case)) == pytest.approx(np.mean(-((1 - right) ** 2) * np.log(right)), rel=1e-5)


def test_dice_is_the_soft_coefficient(case: Case) -> None:
    _, probability, truth = judged(case)
    expected = 1 - (2 * (probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 1)
    assert float(dice(*case)) == pytest.approx(expected, rel=1e-5)


def test_lovasz_is_the_extension_of_one_minus_iou() -> None:
    """For errors sorted e₁ ≥ e₂ ≥ …, the extension is the sum of eᵢ times what pixel i adds to the set's loss."""
    random = np.random.default_rng(5)
    logits, truth = random.normal(0, 2, 12), (random.random(12) < 0.4).astype(float)
    errors = 1 - logits * (2 * truth - 1)
    expected, wrong = 0.0, np.zeros(12, bool)
    for pixel in np.argsort(-errors):
        before = jaccard_loss(wrong, truth)
        wrong[pixel] = True
        expected += max(0.0, errors[pixel]) * (jaccard_loss(wrong, truth) - before)
    shaped = [torch.from_numpy(part).float().reshape(1, 1, 3, 4) for part in (logits, truth, np.ones(12))]
    assert float(lovasz(*shaped)) == pytest.approx(expected, rel=1e-5)


def jaccard_loss(wrong: np.ndarray, truth: np.ndarray) -> float:
    """One minus IoU of a mask that is wrong at some pixels."""
    found = np.logical_xor(truth > 0, wrong)
    union = np.logical_or(found, truth > 0).sum()
    return 1 - np.logical_and(found, truth > 0).sum() / union if union else 0.0


def test_lovasz_of_sure_masks_is_one_minus_iou() -> None:
    """Where every right pixel has margin enough, and every wrong one an error of one."""
    for truth_bits, found_bits in itertools.product(range(1, 16), repeat=2):
        truth = np.array([truth_bits >> bit & 1 for bit in range(4)], float)
        found = np.array([found_bits >> bit & 1 for bit in range(4)], float)
        logits = np.where(truth == found, 5.0, 0.0) * (2 * truth - 1)
        shaped = [torch.from_numpy(part).float().reshape(1, 1, 2, 2) for part in (logits, truth, np.ones(4))]
        assert float(lovasz(*shaped)) == pytest.approx(jaccard_loss(truth != found, truth), abs=1e-6)


@pytest.mark.parametrize("name", SEGMENTATION_LOSSES)
def test_what_is_unknown_changes_neither_loss_nor_gradient(name: str, case: Case) -> None:
    logits, target, known = case
    other = torch.where(known > 0, logits, -3 * logits + 1)
    flipped = torch.where(known > 0, target, 1 - target)
    results = []
    for scores, labels in ((logits, target), (other, flipped)):
        scores = scores.clone().requires_grad_()
        loss = SEGMENTATION_LOSSES[name](scores, labels, known)
        loss.backward()
        assert scores.grad is not None
        assert not (scores.grad * (1 - known)).any()
        results.append((loss.detach(), scores.grad))
    torch.testing.assert_close(results[0], results[1])


@pytest.mark.parametrize("name", SEGMENTATION_LOSSES)
def test_nothing_known_gives_a_finite_loss_and_no_gradient(name: str, case: Case) -> None:
    logits = case[0].clone().requires_grad_()
    loss = SEGMENTATION_LOSSES[name](logits, case[1], torch.zeros_like(case[2]))
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is None or not logits.grad.any()


@pytest.mark.parametrize("name", SEGMENTATION_LOSSES)
def test_a_loss_falls_when_it_is_followed(name: str, case: Case) -> None:
    logits = case[0].clone().requires_grad_()
    before = SEGMENTATION_LOSSES[name](logits, *case[1:])
    before.backward()
    assert logits.grad is not None
    after = SEGMENTATION_LOSSES[name](logits.detach() - 0.1 * logits.grad, *case[1:])
    assert after < before


def test_a_mix_is_the_weighted_sum(case: Case) -> None:
    mixed = segmentation_loss({"bce": 2.0, "lovasz": 0.5, "dice": 0.0}, *case)
    torch.testing.assert_close(mixed, 2 * cross_entropy(*case) + 0.5 * lovasz(*case))


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ({"bce": 1.0, "tversky": 1.0}, r"loss\.tversky: no such loss; choose from bce, dice, focal, lovasz"),
        ({"bce": -1.0}, r"loss\.bce: -1\.0 is negative"),
        ({"bce": 0.0}, "loss: nothing has a weight"),
        ({}, "loss: nothing has a weight"),
    ],
)
def test_a_wrong_mix_is_refused(mix: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_segmentation_mix(mix)
