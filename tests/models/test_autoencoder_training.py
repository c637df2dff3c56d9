"""What the autoencoders promise that differ from the plain one by their training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.autoencoder.cae.model import CoupledAutoencoder
from cleanplate.models.autoencoder.dae.corruption import corrupted, erased, gaussian, pasted, salt_and_pepper
from cleanplate.models.autoencoder.dae.model import DenoisingAutoencoder
from cleanplate.models.autoencoder.rcae.model import RobustAutoencoder, soft_threshold
from cleanplate.models.autoencoder.vae.model import PyramidDecoder, divergence
from cleanplate.models.autoencoder.wae.model import WassersteinAutoencoder, discrepancy
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.tensors import as_tensor, shrunk

SHORT: dict[str, Any] = {"steps": 4, "epoch_steps": 2, "batch_size": 4, "frames": 24, "scale": 2}


def made(name: str, **options: Any) -> Any:
    return cleanplate.create(name, **(SHORT | options))


def trainer(epochs: int, **values: Any) -> pl.Trainer:
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    checkpoints = {"enable_checkpointing": False} if "callbacks" not in values else {}
    return pl.Trainer(max_epochs=epochs, accelerator="cpu", num_sanity_val_steps=0, **quiet, **checkpoints, **values)


def trained(model: Any, scene: FrameSequence, **values: Any) -> Any:
    """The task after training; the model is ready to use."""
    task = model.task(scene)
    trainer(model.options.epochs, **values).fit(task)
    model.finish(scene)
    return task


def started(model: Any, scene: FrameSequence) -> Any:
    """The task before its first step, able to take one by hand."""
    task = model.task(scene)
    task.log = task.log_dict = lambda *_, **__: None
    return task


def small(model: Autoencoder, scene: FrameSequence) -> Tensor:
    return as_tensor([shrunk(frame, model.network.working) for _, frame in scene.frames()]).float() / 255


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vae", {"scale": 1, "scales": 3, "initial": "none", "learned_noise": True, "kl_warm_up": 0}),
        ("vae", {"kl": 0.0, "light_jitter": 0.2, "grey": True, "scales": 2}),
        ("wae", {"penalty": "mmd", "initial": "none"}),
        ("wae", {"penalty": "gan", "critic_steps": 2, "light_jitter": 0.2}),
        ("wae", {"penalty": "gan", "batch_size": 1, "latent_dim": 1}),
        ("cae", {"learned_noise": True, "loss": {"ssim": 1.0}}),
        ("cae", {"initial": "none", "grey": True}),
        ("rcae", {"isotropic": True, "initial": "none", "warm_up": 0.0, "foreground_suppression": 6.0}),
        ("rcae", {"learned_noise": True, "iterations": 1, "light_jitter": 0.2, "grey": True}),
        ("dae", {"two_pass": True, "corruption": {}, "grey": True}),
        ("dae", {"two_pass": True, "initial": "none", "learned_noise": True, "batch_size": 1}),
    ],
    ids=str,
)
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_every_option_trains(name: str, options: dict[str, Any], precision: Any, scene: FrameSequence) -> None:
    model = made(name, **options)
    trained(model, scene, precision=precision)
    assert np.isfinite(model.predict([scene[0]])[0].score).all()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vae", {"kl": -1.0}, r"model\.kl: -1\.0 is negative"),
        ("vae", {"kl_warm_up": -1}, r"model\.kl_warm_up: -1 is negative"),
        ("vae", {"scales": 0}, r"model\.scales: 0 is not positive"),
        ("wae", {"penalty": "kl"}, r"model\.penalty: 'kl' is not one of mmd, gan"),
        ("wae", {"divergence_weight": 0.0}, r"model\.divergence_weight: 0\.0 is not positive"),
        ("wae", {"batch_size": 1}, r"model\.batch_size: 1 has no pairs"),
        ("rcae", {"sparsity": 1.0}, r"model\.sparsity: 1\.0 is outside 0 … 1"),
        ("rcae", {"warm_up": 1.0}, r"model\.warm_up: 1\.0 is outside 0 … 1"),
        ("rcae", {"iterations": 0}, r"model\.iterations: 0 is not positive"),
        ("dae", {"corruption": {"fog": 0.1}}, r"model\.corruption\.fog: no such corruption; choose from gaussian, "),
        ("dae", {"corruption": {"erased": 1.0}}, r"model\.corruption\.erased: 1\.0 is outside 0 … 1"),
        ("dae", {"corruption": {"erased": 0.0}}, r"model\.corruption: nothing has a rate"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made(name, **options)


class TestVariational:
    def test_the_divergence_is_per_sample_and_summed_over_the_code(self) -> None:
        mean, log_variance = torch.randn(5, 7), torch.randn(5, 7)
        expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(dim=1)
        torch.testing.assert_close(divergence(mean, log_variance), expected)
        # What other samples are in the batch changes nothing.
        torch.testing.assert_close(divergence(mean[:2], log_variance[:2]), expected[:2])

    def test_its_weight_rises_in_a_line_and_stays(self, scene: FrameSequence) -> None:
        task = started(made("vae", kl=2.0, kl_warm_up=10), scene)
        weights = []
        for task.steps_done in range(15):
            weights.append(task.criterion.kl_weight(task.steps_done, 3 * 32 * 48))
        full = 2.0 * (3 / 255) / (3 * 32 * 48)
        np.testing.assert_allclose(weights, [full * min(1, step / 10) for step in range(15)])

    def test_the_loss_holds_the_divergence_by_that_weight(self, scene: FrameSequence) -> None:
        task = started(made("vae", kl=50.0, kl_warm_up=10), scene)
        batch = torch.arange(4)
        losses = {}
        for task.steps_done in (0, 5):
            task.step_generator = lambda: torch.Generator().manual_seed(1)
            losses[task.steps_done] = task.training_step(batch, 0)
        network = task.network
        kl = divergence(*network.core.posterior(network.seen(task.training_frames(batch)))).mean()
        weight = task.criterion.kl_weight(task.steps_done, 3 * 32 * 48)
        torch.testing.assert_close(losses[5] - losses[0], weight * kl, rtol=1e-3, atol=1e-7)

    def test_training_samples_the_code_and_use_takes_its_mean(self, scene: FrameSequence) -> None:
        model = made("vae", initial="none")
        task = started(model, scene)
        decoded: list[Tensor] = []
        pyramid = model.network.core.decoder.pyramid
        model.network.core.decoder.pyramid = lambda codes: decoded.append(codes) or pyramid(codes)
        for task.steps_done in (0, 1, 1):
            task.training_step(torch.arange(4), 0)
        frames = task.training_frames(torch.arange(4))
        mean, log_variance = model.network.core.posterior(model.network.seen(frames))
        assert not torch.equal(decoded[0], decoded[1])
        assert torch.equal(decoded[1], decoded[2])  # the step decides: a resumed run draws the same
        noise = (decoded[0] - mean) / (0.5 * log_variance).exp()
        assert 0.5 < noise.std() < 1.5
        decoded.clear()
        model.network.eval()(frames)
        torch.testing.assert_close(decoded[0], mean)

    def test_a_dear_divergence_brings_codes_to_the_prior(self, scene: FrameSequence) -> None:
        codes = {}
        for kl in (0.0, 3e4):
            model = made("vae", kl=kl, kl_warm_up=0, steps=60, epoch_steps=60, learning_rate=1e-2, scale=4)
            trained(model, scene)
            with torch.no_grad():
                posterior = model.network.core.posterior(model.network.seen(small(model, scene)))
            codes[kl] = divergence(*posterior).mean()
        assert codes[3e4] < 0.1 * codes[0.0]

    def test_scales_halve_and_each_takes_part(self) -> None:
        decoder = PyramidDecoder((33, 48), 3, 5, 4, Style(), scales=3)
        for head in (*decoder.coarse, decoder.output):
            torch.nn.init.normal_(head.weight)
        codes = torch.randn(2, 5)
        pictures = decoder.pyramid(codes)
        assert [picture.shape[-2:] for picture in pictures] == [(9, 12), (17, 24), (33, 48)]
        before = decoder(codes)
        torch.testing.assert_close(before, pictures[-1])
        for head in decoder.coarse:
            torch.nn.init.zeros_(head.weight)
            assert not torch.allclose(decoder(codes), before)
            before = decoder(codes)

    def test_more_scales_than_stages_are_refused(self, scene: FrameSequence) -> None:
        with pytest.raises(ConfigError, match=r"scales: 3 is more than the 2 stages for pictures of 48×32"):
            made("vae", scales=3).task(scene)


class TestWasserstein:
    def test_the_discrepancy_is_that_of_a_naive_loop(self) -> None:
        one, other = torch.randn(5, 3), 2 * torch.randn(4, 3) + 1

        def kernel(x: Tensor, y: Tensor) -> float:
            widths = [2 * 3 * scale for scale in (0.1, 0.2, 0.5, 1, 2, 5, 10)]
            return sum(width / (width + float(((x - y) ** 2).sum())) for width in widths) / len(widths)

        def within(samples: Tensor) -> float:
            pairs = [(i, j) for i in range(len(samples)) for j in range(len(samples)) if i != j]
            return sum(kernel(samples[i], samples[j]) for i, j in pairs) / len(pairs)

        across = sum(kernel(x, y) for x in one for y in other) / 20
        assert float(discrepancy(one, other)) == pytest.approx(within(one) + within(other) - 2 * across, abs=1e-6)

    def test_it_is_near_zero_for_equal_distributions_and_above_for_others(self) -> None:
        torch.manual_seed(0)
        prior = torch.randn(400, 8)
        assert abs(float(discrepancy(torch.randn(400, 8), prior))) < 5e-3
        for codes in (torch.randn(400, 8) + 1, 3 * torch.randn(400, 8), 0.1 * torch.randn(400, 8)):
            assert float(discrepancy(codes, prior)) > 0.03
        # Unbiased: a small batch is no further off than a large one, on average.
        small_batches = torch.stack([discrepancy(torch.randn(8, 8), torch.randn(8, 8)) for _ in range(300)])
        assert abs(float(small_batches.mean())) < 5e-3

    @pytest.mark.parametrize("penalty", ["mmd", "gan"])
    def test_codes_come_to_the_prior(self, penalty: str, scene: FrameSequence) -> None:
        options = {"steps": 300, "epoch_steps": 100, "learning_rate": 3e-3, "frames": 40, "batch_size": 16, "scale": 4}
        model = made("wae", penalty=penalty, latent_dim=2, **options)
        assert isinstance(model, WassersteinAutoencoder)
        trained(model, scene)
        with torch.no_grad():
            codes = model.network.encode(small(model, scene))
        prior = torch.randn((500, 2), generator=torch.Generator().manual_seed(0))
        assert float(discrepancy(codes, prior)) < 0.05  # .28 where the match weighs next to nothing


class TestCoupled:
    def test_the_second_learns_the_firsts_picture_and_gives_the_background(self, scene: FrameSequence) -> None:
        model = made(
            "cae", initial="none", steps=150, epoch_steps=50, learning_rate=5e-3, scale=4, foreground_suppression=0.0
        )
        assert isinstance(model, CoupledAutoencoder)
        task = started(model, scene)
        network = task.network

        def gap() -> float:
            first = network.precede(small(model, scene))
            return float((network.decode(network.encode(first))[0] - first).abs().mean().detach())

        assert gap() == 0  # both give grey
        trained(model, scene)
        network = model.network
        nothing_learnt = float((network.precede(small(model, scene)) - 0.5).abs().mean().detach())
        assert gap() < 0.2 * nothing_learnt
        frames = small(model, scene)[:2]
        # Without the first network's picture, another background comes out: the second sees nothing else.
        expected, _ = super(type(network), network).forward(network.precede(frames))
        torch.testing.assert_close(network(frames)[0], expected)
        with torch.no_grad():
            network.first.decoder.output.bias += 0.2
        assert not torch.allclose(network(frames)[0], expected, atol=1e-3)

    def test_no_gradient_of_the_second_reaches_the_first(self, scene: FrameSequence) -> None:
        model = made("cae", initial="none")
        task = started(model, scene)
        for network in (model.network.first, model.network.core):
            torch.nn.init.normal_(network.decoder.output.weight, std=0.1)
        losses = []
        weighted = task.criterion.weighted
        task.criterion.weighted = lambda *arguments: losses.append(weighted(*arguments)) or losses[-1]
        task.training_step(torch.arange(4), 0)
        first = list(model.network.first.parameters())
        assert all(
            gradient is None for gradient in torch.autograd.grad(losses[1], first, allow_unused=True, retain_graph=True)
        )
        second = list(model.network.core.parameters())
        assert all(gradient is not None for gradient in torch.autograd.grad(losses[1], second))
        assert all(gradient is None for gradient in torch.autograd.grad(losses[0], second, allow_unused=True))


class TestRobust:
    def test_the_threshold_is_as_defined(self) -> None:
        values = torch.tensor([-0.3, -0.1, -0.05, 0.0, 0.1, 0.25]).view(1, 1, 1, 6)
        expected = torch.tensor([-0.2, 0.0, 0.0, 0.0, 0.0, 0.15]).view(1, 1, 1, 6)
        torch.testing.assert_close(soft_threshold(values, 0.1), expected)

    @pytest.mark.parametrize("isotropic", [False, True])
    def test_nothing_is_better_than_its_result(self, isotropic: bool) -> None:
        generator = torch.Generator().manual_seed(0)
        values = torch.randn((2, 3, 4, 5), generator=generator, dtype=torch.double)
        threshold = 1.5 if isotropic else 0.7

        def cost(sparse: Tensor) -> Tensor:
            size = sparse.norm(dim=1).sum() if isotropic else sparse.abs().sum()
            return 0.5 * (values - sparse).square().sum() + threshold * size

        best = soft_threshold(values, threshold, isotropic=isotropic)
        if isotropic:  # a pixel is in or out with all its channels
            assert torch.equal((best != 0).any(dim=1), (best != 0).all(dim=1))
        assert 0.1 < (best == 0).double().mean() < 0.9
        for size in (1e-3, 0.1, 1.0):
            for _ in range(20):
                step = size * torch.randn(values.shape, generator=generator, dtype=torch.double)
                assert cost(best) < cost(best + step)
                assert cost(best) < cost(torch.where(best == 0, best, best + step))

    def test_after_training_the_sparse_part_is_where_objects_are(self, scene: FrameSequence) -> None:
        assert scene.truth is not None
        model = made("rcae", steps=100, epoch_steps=50, frames=40, batch_size=8)
        task = trained(model, scene)
        present = [index for index in range(len(scene)) if index % 10 != 9]  # the others are for validation
        kept = (task.sparse != 0).any(dim=1).numpy()
        assert 0.001 < kept.mean() < 0.2
        moving = np.stack([shrunk(scene.truth.read(scene.numbers[index]), kept.shape[1:]) for index in present]) == 255
        assert moving.any()
        assert kept[moving].mean() > 0.5
        assert kept[~moving].mean() < 0.1 * kept[moving].mean()

    def test_a_large_object_does_not_move_the_code(self, scene: FrameSequence) -> None:
        model = made("rcae", steps=100, epoch_steps=50, frames=40, batch_size=8, initial="none", learning_rate=5e-3)
        assert isinstance(model, RobustAutoencoder)
        trained(model, scene)
        clean = small(model, scene)[:1]
        spoilt = clean.clone()
        spoilt[:, :, 8:24, 10:30] = torch.tensor([0.9, 0.1, 0.6]).view(1, 3, 1, 1)
        network = model.network
        with torch.no_grad():
            code, plain = network.encode(clean), network.encode(spoilt)
            robust = network.encode(spoilt - network.sparse(spoilt))
        assert (robust - code).norm() < 0.7 * (plain - code).norm()

    def test_training_is_on_what_is_left(self, scene: FrameSequence) -> None:
        model = made("rcae", warm_up=0.0, initial="none")
        task = started(model, scene)
        seen: list[Tensor] = []
        weighted = task.criterion.weighted
        task.criterion.weighted = lambda frames, *rest: seen.append(frames) or weighted(frames, *rest)
        batch = torch.tensor([1, 4, 6, 2])
        task._trainer = trainer(1)
        task.all_gather = lambda values: values
        task.training_step(batch, 0)
        task.training_step(batch, 0)
        frames = task.training_frames(batch)
        torch.testing.assert_close(seen[0], frames)
        background, _ = model.network.decode(model.network.encode(frames))
        sparse = soft_threshold(frames - background, model.options.sparsity).half().float()
        torch.testing.assert_close(seen[1], (frames - sparse).detach())
        assert task.sparse[[0, 3, 5]].abs().sum() == 0

    def test_a_resumed_training_ends_where_the_uninterrupted_one_ends(
        self, scene: FrameSequence, tmp_path: Path
    ) -> None:
        def task() -> Any:
            return made("rcae", steps=12, epoch_steps=4, frames=12, warm_up=0.2, initial="mean", sparsity=0.02).task(
                scene
            )

        whole, broken, resumed = task(), task(), task()
        trainer(3).fit(whole)
        first = trainer(2)
        first.fit(broken)
        first.save_checkpoint(tmp_path / "half.ckpt")
        assert broken.sparse.abs().sum() > 0
        trainer(3).fit(resumed, ckpt_path=tmp_path / "half.ckpt", weights_only=False)
        assert torch.equal(whole.sparse, resumed.sparse)
        assert not torch.equal(broken.sparse, resumed.sparse)
        for key, value in whole.network.state_dict().items():
            assert torch.equal(value, resumed.network.state_dict()[key]), key


class TestDenoising:
    PICTURES = torch.rand((64, 3, 32, 48), generator=torch.Generator().manual_seed(3)) * 0.5 + 0.25

    @pytest.fixture
    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(0)

    def test_noise_has_its_deviation(self, generator: torch.Generator) -> None:
        noise = gaussian(self.PICTURES, 0.05, generator) - self.PICTURES
        assert float(noise.std()) == pytest.approx(0.05, rel=0.02)
        assert abs(float(noise.mean())) < 1e-3

    @pytest.mark.parametrize("share", [0.05, 0.4])
    def test_salt_and_pepper_take_their_share(self, share: float, generator: torch.Generator) -> None:
        spoilt = salt_and_pepper(self.PICTURES, share, generator)
        for extreme in (0.0, 1.0):
            assert float((spoilt == extreme).all(dim=1).float().mean()) == pytest.approx(share / 2, rel=0.1)
        assert float((spoilt != self.PICTURES).any(dim=1).float().mean()) == pytest.approx(share, rel=0.1)

    @pytest.mark.parametrize("share", [0.03, 0.1, 0.5])
    def test_boxes_cover_their_share_of_each_picture(self, share: float, generator: torch.Generator) -> None:
        for spoilt in (
            erased(self.PICTURES, share, generator),
            pasted(self.PICTURES, 1 - self.PICTURES.roll(1, 0) / 2, share, generator),
        ):
            covered = (spoilt != self.PICTURES).any(dim=1).float().mean(dim=(1, 2))
            assert float(covered.mean()) == pytest.approx(share, rel=0.15)
            assert covered.min() > 0.2 * share

    def test_patches_come_from_the_others_and_from_elsewhere(self, generator: torch.Generator) -> None:
        # Every value of the others tells from where it is.
        place = torch.arange(32 * 48).view(1, 1, 32, 48).float() / (32 * 48) + 2
        others = place.expand(64, 3, 32, 48) + 10 * torch.arange(64).view(64, 1, 1, 1)
        spoilt = pasted(self.PICTURES, others, 0.2, generator)
        changed = spoilt != self.PICTURES
        assert ((spoilt - others)[changed] != 0).float().mean() > 0.9
        assert torch.equal(
            ((spoilt - 2) // 10)[changed], torch.arange(64.0).view(64, 1, 1, 1).expand_as(spoilt)[changed]
        )

    def test_all_together_keep_form_and_range_and_follow_the_generator(self) -> None:
        rates = {"gaussian": 0.3, "salt_and_pepper": 0.1, "erased": 0.2, "pasted": 0.2}
        before = self.PICTURES.clone()
        one, same, other = (
            corrupted(self.PICTURES, self.PICTURES.roll(1, 0), rates, torch.Generator().manual_seed(seed))
            for seed in (5, 5, 6)
        )
        assert one.shape == before.shape and one.min() >= 0 and one.max() <= 1
        assert torch.equal(one, same) and not torch.equal(one, other)
        assert torch.equal(self.PICTURES, before)
        assert torch.equal(corrupted(before, before, {"erased": 0.0}, torch.Generator()), before)

    def test_spoilt_frames_go_in_and_clean_ones_are_wanted(self, scene: FrameSequence) -> None:
        model = made("dae", initial="none")
        task = started(model, scene)
        wanted: list[Tensor] = []
        shown: list[Tensor] = []
        encode = model.network.core.encode
        model.network.core.encode = lambda pictures: shown.append(pictures) or encode(pictures)
        weighted = task.criterion.weighted
        task.criterion.weighted = lambda frames, *rest: wanted.append(frames) or weighted(frames, *rest)
        task.training_step(torch.arange(4), 0)
        frames = task.training_frames(torch.arange(4))
        torch.testing.assert_close(wanted[0], frames)
        assert (shown[0] - model.network.seen(frames)).abs().mean() > 0.01
        task.validation_step(torch.arange(2), 0)
        torch.testing.assert_close(shown[1], model.network.seen(task.validation_frames(torch.arange(2))))

    def test_two_passes_compare_the_reconstruction_of_the_reconstruction(self, scene: FrameSequence) -> None:
        losses = {}
        for two_pass in (False, True):
            model = made("dae", initial="none", two_pass=two_pass)
            assert isinstance(model, DenoisingAutoencoder)
            task = started(model, scene)
            torch.manual_seed(0)
            torch.nn.init.normal_(model.network.core.decoder.output.weight, std=0.1)
            losses[two_pass] = task.training_step(torch.arange(4), 0)
        network, frames = model.network, task.training_frames(torch.arange(4))
        first, _ = network.decode(network.encode(task.criterion.corrupted(frames, task)))
        again = task.criterion.weighted(frames, *network.decode(network.encode(first)), "train")
        torch.testing.assert_close(losses[True], losses[False] + again)
        assert again > 0
