"""Every format: the same answers as the model, whole in one file, without cleanplate too; and what goes wrong."""

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

import cleanplate
from cleanplate.cli import export as export_command
from cleanplate.cli import main
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.engine.export import FORMATS, export
from cleanplate.errors import ModelError
from cleanplate.metrics.functional.cdnet import cdnet_metrics, count_pixels
from cleanplate.models import BackgroundModel
from cleanplate.models.exported import packed, unpacked
from cleanplate.models.exported.model import threads
from export_scene import HEIGHT, WIDTH, assert_alike, exported, fitted, passing_box, quiet_openvino
from in_memory import in_memory

onnx = pytest.importorskip("onnx", reason="needs cleanplate[export]")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs cleanplate[export]")
openvino = quiet_openvino()

KINDS: dict[str, dict[str, Any]] = {
    "median": {},
    "lowmotion": {"stabilization": False, "mosaic": False},
    "plate": {"base": "median"},
    "pairnet": {"initial": "median"},
}


@pytest.fixture(autouse=True)
def in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exported networks compute in 32 bits; what they are compared with must not compute in 16."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return passing_box()


@pytest.fixture(scope="module")
def models(frames) -> dict[str, BackgroundModel]:
    return {name: fitted(name, frames, **options) for name, options in KINDS.items()}


@pytest.fixture(scope="module")
def median_files(models, tmp_path_factory) -> Path:
    """A folder that holds `model.ckpt` and one file of each format, of the same `median`."""
    folder = tmp_path_factory.mktemp("median")
    for to in FORMATS:
        exported(models["median"], folder, to)
    return folder


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", KINDS)
def test_an_exported_model_answers_as_the_one_it_comes_from(name: str, to: str, models, frames, tmp_path: Path) -> None:
    other = exported(models[name], tmp_path, to)
    assert_alike(models[name], other, frames[:6])
    alone = [other.apply(frame) for frame in frames[:6]]
    np.testing.assert_array_equal(np.stack(alone), other.apply_batch(frames[:6]))
    assert not other.remembers
    assert other.stream_state() == {}


@pytest.mark.parametrize("to", FORMATS)
def test_what_learns_online_goes_on_from_frame_to_frame(to: str, frames, tmp_path: Path) -> None:
    model = fitted("median", frames)
    other = exported(model, tmp_path, to, adaptive=True)
    start = other.background
    np.testing.assert_array_equal(start, model.background)
    assert other.remembers
    shifted = [np.clip(frame.astype(int) + 9, 0, 255).astype(np.uint8) for frame in frames[:8]]
    for rate in (0.3, 0.0, -1.0, 0.5):
        wanted, found = model.predict(shifted, rate), other.predict(shifted, rate)
        plates = np.stack([one.background for one in wanted]).astype(int) - np.stack([one.background for one in found])
        assert (np.abs(plates) <= 1).mean() >= 0.999
        assert np.mean([(one.mask == two.mask).mean() for one, two in zip(wanted, found, strict=True)]) >= 0.999
    assert (np.abs(other.background.astype(int) - start) > 2).mean() > 0.5
    kept = other.stream_state()
    after = other.predict(shifted[:2], 0.2)[-1]
    other.load_stream_state(kept)
    again = other.predict(shifted[:2], 0.2)[-1]
    np.testing.assert_array_equal(again.score, after.score)
    other.reset()
    np.testing.assert_array_equal(other.background, start)
    with pytest.raises(ModelError, match="median: the stream state is that of another model"):
        other.load_stream_state({"states": {"running": np.zeros(3, np.float32)}})
    with pytest.raises(ModelError, match="learning_rate 2.0 is no number up to 1"):
        other.apply(frames[0], 2.0)


def test_what_learns_online_runs_without_cleanplate(frames, tmp_path: Path) -> None:
    """As the documentation of `cleanplate.models.exported` has it."""
    other = exported(fitted("median", frames), tmp_path, adaptive=True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    kept = session.get_modelmeta().custom_metadata_map["states"]
    states = dict(np.load(io.BytesIO(base64.b64decode(kept))))
    for frame in frames[:4]:
        rate = np.float32([0.2])
        mask, score, _, *after = session.run(None, {"frames": frame[None], "learning_rate": rate, **states})
        states = dict(zip(states, after, strict=True))
        known = other.predict([frame], 0.2)[0]
        np.testing.assert_array_equal(mask[0], known.mask)
        np.testing.assert_array_equal(score[0], known.score)
    assert [each.name for each in session.get_inputs()] == ["frames", "learning_rate", "running"]
    assert [each.name for each in session.get_outputs()] == ["mask", "score", "background", "next_running"]


def test_arrays_are_kept_in_one_word() -> None:
    arrays = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.zeros((0, 2), np.uint8)}
    back = unpacked(packed(arrays))
    assert list(back) == ["b", "a"]
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
    assert unpacked("") == {}
    for word in ("?", "aGVsbG8=", packed(arrays)[:60]):
        with pytest.raises(ValueError):  # as its caller expects
            unpacked(word)


@pytest.mark.realdata
@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_a_real_sequence_scores_the_same(to: str, real_plate, tmp_path: Path) -> None:
    sequence, model = real_plate
    other = exported(model, tmp_path, to)
    shown = [index for index in range(0, len(sequence), 40) if sequence.numbers[index] >= 300]
    scores = []
    for each in (model, other):
        masks = each.apply_batch([sequence[index] for index in shown])
        truths = [sequence.truth.read(sequence.numbers[index]) for index in shown]
        counts = [count_pixels(mask, truth) for mask, truth in zip(masks, truths, strict=True)]
        scores.append(cdnet_metrics(sum(counts[1:], counts[0]))["f_measure"])
    assert scores[0] > 0.8
    assert scores[1] == pytest.approx(scores[0], abs=5e-4)


@pytest.fixture(scope="module")
def real_plate(real_data: Path):
    sequence = read_cdnet(real_data / "cdnet/baseline/pedestrians")
    still = {"stabilization": False, "mosaic": False, "frames": 60}
    return sequence, cleanplate.create("plate", base_options=still).fit(sequence)


def test_the_file_tells_what_it_is_and_runs_without_cleanplate(models, median_files: Path, frames) -> None:
    model, shown = models["median"], frames[:1]
    session = onnxruntime.InferenceSession(median_files / "model.onnx", providers=["CPUExecutionProvider"])
    answers = {"onnx": session.run(["mask", "score", "background"], {"frames": np.stack(shown)})}
    told = {"onnx": {entry.key: entry.value for entry in onnx.load(median_files / "model.onnx").metadata_props}}
    with zipfile.ZipFile(median_files / "model.openvino") as archive:
        assert sorted(archive.namelist()) == ["cleanplate.json", "model.bin", "model.xml"]
        archive.extractall(median_files / "unpacked")
    run = openvino.Core().compile_model(median_files / "unpacked/model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers["openvino"] = [np.array(each) for each in run({"frames": np.stack(shown)}).values()]
    told["openvino"] = json.loads((median_files / "unpacked/cleanplate.json").read_text())
    extra = {"cleanplate.json": ""}
    graph = torch.jit.load(median_files / "model.torchscript", _extra_files=extra)
    answers["torchscript"] = [each.numpy() for each in graph(torch.from_numpy(np.stack(shown)))]
    told["torchscript"] = json.loads(extra["cleanplate.json"])
    known = model.predict(shown)[0]
    for to in FORMATS:
        mask, score, plate = answers[to]
        assert mask.shape == score.shape == (1, HEIGHT, WIDTH)
        assert plate.shape == (1, HEIGHT, WIDTH, 3)
        assert (mask[0] == known.mask).mean() > 0.999
        assert (told[to]["name"], told[to]["league"]) == ("median", "unsupervised")
        assert told[to]["cleanplate"] == cleanplate.__version__
        assert told[to]["checkpoint_sha256"] == hashlib.sha256((median_files / "model.ckpt").read_bytes()).hexdigest()
        assert json.loads(told[to]["notes"]) == {"run": "r", "data": ["a/one", "b/two"]}
        assert json.loads(told[to]["size"]) == [HEIGHT, WIDTH]
        other = cleanplate.load(median_files / f"model.{to}")
        assert (other.name, other.league, other.fitted_size) == ("median", "unsupervised", (HEIGHT, WIDTH))
        assert other.parameters == model.parameters
        assert other.describe() == model.describe()
        assert other.metadata["notes"]["data"] == ["a/one", "b/two"]
        assert other.summary()[-1] == "learnt from a/one, b/two"


def test_the_same_model_is_the_same_file(median_files: Path, tmp_path: Path) -> None:
    for to in ("onnx", "openvino"):
        again = export(median_files / "model.ckpt", to, tmp_path / f"again.{to}")
        assert again.read_bytes() == (median_files / f"model.{to}").read_bytes()


def test_openvino_sends_nothing_home(median_files: Path, frames) -> None:
    """Its package reports to its maker when it is imported, and when it converts; here it must not."""
    program = f"""
import sys, cleanplate, numpy
import socket
def refuse(*arguments): raise SystemExit("a connection was asked for")
socket.socket.connect = refuse
from cleanplate.engine.export import export
export({str(median_files / "model.ckpt")!r}, "openvino", {str(median_files / "quiet.openvino")!r})
cleanplate.load({str(median_files / "quiet.openvino")!r}).apply(numpy.zeros(({HEIGHT}, {WIDTH}, 3), numpy.uint8))
print([name for name in sys.modules if name.startswith("openvino_telemetry")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_threads_are_torchs() -> None:
    assert threads() == torch.get_num_threads() == 1


def test_what_goes_wrong_with_files_is_said_in_one_line(median_files: Path, frames, tmp_path: Path) -> None:
    checkpoint, file = median_files / "model.ckpt", median_files / "model.onnx"
    other = cleanplate.load(file)
    for call, told in (
        (lambda: export(checkpoint, "tflite"), "'tflite' is no format; choose one of onnx, openvino, torchscript"),
        (lambda: export(checkpoint, "onnx", tmp_path / "a.bin"), "a.bin: a onnx file must end in .onnx"),
        (lambda: export(file, "torchscript"), "model.onnx: exported already"),
        (lambda: export(tmp_path / "none.ckpt", "onnx"), "none.ckpt: cannot be read: No such file"),
        (lambda: cleanplate.load(file, other.head.options), "model.onnx: its threshold is inside the file"),
        (lambda: other.fit(in_memory(frames)), "median: an exported model is fitted for good"),
        (lambda: other.save(tmp_path / "again.ckpt"), "median: an exported model is no checkpoint; copy its file"),
        (lambda: other.apply(frames[0][:20]), "median: learnt 101×75 frames, this one is 101×20"),
        (lambda: other.apply(frames[0], 2.0), "median: learning_rate 2.0 is no number up to 1"),
    ):
        with pytest.raises(ModelError, match=told):
            call()
    assert not (tmp_path / "again.ckpt").exists()
    for to in FORMATS:
        with pytest.raises(ModelError, match=f"none.{to}: cannot be read: No such file"):
            cleanplate.load(tmp_path / f"none.{to}")
        whole = (median_files / f"model.{to}").read_bytes()
        for place, broken in enumerate((b"", b"PK", whole[:5000], whole[: len(whole) // 2], file.read_bytes()[:900])):
            (tmp_path / f"broken{place}.{to}").write_bytes(broken)
            with pytest.raises(ModelError, match=f"broken{place}.{to}: (damaged, or no|not written by)"):
                cleanplate.load(tmp_path / f"broken{place}.{to}")


def test_a_file_that_others_wrote_is_refused(median_files: Path, tmp_path: Path) -> None:
    stranger = onnx.load(median_files / "model.onnx")
    told = {entry.key: entry.value for entry in stranger.metadata_props}
    for props, said in (
        ({}, "not written by `cleanplate export`"),
        ({**told, "size": "7"}, "not written by"),
        ({**told, "states": "AAAA"}, "not written by"),
        ({**told, "format": "99"}, "newer than this; update cleanplate"),
    ):
        onnx.helper.set_model_props(stranger, props)
        onnx.save(stranger, tmp_path / "stranger.onnx")
        with pytest.raises(ModelError, match=said):
            cleanplate.load(tmp_path / "stranger.onnx")


def test_a_zip_that_would_do_harm_is_refused(median_files: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(median_files / "model.openvino") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def written(parts: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> Path:
        with zipfile.ZipFile(tmp_path / "other.openvino", "w", packing) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        return tmp_path / "other.openvino"

    bomb = written(parts | {"model.bin": bytes(10**7)}, zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 10**6
    with pytest.raises(ModelError, match="other.openvino: damaged, or no OpenVINO file"):
        cleanplate.load(bomb)
    for missing in parts:
        with pytest.raises(ModelError, match="damaged, or no OpenVINO file"):
            cleanplate.load(written({name: data for name, data in parts.items() if name != missing}))
    for name, data in (
        ("model.xml", b"<net"),
        ("model.bin", b""),
        ("cleanplate.json", b"[]"),
        ("cleanplate.json", b"{"),
    ):
        with pytest.raises(ModelError, match="damaged, or no OpenVINO file"):
            cleanplate.load(written(parts | {name: data}))
    assert cleanplate.load(written(parts | {"../outside": b"x"})).name == "median"
    assert not (tmp_path.parent / "outside").exists()
    flipped = bytearray((median_files / "model.openvino").read_bytes())
    flipped[flipped.index(parts["model.bin"][:64]) + 10] ^= 255
    (tmp_path / "other.openvino").write_bytes(flipped)
    with pytest.raises(ModelError, match="damaged, or no OpenVINO file"):
        cleanplate.load(tmp_path / "other.openvino")


def test_what_is_not_installed_is_named(median_files: Path, tmp_path: Path, monkeypatch) -> None:
    checkpoint = median_files / "model.ckpt"
    for name, call in (
        ("onnx", lambda: export(checkpoint, "onnx", tmp_path / "a.onnx")),
        ("onnx", lambda: export(checkpoint, "openvino", tmp_path / "a.openvino")),
        ("openvino", lambda: export(checkpoint, "openvino", tmp_path / "a.openvino")),
        ("onnxruntime", lambda: cleanplate.load(median_files / "model.onnx")),
        ("openvino", lambda: cleanplate.load(median_files / "model.openvino")),
    ):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, name, None)
            with pytest.raises(ModelError, match=rf"needs the package {name}: pip install 'cleanplate\[export\]'"):
                call()
    assert list(tmp_path.iterdir()) == []


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_from_the_command_line_to_masks(models, frames, tmp_path: Path) -> None:
    assert export_command._FORMATS == FORMATS
    model = models["median"]
    cleanplate.save(model, tmp_path / "model.ckpt")
    (tmp_path / "in").mkdir()
    for number, frame in enumerate(frames[:3], 1):
        cv2.imwrite(str(tmp_path / "in" / f"in{number:06d}.png"), frame)
    done = run("export", tmp_path / "model.ckpt", "--to", "openvino")
    assert done.exit_code == 0, done.output
    assert "model.openvino: " in done.output
    assert "median, league unsupervised" in done.output
    done = run("apply", tmp_path / "in", "-m", tmp_path / "model.openvino", "-o", tmp_path / "out", "--write", "masks")
    assert done.exit_code == 0, done.output
    for number, frame in enumerate(frames[:3], 1):
        written = cv2.imread(str(tmp_path / "out" / f"bin{number:06d}.png"), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(written, model.apply(frame))
    done = run("export", tmp_path / "model.ckpt", "--to", "onnx", "--adaptive")
    assert "one after the other: it remembers" in done.output
    done = run("export", tmp_path / "in" / "in000001.png", "--to", "onnx")
    assert done.exit_code == 2
    assert done.output.startswith("error: ")
    done = run("export", tmp_path / "model.ckpt", "--to", "onnx", "--size", "320")
    assert done.exit_code == 2
    assert "'320' is no size, such as 320x240" in done.output
