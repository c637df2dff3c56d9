"""Robust PCA: the decomposition on matrices made for it, the model under light and with an object."""

import numpy as np
import pytest

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models import create
from cleanplate.models.statistical.rpca.robust_pca import leading_subspace, robust_coefficients, robust_pca


def low_rank(rows: int, columns: int, rank: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, rank)) @ random.normal(size=(rank, columns))


@pytest.mark.parametrize(("shape", "rank", "share"), [((300, 60), 2, 0.1), ((80, 80), 3, 0.05), ((50, 200), 2, 0.05)])
def test_low_rank_and_sparse_parts_are_recovered_exactly(shape: tuple[int, int], rank: int, share: float) -> None:
    random = np.random.default_rng(1)
    low = low_rank(*shape, rank, seed=0)
    sparse = np.where(random.random(shape) < share, random.uniform(-10, 10, shape), 0)
    found_low, found_sparse = robust_pca(low + sparse)
    assert np.linalg.norm(found_low - low) < 1e-4 * np.linalg.norm(low)
    assert np.linalg.norm(found_sparse - sparse) < 1e-4 * np.linalg.norm(sparse)
    # The plain decomposition is nowhere near: the test can fail.
    left, strength, right = np.linalg.svd(low + sparse, full_matrices=False)
    assert np.linalg.norm((left[:, :rank] * strength[:rank]) @ right[:rank] - low) > 0.05 * np.linalg.norm(low)


def test_single_precision_and_nothing_at_all_will_do() -> None:
    low = low_rank(200, 30, 1, seed=2).astype(np.float32)
    found, sparse = robust_pca(low, tolerance=1e-5)
    assert found.dtype == sparse.dtype == np.float32
    assert np.linalg.norm(found - low) < 1e-3 * np.linalg.norm(low)
    for part in robust_pca(np.zeros((9, 4))):
        assert not part.any()


def test_the_subspace_is_that_of_the_low_rank_part() -> None:
    low = low_rank(120, 40, 3, seed=3)
    basis = leading_subspace(low, rank=8)
    assert basis.shape == (120, 3)
    np.testing.assert_allclose(basis @ (basis.T @ low), low, atol=1e-8)
    assert leading_subspace(low, rank=2).shape == (120, 2)


def test_a_column_is_explained_by_the_entries_that_fit() -> None:
    basis = leading_subspace(low_rank(600, 40, 3, seed=4), rank=3)
    truth = np.array([3.0, -1.0, 0.5])
    column = basis @ truth
    column[:150] += 0.8
    found = robust_coefficients(column, basis, truth * 1.2, group=3)
    np.testing.assert_allclose(found, truth, atol=0.02)
    assert np.abs(basis.T @ column - truth).max() > 0.1


@pytest.fixture(scope="module")
def fitted(scene_folder):
    import cleanplate

    return create("rpca", scale=2).fit(cleanplate.open_sequence(scene_folder))


def test_a_light_change_is_followed(fitted, scene: FrameSequence) -> None:
    frame = scene[10]
    dark = np.rint(frame * 0.75).astype(np.uint8)
    before, after = (prediction.background.astype(float) for prediction in fitted.predict([frame, dark]))
    assert np.abs(after - 0.75 * before).mean() < 3
    assert np.abs(after - before).mean() > 10


def test_a_pasted_box_is_not_followed(fitted, scene: FrameSequence) -> None:
    frame = scene[10].copy()
    before = fitted.predict([frame])[0].background
    frame[10:40, 20:60] = (30, 240, 250)
    prediction = fitted.predict([frame])[0]
    assert np.abs(prediction.background.astype(int) - before)[10:40, 20:60].mean() < 3
    assert (prediction.mask[14:36, 24:56] == 255).mean() > 0.95


def test_it_is_nearer_to_the_clean_plate_than_the_mean_is(fitted, scene: FrameSequence) -> None:
    assert scene.plates is not None
    mean = create("mean").fit(scene)
    gaps = {}
    for model in (fitted, mean):
        pairs = [
            (model.predict([scene[i]])[0].background, scene.plates.read(scene.numbers[i])) for i in range(0, 40, 4)
        ]
        gaps[model.name] = np.mean([np.abs(one.astype(int) - other).mean() for one, other in pairs])
    assert gaps["rpca"] < gaps["mean"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"frames": 1}, "frames: 1 is outside"),
        ({"rank": 0}, "rank: 0 is not positive"),
        ({"initial": "none"}, "initial: none"),
        ({"noise": 0.45}, "noise: 0.45 is not true or false"),
    ],
)
def test_bad_options_are_refused_by_name(options, words) -> None:
    with pytest.raises(ConfigError, match=words):
        create("rpca", **options)
