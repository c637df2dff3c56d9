"""What the autoencoders promise beyond what every model must do."""

from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.aae.model import AdversarialAutoencoder
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.components.encoder_decoder import ConvAutoencoder
from cleanplate.models.components.tensors import as_image, as_tensor, shrunk
from cleanplate.models.learned import LearnedModel

SHORT: dict[str, Any] = {"steps": 4, "epoch_steps": 2, "batch_size": 3, "frames": 20}


def trained(model: LearnedModel, scene: FrameSequence, precision: Any = "32-true") -> LearnedModel:
    task = model.task(scene)
    trainer = pl.Trainer(
        max_epochs=model.options.epochs,
        precision=precision,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(task)
    model.finish(scene)
    return model


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (60, 80), (97, 65), (33, 200)])
@pytest.mark.parametrize("channels", [3, 4])
def test_any_size_comes_back_exactly(size: tuple[int, int], channels: int) -> None:
    network = ConvAutoencoder(size, channels, latent_dim=5, width=4)
    for batch in (1, 3):
        pictures = torch.rand(batch, 3, *size)
        assert network.encode(pictures).shape == (batch, 5)
        assert network.decode(network.encode(pictures)).shape == (batch, channels, *size)


@pytest.mark.parametrize("name", ["ae", "aae"])
@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1, "initial": "none", "loss": {"ssim": 1.0}},
        {"loss": {"mse": 0.8, "ssim": 0.2}, "initial": "mean"},
        {"learned_noise": True, "foreground_suppression": 0.0, "loss": {"l1": 1.0}},
        {"light_jitter": 0.2, "optimizer": "rmsprop", "schedule": "constant", "latent_dim": 1},
        {"optimizer": "adamw", "initial": "mode", "width": 5, "scale": 3},
        {"norm": "spectral", "activation": "leaky_relu", "luminance": True, "loss": {"ms_ssim": 1.0}},
        {"stage": "dilated", "attention": "cbam", "norm": "batch", "loss": {"bce": 1.0}},
        {"stage": "deformable", "attention": "spatial_channel", "activation": "celu", "loss": {"charbonnier": 1.0}},
        {"grey": True, "learned_noise": True, "initial": "none", "light_jitter": 0.1, "loss": {"photometric": 1.0}},
    ],
    ids=[
        "from scratch by SSIM",
        "a mix",
        "learned noise",
        "light jitter",
        "odd sizes",
        "spectral norm and luminance",
        "dilated stages and CBAM",
        "deformable stages and spatial-channel gates",
        "grey",
    ],
)
def test_every_option_trains(name: str, options: dict[str, Any], scene: FrameSequence) -> None:
    model = cleanplate.create(name, **SHORT, **options)
    assert isinstance(model, LearnedModel)
    prediction = trained(model, scene).predict([scene[0]])[0]
    assert np.isfinite(prediction.score).all()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ae", {}),
        ("aae", {}),
        ("ae", {"norm": "spectral", "stage": "dilated", "attention": "cbam", "loss": {"ms_ssim": 0.5, "bce": 0.5}}),
        ("ae", {"stage": "deformable", "attention": "spatial_channel", "luminance": True}),
        ("ae", {"grey": True, "initial": "none"}),
    ],
)
def test_bf16_trains_to_the_same_picture(name: str, options: dict[str, Any], scene: FrameSequence) -> None:
    backgrounds = []
    for precision in ("32-true", "bf16-mixed"):
        model = cleanplate.create(name, **SHORT, **options)
        assert isinstance(model, LearnedModel)
        backgrounds.append(trained(model, scene, precision).predict([scene[5]])[0].background.astype(int))
    assert np.abs(backgrounds[0] - backgrounds[1]).mean() < 1


def test_before_training_the_background_is_the_initial_one(scene: FrameSequence) -> None:
    model = cleanplate.create("ae", **SHORT)
    assert isinstance(model, Autoencoder)
    model.task(scene)
    plate = model.background
    np.testing.assert_array_equal(model.predict([scene[3]])[0].background, plate)


def test_on_grey_one_number_is_added_to_all_colours_of_the_initial_background(scene: FrameSequence) -> None:
    model = cleanplate.create("ae", grey=True, **SHORT)
    assert isinstance(model, Autoencoder)
    trained(model, scene)
    network = model.network
    frames = model._inputs([scene[3]]).float() / 255
    assert (frames == frames[:, :1]).all()
    codes = network.encode(frames)
    assert network.core.decode(codes).shape[1] == 1
    added = (network(frames)[0] - network.plate)[:, :, 2:-2, 2:-2]
    inside = (network(frames)[0] > 0).all(1, keepdim=True)[:, :, 2:-2, 2:-2]
    assert network.plate.std(dim=1).max() > 0.05  # the plate keeps its colours
    assert float(((added - added[:, :1]) * inside).abs().max()) < 1e-5
    assert float(added.abs().max()) > 1e-4


def test_the_grey_core_sees_nothing_but_luminance(scene: FrameSequence) -> None:
    model = cleanplate.create("ae", grey=True, initial="none", **SHORT)
    assert isinstance(model, Autoencoder)
    model.build(scene.size)
    pictures = torch.rand(1, 3, 16, 24)
    coloured = pictures + torch.tensor([0.114, 0.0, -0.299])[None, :, None, None]
    encode = model.network.core.encode
    torch.testing.assert_close(encode(coloured), encode(pictures), atol=1e-5, rtol=0)
    assert (encode(pictures + 0.1) - encode(pictures)).abs().max() > 1e-3


def test_grey_leaves_nothing_for_a_luminance_channel() -> None:
    with pytest.raises(ConfigError, match=r"^model\.luminance: true, but with grey .* choose one of the two"):
        cleanplate.create("ae", grey=True, luminance=True)


def test_a_light_change_is_followed(scene: FrameSequence) -> None:
    """The code carries the light: a darker frame gets a darker background, objects or not."""
    model = cleanplate.create(
        "ae", steps=120, epoch_steps=60, batch_size=8, light_jitter=0.3, learning_rate=3e-3, latent_dim=4
    )
    model.fit(scene)
    bright, dark = scene[10], (scene[10] * 0.8).astype(np.uint8)
    before, after = (prediction.background.astype(float).mean() for prediction in model.predict([bright, dark]))
    assert after < 0.9 * before


def test_codes_of_the_adversarial_autoencoder_match_its_prior(scene: FrameSequence) -> None:
    model = cleanplate.create("aae", latent_dim=2)
    assert isinstance(model, AdversarialAutoencoder)
    trained(model, scene)
    frames = as_tensor([shrunk(frame, model.network.working) for _, frame in scene.frames()]).float() / 255
    with torch.no_grad():
        codes = model.network.encode(frames)
    assert codes.mean(0).abs().max() < 0.4
    assert codes.std(0).min() > 0.4 and codes.std(0).max() < 1.6
    # A code squashed into 0 … 1 could not: the prior has as much on the other side of zero.
    assert codes.min() < -0.5 and codes.max() > 0.5


def test_tensors_and_pictures_convert_back_and_forth() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    tensor = as_tensor([frame])
    assert tensor.shape == (1, 3, 5, 7)
    assert tensor[0, 0, 2, 3] == frame[2, 3, 2]  # red comes first inside
    np.testing.assert_array_equal(as_image(tensor[0].float() / 255), frame)
