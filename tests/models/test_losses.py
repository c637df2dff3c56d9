"""Reconstruction losses against independent computations."""

import math

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from cleanplate.errors import ConfigError
from cleanplate.models.losses import LOSSES, background_weight, check_mix, mixed, ssim


def pictures(seed: int = 0, shape: tuple[int, ...] = (2, 3, 40, 48), noise: float = 0.1) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(shape, generator=generator)
    estimate = (target + noise * torch.randn(shape, generator=generator)).clamp(0, 1)
    return estimate, target


def by_hand(name: str, estimate: np.ndarray, target: np.ndarray) -> np.ndarray:
    gap = np.abs(estimate - target)
    if name == "mse":
        each = gap**2
    elif name == "l1":
        each = gap
    else:
        knee = 3 / 255
        each = np.where(gap < knee, gap**2 / (2 * knee), gap - knee / 2)
    return each.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["mse", "l1", "smooth_l1"])
@pytest.mark.parametrize("noise", [0.002, 0.1])
def test_a_loss_is_what_its_formula_says(name: str, noise: float) -> None:
    estimate, target = pictures(noise=noise)
    np.testing.assert_allclose(
        LOSSES[name](estimate, target).numpy(), by_hand(name, estimate.numpy(), target.numpy()), rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_is_a_map_that_is_zero_for_equal_pictures_only(name: str) -> None:
    estimate, target = pictures()
    assert LOSSES[name](estimate, target).shape == (2, 1, 40, 48)
    assert LOSSES[name](estimate, target).mean() > 1e-3
    torch.testing.assert_close(LOSSES[name](target, target), torch.zeros(2, 1, 40, 48), atol=1e-5, rtol=0)


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.5])
def test_ssim_is_that_of_torchmetrics(noise: float) -> None:
    estimate, target = pictures(noise=noise)
    mean, full = structural_similarity_index_measure(
        estimate, target, gaussian_kernel=True, sigma=1.5, data_range=1.0, return_full_image=True
    )
    ours = 1 - ssim(estimate, target)
    # torchmetrics pads by reflection; the inner part knows no padding.
    inner = (..., slice(5, -5), slice(5, -5))
    torch.testing.assert_close(ours[inner], full.mean(dim=1, keepdim=True)[inner], atol=2e-4, rtol=0)
    assert float(ours[inner].mean()) == pytest.approx(float(mean), abs=5e-3)


def test_ssim_keeps_its_precision_under_mixed_precision() -> None:
    target = torch.nn.functional.avg_pool2d(pictures()[1], 5, 1, 2)
    estimate = (target + 0.01 * torch.randn(target.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    exact = ssim(estimate, target)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(ssim(estimate, target), exact)
    assert float(exact.min()) >= -1e-5


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (1, 3, 3, 20)])
def test_ssim_of_a_picture_smaller_than_its_window_is_finite(shape: tuple[int, ...]) -> None:
    loss = ssim(*pictures(shape=shape))
    assert loss.shape == (shape[0], 1, *shape[2:])
    assert torch.isfinite(loss).all()


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_gradient_leads_towards_the_target(name: str) -> None:
    estimate, target = pictures(shape=(1, 3, 16, 16))
    estimate.requires_grad_()
    before = LOSSES[name](estimate, target).mean()
    before.backward()
    assert torch.isfinite(estimate.grad).all()
    step = 1e-3 / float(estimate.grad.abs().max())
    assert LOSSES[name](estimate.detach() - step * estimate.grad, target).mean() < before


def test_a_mix_is_the_weighted_sum() -> None:
    estimate, target = pictures()
    expected = 2 * LOSSES["l1"](estimate, target) + 0.5 * LOSSES["ssim"](estimate, target)
    torch.testing.assert_close(mixed({"l1": 2.0, "ssim": 0.5, "mse": 0.0}, estimate, target), expected)


@pytest.mark.parametrize(
    "mix", [{"mse": 1}, {"l1": 0.5, "ssim": 0}, {"smooth_l1": 1.0, "ssim": 0.1, "mse": 2, "l1": 3}]
)
def test_a_sound_mix_is_taken(mix: dict[str, float]) -> None:
    check_mix(mix)


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ({}, "loss: nothing has a weight; give one to at least one of mse, l1, smooth_l1, ssim"),
        ({"mse": 0, "l1": 0.0}, "loss: nothing has a weight"),
        ({"lpips": 1.0}, r"loss\.lpips: no such loss; choose from mse, l1, smooth_l1, ssim"),
        ({"mse": 1, "l1": -0.5}, r"loss\.l1: -0\.5 is negative; choose 0 or more"),
    ],
)
def test_an_unsound_mix_is_refused(mix: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        check_mix(mix)


def test_the_background_weight_follows_its_formula() -> None:
    estimate, target = pictures(shape=(1, 3, 12, 14), noise=0.3)
    error = np.abs(estimate.numpy() - target.numpy()).mean(axis=1)[0]
    likeness = np.tanh(error / 0.25)
    expected = np.empty_like(error)
    for y in range(12):
        for x in range(14):  # at the border the box is cut, not padded
            box = likeness[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            expected[y, x] = math.exp(-6 * box.mean())
    np.testing.assert_allclose(background_weight(estimate, target, 6.0, 3)[0, 0].numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("pull", [0.0, 1.0, 6.0])
@pytest.mark.parametrize("box", [1, 3, 9])
def test_the_background_weight_lies_between_exp_of_minus_pull_and_one(pull: float, box: int) -> None:
    for estimate, target in (pictures(), (torch.zeros(2, 3, 40, 48), torch.ones(2, 3, 40, 48)), pictures(noise=0.0)):
        weight = background_weight(estimate, target, pull, box)
        assert weight.shape == (2, 1, 40, 48)
        assert math.exp(-pull) * 0.999 <= float(weight.min())
        assert float(weight.max()) <= 1.0
    assert (weight == 1).all()


def test_nothing_is_learnt_through_the_background_weight() -> None:
    estimate, target = pictures()
    assert not background_weight(estimate.requires_grad_(), target, 6.0, 3).requires_grad
    assert not background_weight(estimate, target, 0.0, 3).requires_grad
