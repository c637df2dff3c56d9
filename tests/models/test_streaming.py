"""OpenCV's manners of every registered model: apply, freeze, save in mid-stream, and what is no frame."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.models import BackgroundModel, available
from cleanplate.models.learned import LearnedModel
from cleanplate.models.statistical.opencv.model import OpenCvSubtractor
from cleanplate.models.supervised.base import SupervisedModel
from needed import needed

SHORT: dict[str, Any] = {"steps": 2, "epoch_steps": 2, "batch_size": 4, "frames": 24}
NAMES = sorted(available())
# Variants whose memory is another than that of the model's default.
FURTHER: dict[str, tuple[str, dict[str, Any]]] = {
    "flow_ae of masks": ("flow_ae", {"stream": "mask", "mask_model": "median"}),
}
RANDOM = ("gsoc", "lsbp")  # draw random numbers of OpenCV's own


def made(case: str) -> BackgroundModel:
    """A model that needs its options, and one that learns from labels taken for taught."""
    name, options = FURTHER.get(case, (case, {}))
    learned = issubclass(available()[name], LearnedModel)
    model = cleanplate.create(name, **(needed(name) | (SHORT if learned else {}) | options))
    if isinstance(model, SupervisedModel):
        model.finish()
    return model


ADAPTING = [name for name in NAMES if made(name).adapts]


@pytest.fixture(scope="session", params=[*NAMES, *FURTHER])
def streaming(request: pytest.FixtureRequest, scene_folder: Path) -> BackgroundModel:
    return made(request.param).fit(cleanplate.open_sequence(scene_folder))


@pytest.fixture
def model(streaming: BackgroundModel) -> BackgroundModel:
    """As it was fitted, whatever the test before has shown it."""
    streaming.reset()
    return streaming


@pytest.fixture
def frames(scene: FrameSequence) -> list[np.ndarray]:
    return [scene[index] for index in range(40)]


def same(one: Any, other: Any) -> None:
    for key in ("mask", "score", "background"):
        np.testing.assert_array_equal(getattr(one, key), getattr(other, key))


def test_a_stream_goes_on_bit_by_bit_where_it_was_saved(
    model: BackgroundModel, frames: list[np.ndarray], tmp_path: Path
) -> None:
    if isinstance(model, OpenCvSubtractor):
        pytest.skip("OpenCV does not give out what it has learnt; that `save` says so is tested below")
    for frame in frames[:25]:
        model.apply(frame)
    model.save(tmp_path / "stream.ckpt")
    loaded = cleanplate.load(tmp_path / "stream.ckpt")
    np.testing.assert_array_equal(loaded.background, model.background)
    other = cleanplate.load(tmp_path / "stream.ckpt")
    other.reset()
    other.load(tmp_path / "stream.ckpt")
    for frame in frames[25:32]:
        expected = model.predict([frame])[0]
        same(loaded.predict([frame])[0], expected)
        same(other.predict([frame])[0], expected)


def test_saving_leaves_the_stream_as_it_is(model: BackgroundModel, frames: list[np.ndarray], tmp_path: Path) -> None:
    if isinstance(model, OpenCvSubtractor):
        pytest.skip("refuses to be saved in mid-stream")
    runs = []
    for saves in (False, True):
        model.reset()
        model.apply_batch(frames[:3])
        if saves:
            model.save(tmp_path / "stream.ckpt")
        runs.append(model.predict(frames[3:6]))
    for one, other in zip(*runs, strict=True):
        same(one, other)


@pytest.mark.parametrize("name", [name for name in NAMES if issubclass(available()[name], OpenCvSubtractor)])
def test_a_subtractor_that_cannot_be_saved_says_so_and_what_to_do(
    name: str, frames: list[np.ndarray], tmp_path: Path
) -> None:
    model = made(name)
    model.save(tmp_path / "fresh.ckpt")
    assert cleanplate.load(tmp_path / "fresh.ckpt").name == name
    model.apply(frames[0])
    with pytest.raises(ModelError, match=rf"^{name}: OpenCV does not give out .* reset\(\)"):
        model.save(tmp_path / "stream.ckpt")
    assert not (tmp_path / "stream.ckpt").exists()
    model.reset()
    model.save(tmp_path / "stream.ckpt")


def test_at_rate_0_nothing_is_learnt(model: BackgroundModel, frames: list[np.ndarray]) -> None:
    model.apply_batch(frames[:12])
    pair = frames[12:14]  # two: what moves is seen from the frame before
    before = model.predict(pair, learning_rate=0)[1]
    for frame in [*frames[14:30], *(255 - frame for frame in frames[:6])]:
        model.apply(frame, learning_rate=0)
    same(model.predict(pair, learning_rate=0)[1], before)


def test_a_batch_gives_the_masks_of_single_frames(model: BackgroundModel, frames: list[np.ndarray]) -> None:
    if model.name in RANDOM:
        pytest.skip("draws random numbers of OpenCV's own")
    together = model.apply_batch(frames[:6])
    model.reset()
    for frame, mask in zip(frames[:6], together, strict=True):
        # A network's rounding depends on the size of the batch.
        assert np.mean(model.apply(frame) != mask) < 0.01
    assert model.apply_batch([]) == []


@pytest.mark.parametrize("form", ["[H, W]", "[H, W, 1]", "uint16", "uint16 grey", "not contiguous"])
def test_grey_and_16_bits_are_brought_to_what_models_take(
    model: BackgroundModel, frames: list[np.ndarray], form: str
) -> None:
    if model.name in RANDOM:
        pytest.skip("draws random numbers of OpenCV's own")
    grey = frames[3].mean(axis=2).astype(np.uint8)
    three = np.repeat(grey[..., None], 3, axis=2)
    given, expected = {
        "[H, W]": (grey, three),
        "[H, W, 1]": (grey[..., None], three),
        "uint16": (frames[3].astype(np.uint16) * 257, frames[3]),
        "uint16 grey": (grey.astype(np.uint16) * 257 + 100, three),
        "not contiguous": (np.asfortranarray(frames[3]), frames[3]),
    }[form]
    masks = []
    for frame in (given, expected):
        model.reset()
        masks.append(model.apply(frame))
    np.testing.assert_array_equal(*masks)


def nan_frame() -> np.ndarray:
    frame = np.zeros((64, 96, 3), np.float32)
    frame[3, 4] = np.nan
    return frame


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "none": (lambda: None, r"no frame, but None; cv2\.imread"),
    "list": (lambda: [[1, 2, 3]], "must be a numpy array.* list"),
    "path": (lambda: Path("a.png"), "must be a numpy array"),
    "empty": (lambda: np.zeros((0, 96, 3), np.uint8), r"empty: its shape is \(0, 96, 3\)"),
    "no width": (lambda: np.zeros((64, 0), np.uint8), "empty"),
    "float": (lambda: np.zeros((64, 96, 3), np.float32), "float32; bring it to 0 … 255"),
    "double": (lambda: np.zeros((64, 96), np.float64), "float64; bring it to 0 … 255"),
    "nan": (nan_frame, r"NaN or infinity, .*nan_to_num"),
    "bool": (lambda: np.zeros((64, 96), bool), "bool; multiply it by 255"),
    "int32": (lambda: np.zeros((64, 96, 3), np.int32), r"int32; .*astype\(numpy.uint8\)"),
    "alpha": (lambda: np.zeros((64, 96, 4), np.uint8), "COLOR_BGRA2BGR"),
    "two channels": (lambda: np.zeros((64, 96, 2), np.uint8), r"this is \(64, 96, 2\)"),
    "channels first": (lambda: np.zeros((3, 64, 96), np.uint8), r"this is \(3, 64, 96\)"),
    "a batch": (lambda: np.zeros((2, 64, 96, 3), np.uint8), r"this is \(2, 64, 96, 3\)"),
    "a line": (lambda: np.zeros(96, np.uint8), r"this is \(96,\)"),
}


@pytest.mark.parametrize("name", ["median", "mog2"])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_frame_is_refused_with_what_to_do(
    name: str, wrong: str, scene: FrameSequence, frames: list[np.ndarray]
) -> None:
    model = made(name).fit(scene)
    make, message = WRONG[wrong]
    model.apply(frames[0])
    with pytest.raises(ModelError, match=f"^{name}: .*{message}"):
        model.apply(make())
    assert model.apply(frames[1]).shape == (64, 96)


def test_frames_of_another_size_are_refused_and_the_stream_goes_on(
    model: BackgroundModel, frames: list[np.ndarray]
) -> None:
    model.apply(frames[0])
    if model.any_size and model.fitted_size is None:
        assert model.apply(frames[1][:40, :60]).shape == (40, 60)
        return
    with pytest.raises(ModelError, match="learnt 96×64 frames, this one is 60×40; resize it"):
        model.apply(frames[1][:40, :60])
    assert model.apply(frames[1]).shape == (64, 96)


@pytest.mark.parametrize("rate", [float("nan"), 1.5])
def test_a_rate_that_is_none_is_refused(scene: FrameSequence, frames: list[np.ndarray], rate: float) -> None:
    with pytest.raises(ModelError, match=r"^median: learning_rate .* 0 freezes"):
        made("median").fit(scene).apply(frames[0], rate)


@pytest.mark.parametrize("name", ADAPTING)
def test_a_fitted_background_follows_the_light_where_a_rate_asks_for_it(
    name: str, scene: FrameSequence, tmp_path: Path
) -> None:
    model = made(name).fit(scene)
    assert not model.remembers or name == "bgsnet"  # what bgsnet remembers is how it was lately
    plate = model.background.copy()
    for step in range(40):
        brighter = np.clip(plate.astype(int) + min(step, 12), 0, 255).astype(np.uint8)
        model.apply(brighter, learning_rate=0.3)
    gap = model.background.astype(int) - plate
    assert 10 <= np.median(gap) <= 12
    model.save(tmp_path / "model.ckpt")
    loaded = cleanplate.load(tmp_path / "model.ckpt")
    same(loaded.predict([brighter], 0.3)[0], model.predict([brighter], 0.3)[0])
    same(loaded.predict([brighter], 0.3)[0], model.predict([brighter], 0.3)[0])
    model.apply(brighter, learning_rate=-1)
    model.reset()
    np.testing.assert_array_equal(model.background, plate)


@pytest.mark.parametrize("name", ["median", "lowmotion", "plate"])
def test_an_object_is_not_taken_over_into_the_background(name: str, scene: FrameSequence) -> None:
    model = made(name).fit(scene)
    plate = model.background.copy()
    frame = plate.copy()
    frame[20:40, 30:50] = np.where(plate[20:40, 30:50] > 127, 0, 255)
    assert model.apply(frame)[25:35, 35:45].min() == 255
    for _ in range(20):
        model.apply(frame, learning_rate=0.2)
    followed = np.abs(model.background[25:35, 35:45].astype(int) - plate[25:35, 35:45]).max()
    assert followed <= (0 if name == "median" else 8)  # of more than 127 levels; light is followed there too


def test_a_state_of_another_model_is_refused(scene: FrameSequence, tmp_path: Path) -> None:
    cleanplate.create("median", frames=20).fit(scene).save(tmp_path / "median.ckpt")
    with pytest.raises(ModelError, match=r"median\.ckpt: holds 'median', this is mean; use cleanplate\.load"):
        cleanplate.create("mean").load(tmp_path / "median.ckpt")
    with pytest.raises(ModelError, match=r"its frames is 20, this model's is 200"):
        cleanplate.create("median").load(tmp_path / "median.ckpt")
