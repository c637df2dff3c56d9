"""What the generative adversarial models promise beyond what every model must do."""

import copy
from typing import Any

import cv2
import numpy as np
import pytest
import pytorch_lightning as pl
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.adversarial.dcgan.model import NonSaturating
from cleanplate.models.adversarial.dcgan_recon.model import Reconstructing
from cleanplate.models.adversarial.gan import Gan, sampled
from cleanplate.models.adversarial.networks import Discriminator, UNetDiscriminator
from cleanplate.models.adversarial.search import cleaned, searched
from cleanplate.models.adversarial.wgan.model import Wasserstein
from cleanplate.models.components.losses import background_weight

NAMES = ["dcgan", "dcgan_recon", "wgan"]
SHORT: dict[str, Any] = {"steps": 4, "epoch_steps": 2, "batch_size": 3, "frames": 20}
FROM_SCRATCH: dict[str, Any] = {
    "initial": "none",
    "scale": 1,
    "steps": 60,
    "epoch_steps": 30,
    "batch_size": 4,
    "learning_rate": 1e-2,
    "width": 8,
    "discriminator_width": 8,
}


def made(name: str, **options: Any) -> Gan:
    model = cleanplate.create(name, **options)
    assert isinstance(model, Gan)
    return model


def trained(model: Gan, scene: FrameSequence, precision: Any = "32-true", task: Any = None) -> Gan:
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
    trainer.fit(model.task(scene) if task is None else task)
    model.finish(scene)
    return model


def grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1, "initial": "none", "matching": 0.0},
        {"search_steps": 2, "foreground_suppression": 0.0, "ema_decay": 0.0},
        {"light_jitter": 0.2, "optimizer": "rmsprop", "norm": "batch", "width": 5, "scale": 3},
        {"grey": True},
    ],
    ids=["from scratch", "search", "light jitter and odd sizes", "grey"],
)
def test_every_option_trains(name: str, options: dict[str, Any], scene: FrameSequence) -> None:
    options = options | ({"critic_steps": 2} if name == "wgan" else {"spectral": True})
    prediction = trained(made(name, **SHORT, **options), scene).predict([scene[0]])[0]
    assert np.isfinite(prediction.score).all()


@pytest.mark.parametrize("name", NAMES)
def test_bf16_trains_to_the_same_picture(name: str, scene: FrameSequence) -> None:
    backgrounds = [
        trained(made(name, **SHORT), scene, precision).predict([scene[5]])[0].background.astype(int)
        for precision in ("32-true", "bf16-mixed")
    ]
    assert np.abs(backgrounds[0] - backgrounds[1]).mean() < 1


@pytest.mark.parametrize("name", NAMES)
def test_from_nothing_it_comes_nearer_to_the_clean_plate_than_the_temporal_mean(name: str, busy: FrameSequence) -> None:
    """And so do the pictures it makes up: it is the generator that has learnt the scene."""
    options = FROM_SCRATCH | ({"critic_steps": 1} if name == "wgan" else {})
    model = trained(made(name, **options), busy)
    assert busy.plates is not None
    frames = [busy[index] for index in range(len(busy))]
    plates = [grey(busy.plates.read(number)) for number in busy.numbers]
    mean = grey(np.mean(frames, axis=0))
    found = [grey(prediction.background) for prediction in model.predict(frames)]
    by_mean = np.mean([np.abs(mean - plate).mean() for plate in plates])
    assert np.mean([np.abs(one - plate).mean() for one, plate in zip(found, plates, strict=True)]) < 0.95 * by_mean
    imagined = [grey(picture.permute(1, 2, 0).flip(-1).numpy() * 255) for picture in sampled(model, 4)]
    assert np.mean([np.abs(one - plates[20]).mean() for one in imagined]) < 2 * by_mean


@pytest.mark.parametrize("name", NAMES)
def test_all_players_learn_and_only_generator_and_encoder_are_kept(name: str, scene: FrameSequence) -> None:
    model = made(name, **SHORT)
    task = model.task(scene)
    before = {key: value.clone() for key, value in task.state_dict().items()}
    trained(model, scene, task=task)
    moved = {key for key, value in task.state_dict().items() if not torch.equal(value, before[key])}
    for part in ("network.core.encoder.", "network.core.generator.", "player.", "discriminator."):
        assert any(key.startswith(part) for key in moved), part
    assert not any("discriminator" in key or "player" in key for key in model.state_dict()["network"])
    if name == "dcgan_recon":
        assert any(key.startswith(("discriminator.stages", "discriminator.output")) for key in moved)


def test_the_critic_takes_several_steps_for_each_one_of_the_generator(scene: FrameSequence) -> None:
    model = made("wgan", **SHORT | {"steps": 6}, critic_steps=3)
    task = model.task(scene)
    objective, steps = task.objective, {"critic": 0, "generator": 0}

    class Counting:
        def discriminator_loss(self, *given: Any) -> Any:
            steps["critic"] += 1
            return objective.discriminator_loss(*given)

        def generator_loss(self, *given: Any) -> Any:
            steps["generator"] += 1
            return objective.generator_loss(*given)

    task.objective = Counting()
    trained(model, scene, task=task)
    assert steps == {"critic": 6, "generator": 2}


# Real pictures


def test_foreground_is_painted_over_and_light_is_not() -> None:
    scene = torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(0)) * 0.6
    frame = scene + 0.1
    frame[:, :, 10:20, 20:30] = 1.0
    picture = cleaned(frame, scene, pull=6.0, box=3)
    lit = scene + 0.1
    inside = (slice(None), slice(None), slice(12, 18), slice(22, 28))
    assert (picture - lit)[inside].abs().mean() < 0.1 * (frame - lit)[inside].abs().mean()
    outside = torch.ones(40, 60, dtype=torch.bool)
    outside[9:21, 19:31] = False
    torch.testing.assert_close(picture[..., outside], frame[..., outside])
    assert cleaned(frame, scene, pull=0.0, box=3) is frame


# Losses


def test_non_saturating_losses_are_what_the_paper_says() -> None:
    real, false = torch.full((4, 3, 8, 8), 0.5), torch.full((4, 3, 8, 8), -0.5)

    def by_mean(pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean((1, 2, 3))[:, None] * 4  # logits of 2 and -2

    parts = NonSaturating(2.0).discriminator_loss(by_mean, real, false, torch.Generator())
    right = -np.log(1 / (1 + np.exp(-2.0)))
    assert parts["real"].item() == pytest.approx(right)
    assert parts["made"].item() == pytest.approx(right)
    assert parts["penalty"].item() == pytest.approx(0.5 * 2.0 * 16 / 192)  # each of 192 values has a slope of 4/192
    fooled = NonSaturating(0.0).generator_loss(by_mean, real, false)["fooling"].item()
    assert fooled == pytest.approx(-np.log(1 / (1 + np.exp(2.0))))


def test_the_wasserstein_penalty_is_nought_for_a_slope_of_one() -> None:
    real, false = torch.rand(4, 3, 8, 8), torch.rand(4, 3, 8, 8)
    for steepness, penalty in ((1.0, 0.0), (3.0, 40.0)):

        def critic(pictures: torch.Tensor, steepness: float = steepness) -> torch.Tensor:
            return steepness * pictures.flatten(1).sum(1, keepdim=True) / 192**0.5

        parts = Wasserstein(10.0).discriminator_loss(critic, real, false, torch.Generator().manual_seed(0))
        assert parts["penalty"].item() == pytest.approx(penalty, abs=1e-3)
        expected = critic(false).mean() - critic(real).mean()
        assert parts["distance"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_discriminator_with_a_decoder_learns_to_reconstruct_what_it_sees() -> None:
    torch.manual_seed(0)
    discriminator = UNetDiscriminator((24, 32), 8, spectral=False)
    objective = Reconstructing(1.0, 0.5)
    optimizer = torch.optim.Adam(discriminator.parameters(), 3e-3)
    coarse = torch.randn(8, 3, 6, 8)
    real = torch.nn.functional.interpolate(coarse, (24, 32), mode="bilinear").clamp(-1, 1)
    start = (real - discriminator(real)[1]).abs().mean().item()
    for _ in range(60):
        parts = objective.discriminator_loss(discriminator, real.clone(), -real, torch.Generator())
        optimizer.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        optimizer.step()
    assert (real - discriminator(real)[1]).abs().mean().item() < 0.4 * start
    # The reconstruction of a made-up picture draws it to the real ones.
    picture = torch.zeros(8, 3, 24, 32, requires_grad=True)
    objective.generator_loss(discriminator, real, picture)["reconstruction"].backward()
    assert picture.grad is not None
    assert (picture.grad * real).sum() < 0


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (60, 80)])
@pytest.mark.parametrize("spectral", [False, True])
def test_discriminators_take_any_size(size: tuple[int, int], spectral: bool) -> None:
    pictures = torch.rand(2, 3, *size)
    assert Discriminator(size, 4, spectral=spectral)(pictures).shape == (2, 1)
    logits, reconstruction = UNetDiscriminator(size, 4, spectral=spectral)(pictures)
    assert logits.shape == (2, 1)
    assert reconstruction.shape == pictures.shape


# From frame to code


@pytest.mark.parametrize("name", NAMES)
def test_the_generator_knows_the_light_and_the_encoder_finds_it(name: str, scene: FrameSequence) -> None:
    """A generator that gives one picture for all codes has learnt no scene."""
    options = {"steps": 250, "epoch_steps": 125, "batch_size": 8, "learning_rate": 3e-3, "latent_dim": 4}
    model = made(name, **options, light_jitter=0.3, width=8, discriminator_width=8)
    trained(model, scene)
    bright, dark = scene[10], (scene[10] * 0.8).astype(np.uint8)
    before, after = (prediction.background.astype(float).mean() for prediction in model.predict([bright, dark]))
    assert after < before - 0.3 * (bright.mean() - dark.mean())
    light = sampled(model, 64).mean((1, 2, 3)).std() * 255
    assert light > 0.3 * (0.3 / 3**0.5) * bright.mean()  # of a factor drawn evenly from 0.7 … 1.3


def test_a_search_explains_a_frame_better_each_for_itself(scene: FrameSequence) -> None:
    model = trained(made("dcgan", **SHORT), scene)
    network = model.network
    torch.manual_seed(3)
    torch.nn.init.normal_(network.core.generator.output.weight, std=0.02)
    before = copy.deepcopy(network.state_dict())
    with torch.no_grad():
        truth = torch.randn(3, model.options.latent_dim)
        frames = network.decode(truth)[0].clamp(0, 1)
        frames[:, :, 4:8, 4:8] = 1.0  # an object that no code can explain
        start = torch.zeros_like(truth)
        found = searched(network, frames, start, steps=40, rate=0.1, suppression=6.0)
        assert robust_error(model, frames, found) < 0.5 * robust_error(model, frames, start)
        alone = torch.cat([searched(network, frames[i : i + 1], start[:1], 40, 0.1, 6.0) for i in range(3)])
    torch.testing.assert_close(found, alone, rtol=1e-3, atol=1e-3)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def robust_error(model: Gan, frames: torch.Tensor, codes: torch.Tensor) -> float:
    background = model.network.decode(codes)[0]
    weight = background_weight(background, frames, 6.0, 3)
    return float((weight * (background - frames).abs().mean(1, keepdim=True)).sum() / weight.sum())


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("dcgan", {"penalty": -1.0}, "penalty"),
        ("dcgan", {"momentum": 1.0}, "momentum"),
        ("dcgan", {"learned_noise": True}, "learned_noise"),
        ("dcgan", {"search_steps": -1}, "search_steps"),
        ("dcgan", {"discriminator_rate": 0.0}, "discriminator_rate"),
        ("wgan", {"penalty": 0.0}, "penalty"),
        ("wgan", {"critic_steps": 0}, "critic_steps"),
        ("dcgan_recon", {"reconstruction": 0.0}, "reconstruction: 0.0 is not positive"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        cleanplate.create(name, **options)
