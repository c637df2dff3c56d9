"""The EM itself, against scikit-learn and on the cases that break mixtures."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from cleanplate.errors import ConfigError
from cleanplate.models.statistical.gmm.gaussian_mixture import Mixture, fit_mixtures, whitening
from cleanplate.models.statistical.gmm.model import GaussianMixtureOptions, PixelLabeller

REG = 1.0


def two_clusters(pixels: int, frames: int = 200, seed: int = 0) -> np.ndarray:
    """Uint8 [N, P, 3]: 75 % of the frames one correlated colour, the others another one."""
    random = np.random.default_rng(seed)
    near, far = random.uniform(40, 110, (pixels, 3)), random.uniform(150, 220, (pixels, 3))
    is_far = random.random((frames, pixels, 1)) < 0.25
    light = random.normal(0, 6, (frames, pixels, 1))
    noise = random.normal(0, 3, (frames, pixels, 3))
    return np.clip(np.where(is_far, far, near) + light + noise, 0, 255).astype(np.uint8)


def fit(samples: np.ndarray, **options) -> Mixture:
    return fit_mixtures(torch.from_numpy(samples), **{"reg_covar": REG, **options})


@pytest.mark.parametrize(("covariance", "theirs"), [("full", "full"), ("diagonal", "diag")])
def test_agrees_with_sklearn(covariance, theirs):
    samples = two_clusters(40)
    mixture = fit(samples, covariance=covariance, chunk=16)
    assert bool(mixture.converged.all())
    for pixel in range(samples.shape[1]):
        data = samples[:, pixel].astype(float)
        reference = GaussianMixture(2, covariance_type=theirs, reg_covar=REG, random_state=0).fit(data)
        assert reference.converged_
        assert float(mixture.log_likelihood[pixel]) == pytest.approx(reference.score(data), rel=0.01)
        order = np.argsort(-reference.weights_)
        np.testing.assert_allclose(mixture.weights[pixel], reference.weights_[order], atol=0.02)
        np.testing.assert_allclose(mixture.means[pixel], reference.means_[order], atol=0.5)
        found = mixture.covariances[pixel]
        found = found if covariance == "full" else torch.diagonal(found, dim1=-2, dim2=-1)
        np.testing.assert_allclose(found, reference.covariances_[order], rtol=0.15, atol=1.0)


def test_optimum_is_sklearn_s_to_float32_accuracy():
    """From our optimum scikit-learn, in double precision, has nowhere to go."""
    samples = two_clusters(10, seed=3)
    mixture = fit(samples, tol=1e-9, max_iterations=60)
    for pixel in range(10):
        data = samples[:, pixel].astype(float)
        reference = GaussianMixture(2, reg_covar=REG, tol=1e-9, max_iter=500, means_init=mixture.means[pixel].numpy())
        reference.fit(data)
        assert float(mixture.log_likelihood[pixel]) == pytest.approx(reference.score(data), abs=1e-4)
        np.testing.assert_allclose(mixture.means[pixel], reference.means_, atol=2e-2)


def test_static_pixels_have_one_component_and_no_nan():
    samples = np.full((50, 4, 3), 0, np.uint8)
    samples[:, 1] = 255
    samples[:, 2] = (10, 128, 250)
    samples[7, 3] = 200  # one flash in an otherwise static pixel
    mixture = fit(samples)
    for tensor in (mixture.weights, mixture.means, mixture.covariances, mixture.log_likelihood):
        assert bool(torch.isfinite(tensor).all())
    np.testing.assert_allclose(mixture.weights[:3], [[1, 0]] * 3, atol=1e-5)
    np.testing.assert_allclose(mixture.means[:, 0], samples[0], atol=1e-3)
    np.testing.assert_allclose(mixture.weights[3], [0.98, 0.02], atol=1e-5)
    np.testing.assert_allclose(mixture.means[3, 1], [200] * 3, atol=1e-2)
    np.testing.assert_allclose(mixture.covariances[:3, 0], np.broadcast_to(REG * np.eye(3), (3, 3, 3)), atol=1e-4)


def test_result_depends_neither_on_chunks_nor_on_threads():
    samples = two_clusters(23)
    whole, parts = fit(samples, chunk=100), fit(samples, chunk=5)
    np.testing.assert_allclose(whole.means, parts.means, atol=1e-2)
    np.testing.assert_array_equal(fit(samples).means, fit(samples).means)


def test_heaviest_component_comes_first_and_weights_sum_to_one():
    weights = fit(two_clusters(30), components=3).weights
    assert bool((weights[:, :-1] >= weights[:, 1:]).all())
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)


def test_likelihood_never_falls_with_more_steps():
    samples = two_clusters(20, seed=5)
    steps = [fit(samples, tol=1e-12, max_iterations=limit).log_likelihood for limit in (1, 2, 4, 8, 16)]
    for earlier, later in pairwise(steps):
        assert bool((later >= earlier - 1e-4).all())


def test_one_component_is_mean_and_covariance():
    samples = two_clusters(5)
    mixture = fit(samples, components=1)
    np.testing.assert_allclose(mixture.means[:, 0], samples.mean(0), atol=1e-2)
    for pixel in range(5):
        expected = np.cov(samples[:, pixel].T.astype(float), bias=True) + REG * np.eye(3)
        np.testing.assert_allclose(mixture.covariances[pixel, 0], expected, rtol=1e-3)


def test_whitening_inverts_the_cholesky_factor():
    random = np.random.default_rng(1)
    root = random.normal(size=(50, 3, 3))
    covariances = root @ root.transpose(0, 2, 1) + 0.1 * np.eye(3)
    expected = np.linalg.inv(np.linalg.cholesky(covariances))
    np.testing.assert_allclose(whitening(torch.from_numpy(covariances)), expected, rtol=1e-6, atol=1e-9)


def test_labeller_measures_mahalanobis_from_background_components_only():
    weights = np.array([[0.8, 0.2], [0.6, 0.4]], np.float32)
    means = np.array([[[100] * 3, [200] * 3]] * 2, np.float32)
    covariances = np.broadcast_to(4 * np.eye(3, dtype=np.float32), (2, 2, 3, 3)).copy()
    labeller = PixelLabeller(weights, means, covariances, background_share=0.7)
    frame = np.array([[[200, 200, 200], [200, 200, 202]]], np.uint8)
    np.testing.assert_allclose(labeller.distance(frame), [[50 * np.sqrt(3), 1.0]], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"components": 0}, "components: 0"),
        ({"covariance": "tied"}, "'tied' is not one of full, diagonal"),
        ({"use": "mask"}, "'mask' is not one of background, label"),
        ({"frames": 1}, "frames: 1"),
        ({"reg_covar": 0.0}, "reg_covar: 0.0 is not positive"),
        ({"tol": float("nan")}, "tol: nan"),
        ({"max_iterations": 0}, "max_iterations: 0"),
        ({"background_share": 1.0}, "background_share: 1.0"),
    ],
)
def test_bad_options_are_refused_by_name(options, words):
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        GaussianMixtureOptions(**options)
