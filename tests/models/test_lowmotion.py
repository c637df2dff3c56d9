"""The classical recipe as a model: what it does with much, with little, and with its parts left out."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models import BackgroundModel, create
from in_memory import in_memory, photographed, textured

HEIGHT, WIDTH, SIDE = 120, 160, 34
LARGE = textured(HEIGHT + 40, WIDTH + 40, seed=3)


def view(index: int, reach: float, box: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A frame of a camera that shakes by up to `reach` pixels, its clean plate and the truth, with a box at `box`."""
    dx, dy = np.random.default_rng(index).uniform(-reach, reach, 2)
    motion = np.array([[1, 0, dx - 20], [0, 1, dy - 20]], np.float64)
    plate = cv2.warpAffine(LARGE, motion, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    truth = np.zeros((HEIGHT, WIDTH), np.bool_)
    if box is not None:
        truth[40 : 40 + SIDE, box : box + SIDE] = True
    return photographed(np.where(truth[..., None], (30, 220, 240), plate), index), plate, truth


def scene_of(reach: float, count: int = 60) -> FrameSequence:
    return in_memory([view(index, reach, (5 * index) % (WIDTH - SIDE))[0] for index in range(count)])


@pytest.fixture(scope="module", params=[0.0, 3.0], ids=["still", "shaking"])
def reach(request: pytest.FixtureRequest) -> float:
    return request.param


@pytest.fixture(scope="module")
def fitted(reach: float) -> BackgroundModel:
    return create("lowmotion").fit(scene_of(reach))


def overlap(mask: np.ndarray, truth: np.ndarray) -> float:
    found = mask == 255
    return float((found & truth).sum() / (found | truth).sum())


def test_object_and_plate_are_found_whether_the_camera_shakes_or_not(fitted: BackgroundModel, reach: float) -> None:
    assert ("reference" in fitted.state_dict()) == (reach > 0)
    for index in range(100, 106):
        frame, plate, truth = view(index, reach, box=20 + index - 100)
        prediction = fitted.predict([frame])[0]
        assert overlap(prediction.mask, truth) > 0.85
        inner = np.s_[8:-8, 8:-8]
        assert np.abs(prediction.background - plate)[inner].mean() < 4
        assert (fitted.apply(view(index + 50, reach)[0])[inner] == 255).mean() < 0.001


def test_registration_is_what_does_it() -> None:
    gaps = {}
    for registration in (True, False):
        model = create("lowmotion", stabilization=registration, residual_subspace=False, mosaic=False).fit(
            scene_of(3.0)
        )
        frame, plate, _ = view(101, 3.0)
        gaps[registration] = np.abs(model.predict([frame])[0].background - plate)[8:-8, 8:-8].mean()
    assert gaps[True] < 0.4 * gaps[False]


@pytest.mark.parametrize("way", ["state", "file"])
def test_it_comes_back_as_it_was(fitted: BackgroundModel, reach: float, way: str, tmp_path: Path) -> None:
    if way == "state":
        again = create("lowmotion")
        again.load_state_dict(fitted.state_dict())
    else:
        cleanplate.save(fitted, tmp_path / "model.ckpt")
        again = cleanplate.load(tmp_path / "model.ckpt")
    assert again.state_dict().keys() == fitted.state_dict().keys()
    frames = [view(index, reach, box)[0] for index, box in ((200, 50), (201, None))]
    for one, other in zip(fitted.predict(frames), again.predict(frames), strict=True):
        np.testing.assert_array_equal(one.background, other.background)
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_what_was_not_fitted_comes_back_unfitted() -> None:
    again = create("lowmotion")
    again.load_state_dict(create("lowmotion").state_dict())
    assert not again.fitted


@pytest.mark.parametrize("count", [1, 2, 30])  # thirty make 29 pairs
def test_with_few_frames_there_is_a_plate_and_nothing_more(count: int) -> None:
    model = create("lowmotion").fit(scene_of(0.0, count))
    state = model.state_dict()
    assert "components" not in state and "reference" not in state and state["noise"] is None
    frame, _, truth = view(100, 0.0, 60)
    prediction = model.predict([frame])[0]
    np.testing.assert_array_equal(prediction.background, state["plate"])
    if count == 30:
        assert overlap(prediction.mask, truth) > 0.8


def test_parts_can_be_left_out() -> None:
    shaking = scene_of(3.0)
    for option, key in (("stabilization", "reference"), ("residual_subspace", "components"), ("noise", "noise")):
        state = create("lowmotion", **{option: False}, mosaic=False).fit(shaking).state_dict()
        assert state.get(key) is None
        others = {"reference", "components", "noise"} - {key}
        assert all(state.get(other) is not None for other in others)


def test_without_residual_the_background_is_the_plate_whatever_the_light() -> None:
    model = create("lowmotion", residual_subspace=False).fit(scene_of(0.0))
    frame = view(100, 0.0)[0]
    dark = np.rint(frame * 0.8).astype(np.uint8)
    for prediction in model.predict([frame, dark]):
        np.testing.assert_array_equal(prediction.background, model.state_dict()["plate"])


def test_a_second_fit_forgets_the_first() -> None:
    model = create("lowmotion").fit(scene_of(3.0))
    model.fit(scene_of(0.0, 40))
    fresh = create("lowmotion").fit(scene_of(0.0, 40))
    assert model.state_dict().keys() == fresh.state_dict().keys()
    frame = view(100, 0.0, 50)[0]
    np.testing.assert_array_equal(model.apply(frame), fresh.apply(frame))


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(ConfigError, match="frames: 1 is too few"):
        create("lowmotion", frames=1)
