"""Exported models: the same answers as those they come from, whole in one file; what cannot be exported says so."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

import cleanplate
from cleanplate.cli import main
from cleanplate.data.cdnet import read_cdnet
from cleanplate.engine.export import FORMATS, export
from cleanplate.engine.export.backgrounds import ResidualBackground
from cleanplate.engine.export.filters import Resize, box_mean, gaussian, median_filter, middle
from cleanplate.engine.export.graphs import graph_of
from cleanplate.errors import ModelError
from cleanplate.metrics.functional.cdnet import cdnet_metrics, count_pixels
from cleanplate.models import BackgroundModel, available
from in_memory import in_memory, textured

onnx = pytest.importorskip("onnx", reason="needs cleanplate[export]")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs cleanplate[export]")

HEIGHT, WIDTH = 75, 101
EXPORTED: dict[str, tuple[str, dict[str, Any]]] = {
    "median": ("median", {}),
    "mean": ("mean", {"noise": False}),
    "trimmed_mean": ("trimmed_mean", {}),
    "mode": ("mode", {}),
    "benet": ("benet", {"noise": False}),
    "lowmotion": ("lowmotion", {}),
    "lowmotion, still": ("lowmotion", {"residual": False}),
    "plate": ("plate", {}),
    "plate on median": ("plate", {"base": "median"}),
    "plate without a vote": ("plate", {"vote": 0.0}),
    "pairnet": ("pairnet", {"initial": "median"}),
    "pairnet in another light": ("pairnet", {"initial": "median", "light": "offset"}),
    "pairnet, smaller": ("pairnet", {"initial": "median", "working": 32}),
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
    for index in range(60):
        frame = place * (1 + 0.15 * np.sin(index / 7)) + random.normal(0, 4, place.shape)
        left = index * 3 % WIDTH
        box = frame[18:56, left : left + 17]
        box[:] = np.add((30, 200, 120), random.normal(0, 5, box.shape))
        seen.append(np.clip(frame, 0, 255).astype(np.uint8))
    return seen


def fitted(name: str, frames: list[np.ndarray], foreground: Any = None, **options: Any) -> BackgroundModel:
    model = cleanplate.create(name, foreground, **options)
    if name == "pairnet":
        model.finish()  # weights as they were drawn: they amplify what differs more than learnt ones
    return model.fit(in_memory(frames))


def exported(model: BackgroundModel, folder: Path, to: str = "onnx") -> BackgroundModel:
    cleanplate.save(model, folder / "model.ckpt", run="r", data=["a/one", "b/two"])
    return cleanplate.load(export(folder / "model.ckpt", to))


def assert_alike(model: BackgroundModel, other: BackgroundModel, frames: list[np.ndarray]) -> None:
    wanted, found = model.predict(frames), other.predict(frames)
    assert any(0 < (one.mask == 255).mean() < 0.9 for one in wanted)
    scores = np.stack([one.score for one in wanted]) - np.stack([one.score for one in found])
    assert (np.abs(scores) <= 1).mean() >= 0.999
    plates = np.stack([one.background for one in wanted]).astype(int) - np.stack([one.background for one in found])
    assert (np.abs(plates) <= 1).mean() >= 0.999
    assert np.mean([(one.mask == two.mask).mean() for one, two in zip(wanted, found, strict=True)]) >= 0.999
    assert {(one.mask.dtype, one.score.dtype, one.background.dtype) for one in found} == {
        (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.uint8))
    }


@pytest.mark.parametrize("which", EXPORTED)
def test_an_exported_model_answers_as_the_one_it_comes_from(which: str, frames, tmp_path: Path) -> None:
    name, options = EXPORTED[which]
    model = fitted(name, frames, **options)
    for to in FORMATS:
        other = exported(model, tmp_path, to)
        assert_alike(model, other, frames[:6])
        alone = [other.apply(frame) for frame in frames[:6]]
        np.testing.assert_array_equal(np.stack(alone), other.apply_batch(frames[:6]))


@pytest.mark.realdata
def test_a_real_sequence_scores_the_same(real_data: Path, tmp_path: Path) -> None:
    sequence = read_cdnet(real_data / "cdnet/baseline/pedestrians")
    still = {"registration": False, "views": False, "frames": 60}
    model = cleanplate.create("plate", base_options=still).fit(sequence)
    other = exported(model, tmp_path)
    shown = [index for index in range(0, len(sequence), 40) if sequence.numbers[index] >= 300]
    scores = []
    for each in (model, other):
        masks = each.apply_batch([sequence[index] for index in shown])
        truths = [sequence.truth.read(sequence.numbers[index]) for index in shown]
        counts = [count_pixels(mask, truth) for mask, truth in zip(masks, truths, strict=True)]
        scores.append(cdnet_metrics(sum(counts[1:], counts[0]))["f_measure"])
    assert scores[0] > 0.8
    assert scores[1] == pytest.approx(scores[0], abs=5e-4)


def test_the_exportable_models_of_the_registry_are_all_tested() -> None:
    from cleanplate.models.statistical.temporal import TemporalModel

    still = {name for name, kind in available().items() if issubclass(kind, TemporalModel)}
    assert {name for name, _ in EXPORTED.values()} == still | {"lowmotion", "plate", "pairnet"}


@pytest.mark.parametrize(
    "foreground",
    [
        {"gain": "gain", "channels": "luma", "blur": 5, "mask_median": 5},
        {"gain": "none", "channels": "mean", "support": 0.0, "score_median": 0, "noise_scale": 0.0},
        {"blur": 0, "score_median": 3, "noise_scale": 2.0, "noise_floor": 1.0, "support": 0.5},
    ],
)
def test_every_option_of_the_head_goes_with_it(foreground: dict[str, Any], frames, tmp_path: Path) -> None:
    model = fitted("median", frames, foreground)
    assert_alike(model, exported(model, tmp_path), frames[:6])


def test_a_lamp_that_leaves_nothing_to_measure_by(frames, tmp_path: Path) -> None:
    for name in ("median", "lowmotion"):
        model = fitted(name, frames)
        wild = np.random.default_rng(1).integers(0, 256, frames[0].shape).astype(np.uint8)
        other = exported(model, tmp_path)
        np.testing.assert_allclose(model.predict([wild])[0].score, other.predict([wild])[0].score, atol=1)
        np.testing.assert_array_equal(model.background, other.background)


def test_the_components_are_part_of_what_is_compared(frames) -> None:
    model = fitted("lowmotion", frames)
    assert isinstance(graph_of(model).background, ResidualBackground)
    assert (model.predict(frames[10:11])[0].background != model.state()["plate"]).mean() > 0.5


def test_what_was_taken_over_online_is_exported(frames, tmp_path: Path) -> None:
    model = fitted("median", frames)
    before = model.background.copy()
    model.apply_batch([np.clip(frame.astype(int) + 9, 0, 255).astype(np.uint8) for frame in frames[:8]], 0.3)
    model.apply(frames[8])
    model.save(tmp_path / "stream.ckpt")
    other = cleanplate.load(export(tmp_path / "stream.ckpt", "onnx"))
    np.testing.assert_array_equal(other.background, model.background)
    assert (other.background != before).any()


@pytest.mark.parametrize("size", [(5, 7), (40, 33)])
def test_filters_are_opencvs(size: tuple[int, int]) -> None:
    random = np.random.default_rng(2)
    levels = random.integers(0, 256, size).astype(np.uint8)
    given = torch.from_numpy(levels)[None, None].float()
    for side in (3, 5, 9):
        np.testing.assert_array_equal(median_filter(given, side)[0, 0].numpy(), cv2.medianBlur(levels, side))
    for side in (3, 5, 7):
        np.testing.assert_array_equal(gaussian(given, side)[0, 0].numpy(), cv2.GaussianBlur(levels, (side, side), 0))
    blurred = cv2.blur(levels.astype(np.float32), (21, 21))
    np.testing.assert_allclose(box_mean(given, 21)[0, 0].numpy(), blurred, atol=1e-3)
    flat = given.flatten(2)
    assert middle(flat).item() == np.median(levels)
    assert middle(flat[..., 1:]).item() == np.median(levels.ravel()[1:])


@pytest.mark.parametrize(
    ("before", "after", "alike"),
    [
        ((64, 80), (32, 40), 1.0),  # halves
        ((64, 80), (16, 20), 1.0),  # quarters
        ((75, 101), (80, 96), 1.0),  # larger one way
        ((75, 101), (64, 96), 1.0),
        ((75, 75), (75, 75), 1.0),
        ((90, 160), (60, 108), 0.99),  # halves between two levels fall either way
    ],
)
def test_sizes_are_changed_as_opencv_changes_them(before, after, alike: float) -> None:
    levels = np.random.default_rng(3).integers(0, 256, before).astype(np.uint8)
    wanted = cv2.resize(levels, after[::-1], interpolation=cv2.INTER_AREA)
    given = torch.from_numpy(levels)[None, None].float()
    found = Resize(before, after, cv2.INTER_AREA, whole=True)(given)[0, 0].numpy()
    assert (found == wanted).mean() >= alike
    np.testing.assert_allclose(found, wanted, atol=1)
    floats = levels.astype(np.float32) / 7
    found = Resize(before, after, cv2.INTER_LINEAR, whole=False)(torch.from_numpy(floats)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(found, cv2.resize(floats, after[::-1]), atol=1e-4)


def test_the_file_tells_what_it_is_and_runs_without_cleanplate(frames, tmp_path: Path) -> None:
    model = fitted("plate", frames)
    other = exported(model, tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    mask, score, plate = session.run(["mask", "score", "background"], {"frames": np.stack(frames[:3])})
    assert mask.shape == score.shape == (3, HEIGHT, WIDTH)
    assert plate.shape == (3, HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(mask, other.apply_batch(frames[:3]))
    told = {entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert (told["name"], told["league"], told["cleanplate"]) == ("plate", "unsupervised", cleanplate.__version__)
    assert told["checkpoint_sha256"] == hashlib.sha256((tmp_path / "model.ckpt").read_bytes()).hexdigest()
    assert json.loads(told["notes"]) == {"run": "r", "data": ["a/one", "b/two"]}
    assert json.loads(told["size"]) == [HEIGHT, WIDTH]
    assert (other.name, other.league, other.fitted_size) == ("plate", "unsupervised", (HEIGHT, WIDTH))
    assert other.parameters == model.parameters
    assert other.describe() == model.describe()


@pytest.mark.parametrize(
    ("foreground", "told"),
    [
        ({"rule": "otsu"}, "foreground.rule: otsu cannot be exported; foreground.rule=fixed can"),
        ({"shadows": True}, "foreground.shadows: True cannot be exported"),
        ({"opening": 3}, "foreground.opening: 3 cannot be exported"),
        ({"smallest": 0.01}, "foreground.smallest: 0.01 cannot be exported"),
    ],
)
def test_a_head_that_cannot_be_exported_is_named(foreground, told: str, frames) -> None:
    with pytest.raises(ModelError, match=told):
        graph_of(fitted("median", frames, foreground))


def test_models_that_cannot_be_exported_say_what_can(frames) -> None:
    streaming = cleanplate.create("mog2")
    with pytest.raises(ModelError, match="mog2: not fitted to a scene yet"):
        graph_of(streaming)
    streaming.apply(frames[0])
    with pytest.raises(ModelError, match="mog2: cannot be exported: .* median, .* and pairnet"):
        graph_of(streaming)
    with pytest.raises(ModelError, match="plate: not fitted"):
        graph_of(cleanplate.create("plate"))
    with pytest.raises(ModelError, match="gmm: cannot be exported"):
        graph_of(fitted("plate", frames, base="gmm"))
    large = textured(HEIGHT + 20, WIDTH + 20, seed=4).astype(np.uint8)
    random = np.random.default_rng(5)
    shaken = [
        large[y : y + HEIGHT, x : x + WIDTH].copy() for y, x in random.integers(6, 15, (60, 2))
    ]  # a camera that shakes
    shaking = fitted("lowmotion", shaken)
    assert "reference" in shaking.state()
    with pytest.raises(ModelError, match="lowmotion: it follows a camera that moves, .* registration=false"):
        graph_of(shaking)


def test_what_goes_wrong_with_files_is_said_in_one_line(frames, tmp_path: Path, monkeypatch) -> None:
    other = exported(fitted("median", frames), tmp_path)
    checkpoint, file = tmp_path / "model.ckpt", tmp_path / "model.onnx"
    for call, told in (
        (lambda: export(checkpoint, "openvino"), "'openvino' is no format; choose one of onnx, torchscript"),
        (lambda: export(checkpoint, "onnx", tmp_path / "a.bin"), "a.bin: a onnx file must end in .onnx"),
        (lambda: export(file, "torchscript"), "model.onnx: exported already"),
        (lambda: export(tmp_path / "none.ckpt", "onnx"), "none.ckpt: cannot be read: No such file"),
        (lambda: cleanplate.load(tmp_path / "none.onnx"), "none.onnx: cannot be read: No such file"),
        (lambda: cleanplate.load(tmp_path / "none.torchscript"), "none.torchscript: cannot be read: No such file"),
        (lambda: cleanplate.load(file, other.head.options), "model.onnx: its threshold is inside the file"),
        (lambda: other.fit(in_memory(frames)), "median: an exported model is fitted for good"),
        (lambda: other.save(tmp_path / "again.ckpt"), "median: an exported model is no checkpoint; copy its file"),
        (lambda: other.apply(frames[0][:20]), "median: learnt 101×75 frames, this one is 101×20"),
        (lambda: other.apply(frames[0], 2.0), "median: learning_rate 2.0 is no number up to 1"),
    ):
        with pytest.raises(ModelError, match=told):
            call()
    assert not (tmp_path / "again.ckpt").exists()
    for suffix in (".onnx", ".torchscript"):
        (tmp_path / f"broken{suffix}").write_bytes(file.read_bytes()[:5000])
        with pytest.raises(ModelError, match=f"broken{suffix}: damaged, or no"):
            cleanplate.load(tmp_path / f"broken{suffix}")
    stranger = onnx.load(file)
    for props, told in (
        ({}, "not written by `cleanplate export`"),
        ({**other.told, "size": "7"}, "not written by"),
        ({**other.told, "format": "99"}, "newer than this; update cleanplate"),
    ):
        onnx.helper.set_model_props(
            stranger, {key: value if isinstance(value, str) else json.dumps(value) for key, value in props.items()}
        )
        onnx.save(stranger, tmp_path / "stranger.onnx")
        with pytest.raises(ModelError, match=told):
            cleanplate.load(tmp_path / "stranger.onnx")
    for name, call in (("onnx", lambda: export(checkpoint, "onnx")), ("onnxruntime", lambda: cleanplate.load(file))):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, name, None)
            with pytest.raises(ModelError, match=rf"needs the package {name}: pip install 'cleanplate\[export\]'"):
                call()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_from_the_command_line_to_masks(frames, tmp_path: Path) -> None:
    model = fitted("median", frames)
    cleanplate.save(model, tmp_path / "model.ckpt")
    (tmp_path / "in").mkdir()
    for number, frame in enumerate(frames[:4], 1):
        cv2.imwrite(str(tmp_path / "in" / f"in{number:06d}.png"), frame)
    for to in FORMATS:
        done = run("export", tmp_path / "model.ckpt", "--to", to, "-o", tmp_path / f"small.{to}")
        assert done.exit_code == 0, done.output
        assert f"small.{to}: " in done.output
        done = run("apply", tmp_path / "in", "-m", tmp_path / f"small.{to}", "-o", tmp_path / to, "--write", "masks")
        assert done.exit_code == 0, done.output
        for number, frame in enumerate(frames[:4], 1):
            written = cv2.imread(str(tmp_path / to / f"bin{number:06d}.png"), cv2.IMREAD_GRAYSCALE)
            np.testing.assert_array_equal(written, model.apply(frame))
    done = run("export", tmp_path / "in" / "in000001.png", "--to", "onnx")
    assert done.exit_code == 2
    assert done.output.startswith("error: ")
