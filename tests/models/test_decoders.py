"""What the autoencoders with several heads, several scales and held-back skips promise."""

from typing import Any

import cv2
import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.autoencoder.multi_decoder_ae.model import MultiDecoderCore
from cleanplate.models.autoencoder.multiscale_ae.model import MultiScaleCore
from cleanplate.models.autoencoder.unet_ae.network import UNetCore
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.residual_on_background import ResidualOnBackground
from cleanplate.models.learned import LearnedModel

NAMES = ["multi_decoder_ae", "multiscale_ae", "unet_ae"]
SHORT: dict[str, Any] = {"steps": 4, "epoch_steps": 2, "batch_size": 3, "frames": 20}
FROM_SCRATCH: dict[str, Any] = {
    "initial": "none",
    "scale": 1,
    "steps": 100,
    "epoch_steps": 50,
    "batch_size": 4,
    "learning_rate": 1e-2,
    "width": 8,
}


def made(name: str, **options: Any) -> Autoencoder:
    model = cleanplate.create(name, **options)
    assert isinstance(model, Autoencoder)
    return model


def luma_gap(model: LearnedModel, scene: FrameSequence) -> tuple[float, float]:
    """Mean difference to the clean plates of the model's backgrounds, and of the temporal mean."""
    assert scene.plates is not None
    frames = [scene[index] for index in range(len(scene))]
    plates = [grey(scene.plates.read(number)) for number in scene.numbers]
    mean = grey(np.mean(frames, axis=0).astype(np.float32))
    found = [grey(prediction.background) for prediction in model.predict(frames)]
    return (
        float(np.mean([np.abs(one - plate).mean() for one, plate in zip(found, plates, strict=True)])),
        float(np.mean([np.abs(mean - plate).mean() for plate in plates])),
    )


def grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (60, 80), (33, 50)])
@pytest.mark.parametrize("channels", [3, 4])
def test_any_size_comes_back_exactly(size: tuple[int, int], channels: int) -> None:
    style, pictures = Style(), torch.rand(2, 3, *size)
    for core in (
        MultiDecoderCore(size, channels, 5, 4, style, depths=[1, 2, 5]),
        MultiScaleCore(size, channels, 5, 4, style, [1, 2, 4]),
        UNetCore(size, channels, 5, 4, style, tolerance=0.03),
    ):
        assert core.decode(core.encode(pictures)).shape == (2, channels, *size)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1, "initial": "none", "loss": {"mse": 1.0}},
        {"learned_noise": True, "foreground_suppression": 0.0},
        {"light_jitter": 0.2, "norm": "batch", "width": 5, "scale": 3},
        {"grey": True},
    ],
    ids=["from scratch", "learned noise", "light jitter and odd sizes", "grey"],
)
def test_every_option_trains(name: str, options: dict[str, Any], scene: FrameSequence) -> None:
    prediction = made(name, **SHORT, **options).fit(scene).predict([scene[0]])[0]
    assert np.isfinite(prediction.score).all()


@pytest.mark.parametrize("name", NAMES)
def test_from_nothing_it_comes_nearer_to_the_clean_plate_than_the_temporal_mean(name: str, busy: FrameSequence) -> None:
    learned, mean = luma_gap(made(name, **FROM_SCRATCH).fit(busy), busy)
    assert learned < 0.92 * mean


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("multi_decoder_ae", {"head_weights": [0.0, 1.0]}, "finest"),
        ("multi_decoder_ae", {"head_weights": []}, "finest"),
        ("multi_decoder_ae", {"head_weights": [1.0, -1.0]}, "negative"),
        ("multiscale_ae", {"scales": []}, "scales"),
        ("multiscale_ae", {"scales": [0, 1]}, "scales"),
        ("multiscale_ae", {"scales": [2, 2]}, "twice"),
        ("unet_ae", {"tolerance": 0.0}, "tolerance"),
        ("unet_ae", {"provisional": -1.0}, "provisional"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        cleanplate.create(name, **options)


# Several heads


def test_every_head_learns_the_background_at_its_size(scene: FrameSequence) -> None:
    model = made("multi_decoder_ae", **(FROM_SCRATCH | {"head_weights": [1.0, 0.0, 0.5, 0.5]})).fit(scene)
    core = model.network.core
    assert set(core.heads) == {"2", "3"}  # a weight of 0 has no head
    assert scene.plates is not None
    plate = torch.from_numpy(scene.plates.read(scene.numbers[5])).flip(-1).permute(2, 0, 1)[None] / 255
    frame = torch.from_numpy(scene[5]).flip(-1).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        finest, others = core.decode_all(model.network.encode(frame))
        torch.testing.assert_close(finest, core.decode(model.network.encode(frame)))
    assert [tuple(other.shape[-2:]) for other in others.values()] == [(16, 24), (8, 12)]
    for other in others.values():
        small = torch.nn.functional.interpolate(plate, other.shape[-2:], mode="area")
        constant = torch.nn.functional.interpolate(model.network.constant + 0.5, other.shape[-2:], mode="area")
        assert (constant + other - small).abs().mean() < 4 / 255 < (small - 0.5).abs().mean()


def test_the_loss_at_a_coarse_depth_moves_its_head_and_the_trunk_below(scene: FrameSequence) -> None:
    model = made("multi_decoder_ae", **SHORT, scale=2)
    task = model.task(scene)
    frames = task.training_frames(torch.arange(3))
    core = model.network.core
    torch.nn.init.normal_(core.heads["2"].weight)
    _, others = core.decode_all(model.network.encode(frames))
    assert set(others) == {1, 2}
    task.criterion._coarse(frames, others[2]).backward()
    assert core.heads["2"].weight.grad.abs().sum() > 0
    assert core.encoder.to_code.weight.grad.abs().sum() > 0
    assert core.heads["1"].weight.grad is None  # finer than the loss
    assert core.decoder.output.weight.grad is None


# Several scales


def test_each_scale_has_its_say_in_the_code() -> None:
    core = MultiScaleCore((32, 48), 3, 5, 4, Style(), [1, 2, 4])
    assert core.sizes == [(32, 48), (16, 24), (8, 12)]
    pictures = torch.rand(1, 3, 32, 48)
    codes = core.encode(pictures)
    assert codes.shape == (1, 15)
    # A chequerboard added to the picture is not there any more at half the size: only the first code may change.
    board = 0.2 * ((torch.arange(32)[:, None] + torch.arange(48)) % 2 * 2.0 - 1)
    changed = core.encode(pictures + board)
    assert (changed - codes)[:, :5].abs().max() > 1e-3
    torch.testing.assert_close(changed[:, 5:], codes[:, 5:], rtol=0, atol=1e-5)
    # Each part of the code reaches the picture, once the last convolution has left zero.
    torch.nn.init.normal_(core.decoder.output.weight)
    for part in range(3):
        other = codes.clone()
        other[:, 5 * part : 5 * part + 5] += 1
        assert (core.decode(other) - core.decode(codes)).abs().max() > 1e-3


# Skips held back


def lit_and_boxed(tolerance: float, scene: FrameSequence) -> tuple[float, float]:
    """Shares of a pasted box, and of a light change, that come back in the background.

    Without the weighting of the loss, so that nothing but the skips can keep the box out.
    """
    options = {"steps": 200, "epoch_steps": 100, "batch_size": 4, "learning_rate": 5e-3, "width": 8, "scale": 1}
    model = made(
        "unet_ae", **options, latent_dim=4, foreground_suppression=0.0, light_jitter=0.3, tolerance=tolerance
    ).fit(scene)
    frame = scene[5]
    boxed, dark = frame.copy(), (frame * 0.8).astype(np.uint8)
    boxed[20:40, 30:50] = 255
    plain, with_box, in_dark = (p.background.astype(float) for p in model.predict([frame, boxed, dark]))
    inside = (slice(20, 40), slice(30, 50))
    came_back = (with_box - plain)[inside].mean() / (boxed.astype(float) - frame)[inside].mean()
    followed = (in_dark - plain).mean() / (dark.astype(float) - frame).mean()
    return float(came_back), float(followed)


def test_a_pasted_box_does_not_come_back_but_a_light_change_does(scene: FrameSequence) -> None:
    box, light = lit_and_boxed(8.0, scene)
    assert box < 0.03
    assert light > 0.6


def test_it_is_the_holding_back_that_keeps_the_box_out(scene: FrameSequence) -> None:
    box, light = lit_and_boxed(1e6, scene)
    assert box > 0.15
    assert light > 0.6


@pytest.mark.parametrize("initial", ["median", "none"])
def test_what_disagrees_by_far_is_not_in_what_the_skips_see(initial: str) -> None:
    core = UNetCore((24, 32), 3, 4, 4, Style(), tolerance=8 / 255)
    network = ResidualOnBackground((24, 32), (24, 32), core, anchored=initial != "none")
    frames = torch.full((1, 3, 24, 32), 0.5)
    frames[:, :, 8:12, 8:12] = 0.8
    frames[:, :, :, 25:] += 2 / 255
    cleaned = network.encode(frames).skips[0]
    known = network.seen(torch.full_like(frames, 0.5))
    # Neither the object nor what borders on it.
    assert (cleaned - known)[:, :, 6:14, 6:14].abs().max() < 1e-4
    # A light change of two grey levels is there, almost whole.
    shown = (network.seen(frames) - known)[:, :, :, 26:]
    assert ((cleaned - known)[:, :, :, 26:] / shown).min() > 0.9
