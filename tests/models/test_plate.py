"""`plate`: the fused score, any base, the weights that come with the package."""

from pathlib import Path

import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models.components.tensors import as_tensor
from cleanplate.models.hybrid.plate.inference import FastForegroundNetwork
from cleanplate.models.hybrid.plate.model import Plate
from cleanplate.models.hybrid.plate.network import ForegroundNetwork


@pytest.fixture(scope="module")
def plate(scene_folder: Path) -> Plate:
    model = cleanplate.create("plate").fit(cleanplate.open_sequence(scene_folder))
    assert isinstance(model, Plate)
    return model


def test_a_pasted_object_is_found_and_a_shadow_is_not(plate: Plate, scene: FrameSequence) -> None:
    background = plate.base.predict([scene[0]])[0].background
    frame = background.copy()
    random = np.random.default_rng(0)
    frame[10:34, 10:26] = random.integers(0, 256, (24, 16, 3))
    frame[30:58, 50:90] = (frame[30:58, 50:90] * 0.65).astype(np.uint8)
    mask = plate.predict([frame])[0].mask
    assert (mask[12:32, 12:24] == 255).mean() > 0.9
    assert (mask[34:54, 54:86] == 255).mean() < 0.1
    # The base alone takes the shadow for an object.
    assert (plate.base.predict([frame])[0].mask[34:54, 54:86] == 255).mean() > 0.5


@pytest.mark.parametrize("base", ["median", "gmm", "mog2"])
def test_any_model_that_gives_a_background_serves_as_base(base: str, scene: FrameSequence) -> None:
    model = cleanplate.create("plate", base=base).fit(scene)
    for index in range(5):
        prediction = model.predict([scene[index]])[0]
        assert np.isfinite(prediction.score).all()
        assert prediction.background.shape == scene[0].shape


def test_at_weight_0_the_base_decides(scene: FrameSequence) -> None:
    base = cleanplate.create("lowmotion", {"threshold": 28.0}).fit(scene)
    alone = cleanplate.create("plate", network_weight=0.0).fit(scene)
    for index in (3, 30):
        np.testing.assert_array_equal(base.apply(scene[index]), alone.apply(scene[index]))


def test_several_threads_find_what_one_finds(plate: Plate, scene: FrameSequence) -> None:
    frames = [scene[index] for index in (3, 12, 30, 39)]
    alone = plate.predict(frames)
    torch.set_num_threads(2)
    try:
        together = plate.predict(frames)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.background, other.background)
        np.testing.assert_allclose(one.score, other.score, atol=0.5)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_the_fast_network_gives_the_same_logits(plate: Plate, kind: torch.dtype) -> None:
    random = np.random.default_rng(2)
    fast = FastForegroundNetwork(plate.network, kind)
    for height, width in ((48, 64), (80, 32)):
        background = random.integers(0, 256, (height, width, 3), np.uint8)
        frame = np.where(random.random((height, width, 1)) < 0.5, background, 255 - background)
        noise = random.uniform(0, 40, (height, width)).astype(np.float32)
        pictures = as_tensor([frame, background])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            expected = plate.network(pictures[:1], pictures[1:], torch.from_numpy(noise)[None, None])[0, 0]
        for _ in range(2):  # the squashed noise is kept
            assert torch.equal(fast.logits(frame, background, noise), expected)
        other = fast.logits(frame, background, noise + 20)
        assert not torch.equal(other, expected)


def test_weights_that_change_are_noticed(scene: FrameSequence) -> None:
    model = cleanplate.create("plate")
    assert isinstance(model, Plate)
    noise = np.zeros((32, 32), np.float32)
    before = model.probability(scene[0][:32, :32], scene[1][:32, :32], noise)
    silent = {key: torch.zeros_like(weight) for key, weight in model.network.state_dict().items()}
    model.network.load_state_dict(silent)
    after = model.probability(scene[0][:32, :32], scene[1][:32, :32], noise)
    assert not np.array_equal(before, after)
    np.testing.assert_allclose(after, 0.5, atol=0.01)


def test_padded_noise_is_that_of_this_scene(plate: Plate, scene: FrameSequence) -> None:
    frame, background = scene[0][:41, :37], scene[9][:41, :37]
    quiet, restless = np.zeros((41, 37), np.float32), np.full((41, 37), 60, np.float32)
    first = plate.probability(frame, background, quiet)
    assert not np.array_equal(plate.probability(frame, background, restless), first)
    np.testing.assert_array_equal(plate.probability(frame, background, quiet), first)


def test_probability_does_not_depend_on_padding(plate: Plate) -> None:
    random = np.random.default_rng(1)
    frame, background = (random.integers(0, 256, (64, 96, 3), np.uint8) for _ in range(2))
    noise = np.zeros((64, 96), np.float32)
    whole = plate.probability(frame, background, noise)
    odd = plate.probability(frame[:61, :93], background[:61, :93], noise[:61, :93])
    assert odd.shape == (61, 93)
    # Far from the border, where the network cannot see it.
    assert np.abs(odd[:16, :16] - whole[:16, :16]).mean() < 0.05


def test_a_file_of_weights_replaces_the_packaged_ones(tmp_path: Path, scene: FrameSequence) -> None:
    silent = ForegroundNetwork()
    for weight in silent.parameters():
        torch.nn.init.zeros_(weight)
    path = tmp_path / "head.pt"
    torch.save({"made": {}, "weights": silent.state_dict()}, path)
    model = cleanplate.create("plate", weights=str(path))
    assert isinstance(model, Plate)
    noise = np.zeros((32, 32), np.float32)
    level = model.probability(scene[0][:32, :32], scene[1][:32, :32], noise)
    np.testing.assert_allclose(level, 0.5, atol=0.01)


@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_wrong_weights_are_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "wrong.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"wrong\.pt"):
        cleanplate.create("plate", weights=str(path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": "plate"}, "cannot be its own base"),
        ({"base": "nothing"}, "'nothing' is unknown"),
        ({"network_weight": -1.0}, "network_weight: -1.0 is negative"),
        ({"base_options": {"frames": 1}}, "frames: 1 is too few"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cleanplate.create("plate", **options)


def test_the_package_says_how_its_weights_were_made() -> None:
    from importlib.resources import files

    stored = torch.load(files("cleanplate.models.hybrid.plate").joinpath("head.pt"), weights_only=True)
    assert stored["made"]["steps"] > 0
    assert stored["made"]["version"]
