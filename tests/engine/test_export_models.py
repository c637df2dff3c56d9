"""Every registered model as a file: the same answers, or a refusal that says why. A new model is tested by existing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn

import cleanplate
from cleanplate.data.training import LabelledFrames
from cleanplate.engine.export import export
from cleanplate.engine.export.model_graph import graph_of
from cleanplate.errors import ModelError
from cleanplate.models import BackgroundModel, available
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.components.encoder_decoder import ConvAutoencoder
from cleanplate.models.components.graphs.backgrounds import FixedBackground
from cleanplate.models.exported import ExportedModel
from cleanplate.models.learned import LearnedModel
from cleanplate.models.statistical.lowmotion.model import LowMotion
from cleanplate.models.statistical.temporal.model import TemporalModel
from cleanplate.models.supervised.unet.model import UNet
from cleanplate.models.types import Estimate, Prediction
from cleanplate.models.wrapper import estimate_graph, exportable
from cleanplate.scenes import SceneSpec, write_scene
from in_memory import in_memory, textured
from needed import needed

pytest.importorskip("onnx", reason="needs cleanplate[export]")
pytest.importorskip("onnxruntime", reason="needs cleanplate[export]")

HEIGHT, WIDTH = 51, 75
# Just enough learning to have weights; what is learnt is shaken below.
SHORT: dict[str, Any] = {"steps": 2, "epoch_steps": 2, "batch_size": 2, "frames": 24, "workers": 0}
NEEDS: dict[str, dict[str, Any]] = {
    "fusion": {"base": "median"},
    "bgsnet": {"side": 32, "examples": 6, "base": "median"},
    "pairnet": {"crop": 48},
    "unet": {"side": 48, "width": 4, "widest": 8, "stages": 3},
}
_FLOW = "optical flow that OpenCV finds"
_OPENCV = "OpenCV does not give out what its subtractor has learnt"
# As they are by default; why no file holds them.
WITHOUT: dict[str, str] = {
    "cnt": _OPENCV,
    "gsoc": _OPENCV,
    "knn": _OPENCV,
    "lsbp": _OPENCV,
    "mog2": _OPENCV,
    "flow_ae": f"{_FLOW}.* with stream=mask it can",
    "patch_attention_ae": _FLOW,
    "two_stream_ae": _FLOW,
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "noise of each frame": ("ae", {"learned_noise": True}),
    "plate, noise of each frame": ("plate", {"base": "ae", "base_options": {"learned_noise": True, "steps": 1}}),
    "grey": ("ae", {"grey": True, "norm": "spectral", "activation": "celu"}),
    "luminance": ("ae", {"luminance": True, "stage": "dilated", "attention": "cbam", "norm": "batch"}),
    "deformable": ("ae", {"stage": "deformable", "attention": "spatial_channel", "scale": 2}),
    "from scratch": ("cae", {"initial": "none", "scale": 1, "grey": True}),
    "each channel alike": ("rcae", {"isotropic": True, "initial": "none"}),
    "uneven scales": ("multiscale_ae", {"scales": [1, 3], "scale": 2}),
    "a pyramid": ("vae", {"scales": 2, "scale": 2}),
    "label": ("gmm", {"use": "label", "components": 3}),
    "a mask beside the colours": ("flow_ae", {"stream": "mask"}),
    "on a mixture": ("plate", {"base": "gmm", "base_options": {"use": "label"}}),
    "on components": ("plate", {"base": "rpca"}),
    "no vote": ("bgsnet", {"network_weight": 0.0}),
    "not mirrored": ("unet", {"mirrored": False, "upsampling": "transposed", "stem": 1, "norm": "group", "side": 200}),
}


@pytest.fixture(autouse=True)
def in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exported networks compute in 32 bits; what they are compared with must not compute in 16."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """A place whose light changes, noise, and a box that passes."""
    random, place = np.random.default_rng(0), textured(HEIGHT, WIDTH)
    seen = []
    for index in range(40):
        frame = place * (1 + 0.1 * np.sin(index / 7)) + random.normal(0, 4, place.shape)
        left = index * 5 % WIDTH
        box = frame[12:38, left : left + 13]
        box[:] = np.add((30, 200, 120), random.normal(0, 5, box.shape))
        seen.append(np.clip(frame, 0, 255).astype(np.uint8))
    return seen


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledFrames]:
    folder = tmp_path_factory.mktemp("labelled") / "baseline" / "street"
    write_scene(SceneSpec("baseline", "street", height=48, width=64, frames=24, seed=1), folder)
    return [LabelledFrames.of(cleanplate.open_sequence(folder))]


@pytest.fixture(scope="module")
def made(labelled: list[LabelledFrames], frames: list[np.ndarray]) -> Callable[..., BackgroundModel]:
    """A model that has learnt a little, fitted to the place, its weights shaken so that each of them tells."""

    def make(name: str, fit: bool = True, **options: Any) -> BackgroundModel:
        kind = available()[name]
        known = set(kind.Options.model_fields)
        learns = issubclass(kind, LearnedModel) or kind.labelled
        short = {key: value for key, value in SHORT.items() if learns and key in known}
        # The head's median over 9×9 is most of what writing a file takes, and `test_export` has it.
        model = cleanplate.create(name, {"score_median": 3}, **(short | needed(name) | NEEDS.get(name, {}) | options))
        if kind.labelled:
            model.learn(labelled)
        model = model.fit(in_memory(frames)) if fit else model
        for part in (model, getattr(model, "base", None)):
            if isinstance(getattr(part, "network", None), nn.Module) and part.name not in ("plate", "bgsnet"):
                shake(part.network)
        if isinstance(model, UNet):
            balance(model, frames[::8])
        return model

    return make


def shake(network: nn.Module) -> None:
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.04 * torch.randn(weight.shape, generator=generator))


def balance(model: UNet, frames: list[np.ndarray]) -> None:
    """Makes a `unet` take half of what it sees for somebody, and say so clearly."""
    with torch.no_grad():
        scores = np.stack([one.score for one in model.predict(frames)]).astype(float) / 255
        logits = np.log(scores / (1 - scores))
        factor = 2 / logits.std()
        model.network.output.weight.mul_(factor)
        model.network.output.bias.sub_(np.median(logits)).mul_(factor)


Exported = Callable[..., ExportedModel]


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    """A model as it comes back from a file."""

    def export_it(model: BackgroundModel, to: str = "onnx", **how: Any) -> ExportedModel:
        model.save(tmp_path / "model.ckpt")
        known = cleanplate.load(export(tmp_path / "model.ckpt", to, **how))
        assert isinstance(known, ExportedModel)
        return known

    return export_it


def states_of(model: ExportedModel) -> dict[str, np.ndarray]:
    return model.stream_state()["states"]


def assert_alike(wanted: list[Prediction], found: list[Prediction]) -> None:
    scores = np.stack([one.score for one in wanted]) - np.stack([one.score for one in found])
    assert (np.abs(scores) <= 1).mean() >= 0.999
    plates = np.stack([one.background for one in wanted]).astype(int) - np.stack([one.background for one in found])
    assert (np.abs(plates) <= 1).mean() >= 0.999
    assert np.mean([(one.mask == two.mask).mean() for one, two in zip(wanted, found, strict=True)]) >= 0.999
    for one in found:
        assert (one.mask.dtype, one.score.dtype, one.background.dtype) == (np.uint8, np.float32, np.uint8)


def assert_says_something(wanted: list[Prediction]) -> None:
    """A comparison with an empty answer would tell nothing."""
    assert np.stack([one.score for one in wanted]).std() > 1
    assert any((one.mask == 255).any() for one in wanted)


# Every model


@pytest.mark.parametrize("name", [name for name in available() if name not in WITHOUT])
def test_it_is_exported_and_answers_the_same(name: str, made, frames, exported) -> None:
    model = made(name)
    written = exported(model)
    model.reset()
    wanted = model.predict(frames[20:26])
    assert_says_something(wanted)
    if isinstance(model, LearnedModel):
        assert (wanted[0].background != wanted[-1].background).mean() > 0.3
    assert_alike(wanted, written.predict(frames[20:26]))
    assert name in exportable()


@pytest.mark.parametrize("name", [name for name in available() if name in WITHOUT])
def test_it_is_refused_and_says_why_and_what_can(name: str, frames) -> None:
    options = {"frames": 20, "steps": 1} if issubclass(available()[name], LearnedModel) else {}
    model = cleanplate.create(name, **options)
    for _ in range(2):  # before and after it has met the scene: nobody fits it in vain
        with pytest.raises(
            ModelError, match=rf"^{name}: cannot be exported: .*{WITHOUT[name]}.*; aae, .* and wgan can$"
        ):
            graph_of(model)
        model.fit(in_memory(frames))
        model.apply(frames[0])


@pytest.mark.parametrize("which", VARIANTS)
def test_its_options_go_with_it(which: str, made, frames, exported) -> None:
    name, options = VARIANTS[which]
    model = made(name, **options)
    written = exported(model)
    model.reset()
    wanted = model.predict(frames[20:24])
    assert_says_something(wanted)
    assert_alike(wanted, written.predict(frames[20:24]))


@pytest.mark.parametrize("name", ["patch_ae", "unet", "multiscale_ae", "rpca", "bgsnet"])
def test_a_torchscript_answers_the_same(name: str, made, frames, exported) -> None:
    model = made(name)
    written = exported(model, "torchscript")
    model.reset()
    assert_alike(model.predict(frames[20:24]), written.predict(frames[20:24]))


def test_a_new_autoencoder_needs_no_line_here(made, frames) -> None:
    class Narrow(Autoencoder):
        name = "narrow"

        def core(self, working: tuple[int, int]) -> nn.Module:
            return ConvAutoencoder(working, self.outputs, 3, 4, self.style)

    model = Narrow(made("ae").options.model_copy(update={"latent_dim": 3})).fit(in_memory(frames))
    shake(model.network)
    with torch.no_grad():  # nobody can load what is not registered
        found = [answer.numpy() for answer in graph_of(model)(torch.from_numpy(np.stack(frames[:3])))]
    assert_alike(model.predict(frames[:3]), [Prediction(*each) for each in zip(*found, strict=True)])

    class Blurred(Narrow):
        name = "blurred"

        def _inputs(self, frames: Any) -> torch.Tensor:
            return super()._inputs([cv2.blur(frame, (3, 3)) for frame in frames])

    with pytest.raises(
        ModelError,
        match="blurred: cannot be exported: it overrides _inputs, which the exported graph does not reproduce",
    ):
        graph_of(Blurred(model.options))


class Still(BackgroundModel):
    """The first frame is the background; written as in a package that knows nothing of export."""

    name = "still"
    family = "statistical"

    def _fit(self, sequence: Any) -> None:
        self._background, self._size = sequence[0], sequence.size

    def _estimate(self, frames: Any, learning_rate: float) -> list[Estimate]:
        return [Estimate(self.background) for _ in frames]


def test_a_model_returns_a_graph_of_its_own_or_is_refused(frames) -> None:
    class Exportable(Still):
        def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> FixedBackground:
            return FixedBackground(self.background)

    class Darker(Exportable):
        def _estimate(self, frames: Any, learning_rate: float) -> list[Estimate]:
            return [Estimate(self.background // 2) for _ in frames]

    model = Exportable().fit(in_memory(frames))
    with torch.no_grad():
        found = [answer.numpy() for answer in graph_of(model)(torch.from_numpy(np.stack(frames[:3])))]
    assert_alike(model.predict(frames[:3]), [Prediction(*each) for each in zip(*found, strict=True)])
    with pytest.raises(ModelError, match="still: cannot be exported: it defines no export_graph; aae"):
        graph_of(Still().fit(in_memory(frames)))
    with pytest.raises(ModelError, match="still: cannot be exported: it overrides _estimate"):
        graph_of(Darker().fit(in_memory(frames)))


def test_what_is_found_by_a_gradient_is_refused(made, frames) -> None:
    model = cleanplate.create("wgan", search_steps=3, **{key: SHORT[key] for key in ("steps", "frames")})
    with pytest.raises(
        ModelError, match="wgan: cannot be exported: search_steps: 3 gradient steps .*; with search_steps=0 it can"
    ):
        graph_of(model.fit(in_memory(frames)))


def test_a_base_without_a_graph_is_named(frames) -> None:
    model = cleanplate.create("plate", base="mog2")
    model.apply(frames[0])
    with pytest.raises(ModelError, match="^mog2: cannot be exported: OpenCV"):
        graph_of(model)


@pytest.mark.parametrize("name", ["lowmotion", "plate"])
def test_a_camera_that_shakes_is_refused(name: str) -> None:
    large, random = textured(HEIGHT + 20, WIDTH + 20, seed=4).astype(np.uint8), np.random.default_rng(5)
    shaken = [large[y : y + HEIGHT, x : x + WIDTH].copy() for y, x in random.integers(6, 15, (60, 2))]
    with pytest.raises(ModelError, match="lowmotion: the camera moves, .* stabilization=false and mosaic"):
        graph_of(cleanplate.create(name).fit(in_memory(shaken)))


def test_both_rules_of_the_fusion_are_in_the_file(made, frames, exported) -> None:
    model = made("fusion", base="median")
    balance(model.semantics, frames[::8])
    model._empty = model.people(model.background) * np.float32(0.7)
    seen = np.stack([model.people(frame) for frame in frames[20:23]])
    highest, rise = np.maximum(seen, model._empty), seen - model._empty
    below, above = float(np.quantile(highest, 0.3)), float(np.quantile(rise, 0.7))
    model.options = model.options.model_copy(update={"nobody_below": below, "somebody_above": above})
    wanted = model.predict(frames[20:23])
    assert np.mean([one.score == 0 for one in wanted]) > 0.2
    assert np.mean([one.score == 255 for one in wanted]) > 0.2
    assert_alike(wanted, exported(model).predict(frames[20:23]))


def test_frames_of_any_number_go_through_at_once(made, frames, exported) -> None:
    written = exported(made("patch_ae"))
    together = written.predict(frames[:5])
    for frame, known in zip(frames[:5], together, strict=True):
        # Sums may be taken in another order, and a background be rounded to the next level.
        np.testing.assert_allclose(written.predict([frame])[0].score, known.score, atol=1)
    assert estimate_graph(made("median"), (HEIGHT, WIDTH)).initial_states == {}


# Any size


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (48, 384)])  # the second is larger than what holes are filled at
def test_a_unet_without_a_scene_is_told_its_size(size: tuple[int, int], made, exported) -> None:
    model = made("unet", fit=False, pasted=0.0)
    random = np.random.default_rng(3)
    frames = [np.clip(textured(*size, seed=seed) + random.normal(0, 9, (*size, 3)), 0, 255) for seed in range(3)]
    frames = [frame.astype(np.uint8) for frame in frames]
    balance(model, frames)  # there is something to fill in, and something to fill it from
    wanted = model.predict(frames)
    assert 0.2 < np.mean([one.mask == 255 for one in wanted]) < 0.8
    assert np.mean([one.background != frame for one, frame in zip(wanted, frames, strict=True)]) > 0.2
    assert_alike(wanted, exported(model, size=size).predict(frames))


def test_sizes_that_do_not_fit_are_told(made, labelled, frames) -> None:
    loose = made("unet", fit=False)
    with pytest.raises(ModelError, match="unet: takes frames of any size, .* --size WIDTHxHEIGHT"):
        graph_of(loose)
    with pytest.raises(ModelError, match="unet: --size 64x0 is not a frame size"):
        graph_of(loose, (0, 64))
    with pytest.raises(ModelError, match="median: fitted to 75×51 frames, not 64×48; leave out --size"):
        graph_of(made("median"), (48, 64))
    assert graph_of(made("median"), (HEIGHT, WIDTH)).size == (HEIGHT, WIDTH)
    for name in ("median", "ae", "fusion"):
        with pytest.raises(ModelError, match=f"{name}: not fitted to a scene yet"):
            graph_of(cleanplate.create(name), (48, 64))
    with pytest.raises(ModelError, match="bgsnet: has not learnt yet"):
        graph_of(cleanplate.create("bgsnet"))


# What is remembered


def brighter(frames: list[np.ndarray]) -> list[np.ndarray]:
    return [np.clip(frame.astype(int) + 12, 0, 255).astype(np.uint8) for frame in frames]


ADAPTIVE: dict[str, tuple[str, dict[str, Any]]] = {
    "median": ("median", {}),
    "mean": ("mean", {"noise": False}),
    "lowmotion": ("lowmotion", {}),
    "lowmotion, still": ("lowmotion", {"residual": False}),
    "plate on median": ("plate", {"base": "median"}),
    "bgsnet": ("bgsnet", {}),
    "fusion": ("fusion", {"nobody_below": 0.0}),
    "the mask beside the colours": ("flow_ae", {"stream": "mask"}),
}


@pytest.mark.parametrize(
    ("which", "to"), [*((which, "onnx") for which in ADAPTIVE), ("mean", "torchscript"), ("lowmotion", "torchscript")]
)
def test_a_stream_that_learns_goes_on_as_the_model_does(which: str, to: str, made, frames, exported) -> None:
    name, options = ADAPTIVE[which]
    model = made(name, **options)
    written = exported(model, to, adaptive=True)
    first = states_of(written)["running"]
    stream = frames[:10] + brighter(frames[10:30])
    assert_alike(model.predict(stream[:20], 0.1), written.predict(stream[:20], 0.1))
    learnt = states_of(written)["running"].copy()
    for rate in (0.0, -1.0):  # frozen
        assert_alike(model.predict(stream[20:], rate), written.predict(stream[20:], rate))
        np.testing.assert_array_equal(states_of(written)["running"], learnt)
    assert_alike(model.predict(stream[20:], 1.0), written.predict(stream[20:], 1.0))
    assert (np.abs(learnt - first) > 5).mean() > 0.5
    if isinstance(model, TemporalModel | LowMotion):
        apart = np.abs(states_of(written)["running"][0] - model.stream_state()["running"])
        assert apart.max() < 1
        assert (apart > 1e-3).mean() < 1e-3  # where the light lies half-way between two levels, it may fall either way


def test_what_was_learnt_online_is_where_the_file_starts(made, frames, exported) -> None:
    model = made("median")
    model.predict(brighter(frames[:10]), 0.2)
    written = exported(model, adaptive=True)
    np.testing.assert_array_equal(states_of(written)["running"][0], model.stream_state()["running"])
    assert_alike(model.predict(frames[10:14], 0.2), written.predict(frames[10:14], 0.2))
    still = exported(model).predict(frames[14:16])
    assert_alike(model.predict(frames[14:16]), still)


@pytest.mark.parametrize(("name", "options"), [("ae", {}), ("rpca", {}), ("plate", {"base": "gmm"})])
def test_what_learns_nothing_online_says_so(name: str, options: dict[str, Any], made) -> None:
    with pytest.raises(
        ModelError, match=f"{name}: learns nothing online; leave out --adaptive .benet, .*, mean, median"
    ):
        graph_of(made(name, **options), adaptive=True)


def test_a_model_that_learns_in_a_way_of_its_own_is_exported_still_only(made, frames) -> None:
    class Hasty(type(made("median"))):
        def _adapt(self, frame: Any, mask: Any, learning_rate: float) -> None:
            super()._adapt(frame, mask * 0, learning_rate)

    model = Hasty().fit(in_memory(frames))
    with pytest.raises(ModelError, match="median: it overrides _adapt, .* without --adaptive it can be exported"):
        graph_of(model, adaptive=True)
    assert not graph_of(model).states


@pytest.fixture(scope="module")
def bgsnet(made) -> BackgroundModel:
    return made("bgsnet")


def test_the_recent_background_is_remembered_and_frozen(bgsnet, frames, exported) -> None:
    bgsnet.reset()
    written = exported(bgsnet)
    assert list(states_of(written)) == ["recent_frames", "recent_seen"]
    stream = frames[:24] + brighter(frames[24:36])
    assert_alike(bgsnet.predict(stream[:2], 0.0), written.predict(stream[:2], 0.0))  # the first one counts all the same
    assert_alike(bgsnet.predict(stream[:30]), written.predict(stream[:30]))
    before = {name: state.copy() for name, state in states_of(written).items()}
    assert_alike(bgsnet.predict(stream[30:], 0.0), written.predict(stream[30:], 0.0))
    for name, state in states_of(written).items():
        np.testing.assert_array_equal(state, before[name])
    assert_alike(bgsnet.predict(stream[30:]), written.predict(stream[30:]))
    again = exported(bgsnet)  # from the midst of a stream
    for name, state in states_of(written).items():
        if name == "recent_seen":
            np.testing.assert_array_equal(states_of(again)[name], state)
    assert_alike(bgsnet.predict(stream[:12]), again.predict(stream[:12]))
