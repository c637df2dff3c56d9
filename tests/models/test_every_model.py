"""What every registered model must do that learns without labels. A new model is tested by being registered.

Those that learn from labels: `test_every_supervised_model`.
"""

from typing import Any

import numpy as np
import pytest

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.models import BackgroundModel, available
from cleanplate.models.learned import LearnedModel
from needed import needed

# Just enough learning to move the weights; what a model reaches is measured elsewhere.
SHORT: dict[str, Any] = {"steps": 6, "epoch_steps": 3, "batch_size": 4, "frames": 24}
NAMES = sorted(name for name, model in available().items() if not model.labelled)


def made(name: str, **options: Any) -> BackgroundModel:
    learned = issubclass(available()[name], LearnedModel)
    return cleanplate.create(name, **(needed(name) | (SHORT if learned else {}) | options))


@pytest.fixture(scope="session", params=NAMES)
def fitted(request: pytest.FixtureRequest, scene_folder: Any) -> BackgroundModel:
    return made(request.param).fit(cleanplate.open_sequence(scene_folder))


@pytest.fixture
def frames(scene: FrameSequence) -> list[np.ndarray]:
    return [scene[index] for index in range(30, 36)]


def test_mask_score_and_background_have_the_promised_form(fitted: BackgroundModel, frames: list[np.ndarray]) -> None:
    for prediction in fitted.predict(frames):
        assert prediction.mask.dtype == np.uint8
        assert prediction.mask.shape == frames[0].shape[:2]
        assert set(np.unique(prediction.mask)) <= {0, 127, 255}
        assert prediction.score.dtype == np.float32
        assert prediction.score.shape == frames[0].shape[:2]
        assert np.isfinite(prediction.score).all()
        assert prediction.background.dtype == np.uint8
        assert prediction.background.shape == frames[0].shape
    assert fitted.background.shape == frames[0].shape


def test_a_checkpoint_gives_the_same_predictions(fitted: BackgroundModel, frames: list[np.ndarray], tmp_path) -> None:
    fitted.reset()  # what OpenCV's subtractors learnt cannot be taken out of them: both start afresh
    cleanplate.save(fitted, tmp_path / "model.ckpt")
    loaded = cleanplate.load(tmp_path / "model.ckpt")
    assert loaded.describe() == fitted.describe()
    for one, other in zip(fitted.predict(frames), loaded.predict(frames), strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.background, other.background)


def test_a_batch_equals_single_frames(fitted: BackgroundModel, frames: list[np.ndarray]) -> None:
    fitted.reset()
    together = fitted.predict(frames)
    fitted.reset()
    for frame, one in zip(frames, together, strict=True):
        np.testing.assert_allclose(
            fitted.predict([frame])[0].background.astype(int), one.background.astype(int), atol=1
        )


def test_a_reset_model_knows_nothing_of_the_frames_before(fitted: BackgroundModel, frames: list[np.ndarray]) -> None:
    if fitted.name in ("gsoc", "lsbp"):
        pytest.skip("draws random numbers of OpenCV's own")
    runs = []
    for _ in range(2):
        fitted.reset()
        runs.append(fitted.predict(frames[3:]))
        fitted.predict(frames[:3])
    for one, other in zip(*runs, strict=True):
        np.testing.assert_array_equal(one.background, other.background)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_the_background_is_nearer_to_the_clean_plate_than_the_frames_are(
    fitted: BackgroundModel, scene: FrameSequence
) -> None:
    assert scene.plates is not None
    fitted.reset()
    if fitted.streaming:
        for _, frame in scene.frames(range(30)):
            fitted.apply(frame)
    gaps, raw = [], []
    for index in range(30, 40):
        plate = scene.plates.read(scene.numbers[index]).astype(int)
        frame = scene[index]
        gaps.append(np.abs(fitted.predict([frame])[0].background - plate).mean())
        raw.append(np.abs(frame - plate).mean())
    assert np.mean(gaps) < np.mean(raw)


def test_foreground_is_found(fitted: BackgroundModel, scene: FrameSequence) -> None:
    assert scene.truth is not None
    fitted.reset()
    if fitted.streaming:
        for _, frame in scene.frames(range(30)):
            fitted.apply(frame)
    inside, outside = [], []
    for index in range(30, 40):
        truth = scene.truth.read(scene.numbers[index])
        score = fitted.predict([scene[index]])[0].score
        inside.append(score[truth == 255].mean())
        outside.append(score[truth == 0].mean())
    assert np.mean(inside) > 2 * np.mean(outside)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((64, 96, 2), np.uint8),
        np.zeros((64, 96, 3), np.float32),
        np.zeros((64, 96, 4), np.uint8),
        np.zeros((32, 32, 3), np.uint8),
        None,
    ],
    ids=["two channels", "float", "four channels", "another size", "nothing"],
)
def test_a_wrong_frame_is_refused(fitted: BackgroundModel, frames: list[np.ndarray], frame: Any) -> None:
    fitted.reset()
    if fitted.streaming:
        fitted.apply(frames[0])
    with pytest.raises(ModelError, match=fitted.name):
        fitted.apply(frame)


@pytest.mark.parametrize("name", [name for name in NAMES if not available()[name].streaming])
def test_a_model_that_learns_offline_says_that_it_must_be_fitted(name: str) -> None:
    with pytest.raises(ModelError, match="fit"):
        made(name).apply(np.zeros((64, 96, 3), np.uint8))
