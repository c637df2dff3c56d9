"""Reconstruction losses against independent computations."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from cleanplate.errors import ConfigError
from cleanplate.models.components.losses import LOSSES, background_weight, bce, check_mix, mixed, ms_ssim, ssim

KNEE = 3 / 255
FORMULAS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mse": lambda gap: gap**2,
    "l1": lambda gap: gap,
    "smooth_l1": lambda gap: np.where(gap < KNEE, gap**2 / (2 * KNEE), gap - KNEE / 2),
    "charbonnier": lambda gap: np.hypot(gap, 1e-3) - 1e-3,
    "log_cosh": lambda gap: np.log(np.cosh(gap)),
    "x_tanh": lambda gap: gap * np.tanh(gap),
    "x_sigmoid": lambda gap: gap * (2 / (1 + np.exp(-gap)) - 1),
    "algebraic": lambda gap: gap**2 / np.sqrt(1 + gap**2),
    "photometric": lambda gap: (gap + 0.01) ** 0.4,
}


def pictures(seed: int = 0, shape: tuple[int, ...] = (2, 3, 40, 48), noise: float = 0.1) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(shape, generator=generator)
    estimate = (target + noise * torch.randn(shape, generator=generator)).clamp(0, 1)
    return estimate, target


@pytest.mark.parametrize("name", sorted(FORMULAS))
@pytest.mark.parametrize("noise", [0.002, 0.1])
def test_a_loss_is_what_its_formula_says(name: str, noise: float) -> None:
    estimate, target = pictures(noise=noise)
    gap = np.abs(estimate.numpy().astype(float) - target.numpy())
    expected = FORMULAS[name](gap).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(LOSSES[name](estimate, target).numpy(), expected, rtol=1e-4, atol=1e-8)


def test_bce_is_torchs_inside_its_bounds() -> None:
    estimate, target = pictures()
    estimate = 0.005 + 0.99 * estimate
    expected = torch.nn.functional.binary_cross_entropy(estimate, target, reduction="none")
    torch.testing.assert_close(bce(estimate, target), expected.mean(dim=1, keepdim=True))


@pytest.mark.parametrize("level", [-3.0, -0.1, 0.0, 1.0, 1.1, 7.0])
@pytest.mark.parametrize("aim", [0.0, 0.3, 1.0])
def test_bce_is_finite_and_leads_back_from_beyond_its_bounds(level: float, aim: float) -> None:
    estimate = torch.full((1, 3, 4, 4), level, requires_grad=True)
    loss = bce(estimate, torch.full((1, 3, 4, 4), aim)).mean()
    loss.backward()
    assert torch.isfinite(loss)
    if not 0 <= level <= 1:
        assert ((estimate.grad > 0) == (level > 1)).all()


def test_bce_keeps_its_precision_under_mixed_precision() -> None:
    estimate, target = torch.full((1, 1, 2, 2), 0.9975), torch.ones(1, 1, 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert bce(estimate, target).dtype == torch.float32
        torch.testing.assert_close(bce(estimate, target), torch.full((1, 1, 2, 2), -math.log(0.9975)))
        assert torch.isfinite(bce(torch.ones(1, 1, 2, 2).bfloat16(), torch.zeros(1, 1, 2, 2))).all()


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_is_a_map_that_is_least_for_equal_pictures(name: str) -> None:
    estimate, target = pictures()
    least = {
        "photometric": torch.full((2, 1, 40, 48), 0.01**0.4),
        "bce": torch.special.entr(target).add(torch.special.entr(1 - target)).mean(dim=1, keepdim=True),
    }.get(name, torch.zeros(2, 1, 40, 48))
    found = LOSSES[name](estimate, target)
    assert found.shape == (2, 1, 40, 48)
    assert (found - least).mean() > 1e-3
    torch.testing.assert_close(LOSSES[name](target, target), least, atol=1e-5 if name != "bce" else 2e-3, rtol=0)


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


@pytest.mark.parametrize("structural", [ssim, ms_ssim])
def test_similarity_keeps_its_precision_under_mixed_precision(structural: Callable[..., torch.Tensor]) -> None:
    target = torch.nn.functional.avg_pool2d(pictures()[1], 5, 1, 2)
    estimate = (target + 0.01 * torch.randn(target.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    exact = structural(estimate, target)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(structural(estimate, target), exact)
    assert float(exact.min()) >= -1e-5


@pytest.mark.parametrize("structural", [ssim, ms_ssim])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 1, 8, 8), (1, 3, 3, 20), (2, 3, 23, 51), (1, 2, 97, 41)])
def test_similarity_is_finite_for_pictures_of_any_size(
    structural: Callable[..., torch.Tensor], shape: tuple[int, ...]
) -> None:
    loss = structural(*pictures(shape=shape))
    assert loss.shape == (shape[0], 1, *shape[2:])
    assert torch.isfinite(loss).all()


def test_ms_ssim_of_a_picture_too_small_for_a_second_scale_is_ssim() -> None:
    small = pictures(shape=(2, 3, 20, 30), noise=0.03)
    torch.testing.assert_close(ms_ssim(*small), ssim(*small))
    larger = pictures(shape=(2, 3, 22, 30), noise=0.03)
    assert (ms_ssim(*larger) - ssim(*larger)).abs().mean() > 1e-3


@pytest.mark.parametrize(("bright", "dark"), [(0.5, 0.4), (0.9, 0.1)])
def test_ms_ssim_of_even_pictures_is_that_of_torchmetrics(bright: float, dark: float) -> None:
    """Even pictures differ in luminance alone, of which only the coarsest scale, the fifth, is asked."""
    estimate, target = torch.full((1, 3, 176, 192), dark), torch.full((1, 3, 176, 192), bright)
    expected = float(multiscale_structural_similarity_index_measure(estimate, target, data_range=1.0))
    torch.testing.assert_close(ms_ssim(estimate, target), torch.full((1, 1, 176, 192), 1 - expected), atol=2e-4, rtol=0)


def test_ms_ssim_of_pictures_alike_everywhere_is_close_to_that_of_torchmetrics() -> None:
    """Where no place differs from another, the mean of products is nearly the product of means."""
    estimate, target = pictures(shape=(1, 3, 192, 192), noise=0.2)
    expected = float(multiscale_structural_similarity_index_measure(estimate, target, data_range=1.0))
    assert float(1 - ms_ssim(estimate, target).mean()) == pytest.approx(expected, abs=0.01)
    assert float(1 - ssim(estimate, target).mean()) != pytest.approx(expected, abs=0.02)


def test_ms_ssim_on_two_scales_follows_its_formula() -> None:
    estimate, target = (picture[0, 0].double().numpy() for picture in pictures(shape=(1, 1, 24, 32), noise=0.05))

    def terms(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        def local(picture: np.ndarray) -> np.ndarray:
            return gaussian_filter(picture, 1.5, radius=5, mode="nearest")

        covariance = local(one * other) - local(one) * local(other)
        variances = local(one**2) - local(one) ** 2 + local(other**2) - local(other) ** 2
        light = (2 * local(one) * local(other) + 1e-4) / (local(one) ** 2 + local(other) ** 2 + 1e-4)
        return light, (2 * covariance + 9e-4) / (variances + 9e-4)

    fine = terms(estimate, target)[1]
    light, coarse = terms(*(picture.reshape(12, 2, 16, 2).mean((1, 3)) for picture in (estimate, target)))
    enlarged = torch.nn.functional.interpolate(torch.tensor(light * coarse)[None, None], (24, 32), mode="bilinear")
    total = 0.0448 + 0.2856
    expected = 1 - fine.clip(1e-3) ** (0.0448 / total) * enlarged[0, 0].numpy().clip(1e-3) ** (0.2856 / total)
    found = ms_ssim(*(torch.tensor(picture)[None, None].float() for picture in (estimate, target)))
    np.testing.assert_allclose(found[0, 0].numpy(), expected, atol=2e-4)


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
        ({}, "loss: nothing has a weight; give one to at least one of mse, l1, smooth_l1, charb"),
        ({"mse": 0, "l1": 0.0}, "loss: nothing has a weight"),
        ({"lpips": 1.0}, r"loss\.lpips: no such loss; choose from mse, .*, photometric, bce, ssim, ms_ssim"),
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
