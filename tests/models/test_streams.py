"""Models with a second stream, and patches: what they are told reaches them, and the foreground does not come back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data.flow import FlowFile, write_flow_file
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.autoencoder.patch_ae.model import PatchAutoencoder, PatchConvolution
from cleanplate.models.autoencoder.patch_attention_ae.criterion import with_boxes
from cleanplate.models.autoencoder.patch_attention_ae.network import patch_means
from cleanplate.models.autoencoder.streams import FlowStream, flow_levels, flow_pixels, mask_levels
from cleanplate.models.components.blocks import Style

FLOW_MODELS = ["flow_ae", "two_stream_ae", "patch_attention_ae"]
SHORT: dict[str, Any] = {"steps": 4, "epoch_steps": 2, "batch_size": 3, "frames": 20}
# Without a plate to lean on, and at full size, a leak would show.
OPEN: dict[str, Any] = {"initial": "none", "scale": 1, "steps": 60, "epoch_steps": 60, "batch_size": 8, "width": 8}


def made(name: str, **options: Any) -> Autoencoder:
    model = cleanplate.create(name, **options)
    assert isinstance(model, Autoencoder)
    return model


def backgrounds(model: Autoencoder, frames: list[np.ndarray]) -> np.ndarray:
    return np.stack([prediction.background for prediction in model.predict(frames)]).astype(int)


def consecutive(scene: FrameSequence, first: int = 20, count: int = 4) -> list[np.ndarray]:
    return [scene[index] for index in range(first, first + count)]


def with_box(frames: list[np.ndarray], moving: bool) -> list[np.ndarray]:
    boxed = [frame.copy() for frame in frames]
    for position, frame in enumerate(boxed):
        left = 10 + (6 * position if moving else 0)
        frame[20:44, left : left + 24] = (0, 255, 255)
    return boxed


# What the streams give


def test_flow_as_levels_comes_back_in_pixels() -> None:
    flow = np.float32([[[0, 0], [0.5, -0.25], [100, -100], [1 / 32, 2]]])
    levels = flow_levels(flow, (1, 4))
    assert levels.dtype == np.uint8 and levels.shape == (2, 1, 4)
    pixels = flow_pixels(torch.from_numpy(levels).float() / 255).permute(1, 2, 0).numpy()
    assert not pixels[0, 0].any()
    np.testing.assert_allclose(pixels, [[[0, 0], [0.5, -0.25], [8, -8], [1 / 32, 2]]], rtol=0.07)


def test_a_mask_becomes_the_share_of_each_pixel() -> None:
    mask = np.array([[255, 0, 127, 127], [255, 255, 127, 255]], np.uint8)
    np.testing.assert_array_equal(mask_levels(mask, (1, 2)), [[[191, 64]]])


def test_flow_in_training_is_that_of_the_frame_before_however_few_are_taken(scene: FrameSequence) -> None:
    stream = FlowStream()
    taken = [levels for _, levels in stream.over(scene, [0, 13, 26], (16, 24))]
    live = stream.following([scene[index] for index in range(27)], (16, 24))
    for levels, index in zip(taken, (0, 13, 26), strict=True):
        np.testing.assert_array_equal(levels, live[index])
    assert (taken[0] == 128).all()
    assert (taken[1] != 128).any()


@pytest.mark.parametrize("name", FLOW_MODELS)
def test_kept_flow_and_flow_made_on_the_way_train_the_same_model(
    name: str, scene: FrameSequence, tmp_path: Path
) -> None:
    plain = made(name, **SHORT).fit(scene)
    write_flow_file(tmp_path / "f.npz", ((scene.numbers[index], flow) for index, _, flow in scene.flows()), {})
    scene.flow = FlowFile(tmp_path / "f.npz")
    kept = made(name, **SHORT).fit(scene)
    for key, value in plain.network.state_dict().items():
        torch.testing.assert_close(value, kept.network.state_dict()[key], rtol=0, atol=0)
    np.testing.assert_array_equal(plain.state_dict()["noise"], kept.state_dict()["noise"])


@pytest.mark.parametrize("name", FLOW_MODELS)
def test_the_frame_before_is_remembered_across_calls_and_forgotten_on_reset(name: str, scene: FrameSequence) -> None:
    model = made(name, **SHORT).fit(scene)
    assert model.remembers
    frames = consecutive(scene)
    inputs = model._inputs(frames)
    assert (inputs[0, 3:] == 128).all() and (inputs[1, 3:] != 128).any()
    model.reset()
    single = torch.cat([model._inputs([frame]) for frame in frames])
    torch.testing.assert_close(inputs, single, rtol=0, atol=0)
    model.reset()
    assert (model._inputs(frames[2:3])[0, 3:] == 128).all()


@pytest.mark.parametrize("name", FLOW_MODELS)
def test_the_flow_reaches_the_background(name: str, scene: FrameSequence) -> None:
    """Two frames that are the same, one of them moving: what comes out differs."""
    model = made(name, **SHORT | {"steps": 20, "learning_rate": 5e-3}).fit(scene)
    frames = model._inputs(consecutive(scene)).float() / 255
    still = frames.clone()
    still[:, 3:] = 128 / 255
    with torch.no_grad():
        moving, resting = model.network(frames)[0], model.network(still)[0]
    assert (moving - resting)[1:].abs().max() > 1e-4


def test_light_jitter_leaves_the_flow_alone(scene: FrameSequence) -> None:
    task = made("flow_ae", light_jitter=0.5).task(scene)
    frames = task.training_frames(torch.arange(8))
    lit = task.jittered(frames)
    assert lit.shape == frames.shape
    assert (lit[:, :3] != frames[:, :3]).any()
    torch.testing.assert_close(lit[:, 3:], frames[:, 3:], rtol=0, atol=0)


# Masks of other models


@pytest.mark.parametrize("other", ["median", "mog2", "ae"])
def test_the_mask_of_another_model_goes_in_and_travels_in_the_checkpoint(
    other: str, scene: FrameSequence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other == "ae":  # a short one
        from cleanplate.models.autoencoder import streams

        monkeypatch.setattr(streams, "create", lambda name, *rest, **options: cleanplate.create(name, **SHORT))
    model = made("flow_ae", stream="mask", mask_model=other, **SHORT).fit(scene)
    monkeypatch.undo()
    assert model.remembers == (other == "mog2")
    frames = with_box(consecutive(scene), moving=False)
    cleanplate.save(model, tmp_path / "model.ckpt")
    loaded = cleanplate.load(tmp_path / "model.ckpt")
    assert isinstance(loaded, Autoencoder)
    torch.testing.assert_close(loaded._inputs(frames), model._inputs(frames), rtol=0, atol=0)
    model.reset()
    loaded.reset()
    np.testing.assert_array_equal(backgrounds(loaded, frames), backgrounds(model, frames))
    if other != "mog2":
        alone = cleanplate.create("median").fit(scene) if other == "median" else model.stream.model
        mask = mask_levels(alone.apply(frames[3]), model.network.working)
        np.testing.assert_array_equal(model._inputs(frames)[3, 3:].numpy(), mask)
        assert mask.any()


def test_a_model_that_learns_online_sees_all_frames_while_training(scene: FrameSequence) -> None:
    model = made("flow_ae", stream="mask", mask_model="mog2", **SHORT | {"frames": 3})
    inputs = model._frames_of(scene)
    alone = cleanplate.create("mog2")
    masks = [mask_levels(alone.apply(frame), model.network.working) for _, frame in scene.frames()]
    np.testing.assert_array_equal(inputs[-1, 3:].numpy(), masks[-1])


def test_an_unknown_mask_model_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.mask_model: 'medium' is unknown; choose one of .*median"):
        cleanplate.create("flow_ae", stream="mask", mask_model="medium")


# Patches


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (60, 80), (33, 50)])
@pytest.mark.parametrize("patch", [4, 16])
def test_patches_fit_any_size(size: tuple[int, int], patch: int) -> None:
    network = PatchAutoencoder(size, 4, 5, 4, Style(), patch, 2)
    pictures = torch.rand(2, 3, *size)
    assert network.encode(pictures).shape == (2, 5)
    assert network.decode(network.encode(pictures)).shape == (2, 4, *size)


@pytest.mark.parametrize("stride", [1, 2])
def test_each_patch_has_weights_of_its_own_and_no_seams(stride: int) -> None:
    layer = PatchConvolution((16, 24), 3, 5, 8, stride, Style())
    picture = torch.rand(1, 3, 16, 24)
    before = layer(picture)
    assert before.shape == (1, 5, 16 // stride, 24 // stride)
    with torch.no_grad():
        layer.convolution.weight[5 * 1 : 5 * 2] += 1  # the second patch of the first row
    changed = (layer(picture) != before).any(dim=1)[0]
    expected = torch.zeros_like(changed)
    expected[: 8 // stride, 8 // stride : 16 // stride] = True
    assert torch.equal(changed, expected)
    # With equal weights everywhere it is an ordinary convolution: nothing is lost where patches meet.
    with torch.no_grad():
        layer.convolution.weight[:] = layer.convolution.weight[:5].repeat(6, 1, 1, 1)
        layer.convolution.bias[:] = layer.convolution.bias[:5].repeat(6)
    padded = torch.nn.functional.pad(picture, (1, 1, 1, 1), mode="replicate")
    plain = torch.nn.functional.conv2d(padded, layer.convolution.weight[:5], layer.convolution.bias[:5], stride=stride)
    torch.testing.assert_close(layer(picture), plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch": 7}, "patch: 7 is no side"),
        ({"patch": 2}, "patch: 2 is no side"),
        ({"patch_stages": 0}, "patch_stages: 0 is not positive"),
    ],
)
def test_wrong_patches_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cleanplate.create("patch_ae", **options)


# Attention


def test_only_means_over_patches_pass_the_code() -> None:
    features, attention = torch.rand(1, 2, 6, 8), torch.ones(1, 1, 6, 8)
    attention[..., :4, :4] = 0
    attention[..., 0, 0] = 1
    means = patch_means(features, attention, 4)
    assert means.shape == (1, 2, 2, 2)
    torch.testing.assert_close(means[..., 0, 0], features[..., 0, 0] * 0.0625 / (0.0625 + 1e-3))
    torch.testing.assert_close(means[..., 1, 1], features[..., 4:, 4:].mean((2, 3)) / 1.001)


def test_boxes_are_pasted_into_colours_of_a_share_of_the_frames() -> None:
    frames = torch.full((200, 5, 16, 24), 0.5)
    pasted = with_boxes(frames, 0.5, torch.Generator().manual_seed(0))
    assert (pasted[:, 3:] == 0.5).all()
    touched = (pasted != frames).flatten(1).any(dim=1).float().mean()
    assert 0.3 < touched < 0.6
    assert torch.equal(with_boxes(frames, 0.0, torch.Generator()), frames)


@pytest.fixture(scope="module", params=["background", "foreground"])
def attentive(request: pytest.FixtureRequest, scene_folder: Path) -> Any:
    options = {"scale": 2, "steps": 80, "epoch_steps": 40, "batch_size": 8, "learning_rate": 5e-3, "gate_weight": 1.0}
    model = cleanplate.create("patch_attention_ae", attend=request.param, **options)
    return model.fit(cleanplate.open_sequence(scene_folder))


def test_attention_is_where_its_name_says(attentive: Any, scene: FrameSequence) -> None:
    assert scene.truth is not None
    frames = consecutive(scene, 10, 20)
    finest = attentive.attention_maps(frames)[0]
    inside, outside = [], []
    for index, picture in enumerate(finest[1:], 11):
        assert picture.shape == scene[0].shape and picture.dtype == np.uint8
        truth = scene.truth.read(scene.numbers[index])
        brightness = picture.astype(float).sum(axis=2)
        inside.extend(brightness[truth == 255])
        outside.extend(brightness[truth == 0])
    if attentive.options.attend == "foreground":
        assert np.mean(inside) > 1.5 * np.mean(outside)
    else:
        assert np.mean(inside) < 0.9 * np.mean(outside)


def test_attention_is_offered_as_pictures(attentive: Any, scene: FrameSequence) -> None:
    extra = attentive.extra_pictures(consecutive(scene))
    assert set(extra) == {f"attention {stage + 1}" for stage in range(len(extra))}
    assert all(len(pictures) == 4 for pictures in extra.values())
    assert cleanplate.create("median").fit(scene).extra_pictures(consecutive(scene)) == {}


# What must not come back


@pytest.mark.parametrize("name", [*FLOW_MODELS, "patch_ae"])
@pytest.mark.parametrize("moving", [False, True], ids=["standing", "moving"])
@pytest.mark.parametrize("initial", ["none", "median"])
def test_a_bright_box_does_not_come_back(name: str, moving: bool, initial: str, scene_folder: Path) -> None:
    model = _opened(name, initial, scene_folder)
    frames = consecutive(cleanplate.open_sequence(scene_folder))
    boxed = with_box(frames, moving)
    left = 28 if moving else 10
    model.reset()
    plain = backgrounds(model, frames)[-1]
    model.reset()
    found = backgrounds(model, boxed)[-1]
    contrast = np.abs(boxed[-1].astype(int) - plain)[20:44, left : left + 24].mean()
    assert contrast > 80
    assert np.abs(found - plain)[20:44, left : left + 24].mean() < 0.1 * contrast


_KEPT: dict[tuple[str, str], Autoencoder] = {}


def _opened(name: str, initial: str, folder: Path) -> Autoencoder:
    if (name, initial) not in _KEPT:
        _KEPT[name, initial] = made(name, **OPEN | {"initial": initial}).fit(cleanplate.open_sequence(folder))
    return _KEPT[name, initial]
