"""Networks in 8 bits: only the network, calibrated on the scene, and what it costs is measured and told."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner

import cleanplate
from cleanplate.cli import main
from cleanplate.engine.export import export
from cleanplate.engine.export.model_graph import graph_of
from cleanplate.engine.export.quantization import Calibration, calibration_of, quantization_loss, quantize
from cleanplate.engine.export.writers import onnx_of
from cleanplate.errors import CleanplateError
from cleanplate.metrics.functional.cdnet import cdnet_metrics, count_pixels
from cleanplate.models import BackgroundModel
from export_scene import fitted, passing_box, quiet_openvino

onnx = pytest.importorskip("onnx", reason="needs cleanplate[export]")
pytest.importorskip("onnxruntime", reason="needs cleanplate[export]")
quiet_openvino()


@pytest.fixture(scope="module")
def plate(scene_folder: Path, tmp_path_factory) -> tuple[BackgroundModel, Path]:
    """The generated street's `plate`, and its checkpoint."""
    model = cleanplate.create("plate", base="median").fit(cleanplate.open_sequence(scene_folder))
    file = tmp_path_factory.mktemp("plate") / "plate.ckpt"
    cleanplate.save(model, file)
    return model, file


@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_what_it_costs_is_measured_and_small(to: str, plate, scene_folder: Path, tmp_path: Path) -> None:
    model, checkpoint = plate
    done = CliRunner().invoke(
        main,
        f"export {checkpoint} --to {to} -o {tmp_path}/small.{to} --int8 --calibrate {scene_folder}".split(),
    )
    assert done.exit_code == 0, done.output
    whole = cleanplate.load(export(checkpoint, to, tmp_path / f"whole.{to}"))
    small = cleanplate.load(tmp_path / f"small.{to}")
    told = small.metadata["int8"]
    assert "int8" not in whole.metadata
    known = calibration_of(str(scene_folder), (64, 96))
    truths = known.truths[1::2]
    counts = {"f_float": whole, "f_int8": small}
    for key, each in counts.items():
        masks = each.apply_batch(known.frames[1::2])
        pixels = [count_pixels(mask, truth, known.roi) for mask, truth in zip(masks, truths, strict=True)]
        assert told[key] == pytest.approx(cdnet_metrics(sum(pixels[1:], pixels[0]))["f_measure"], abs=1e-4)
    assert 0.97 < told["f_masks"] < 1  # not the same, and nearly
    assert told["f_int8"] > told["f_float"] - 0.01
    assert told["frames"] == len(truths)
    assert told["calibrated_on"] == "baseline/street"
    assert f"8 bits: F {told['f_masks']:.4f} against the masks in 32 bits; against ground truth" in done.output
    for frame in known.frames[:3]:
        np.testing.assert_array_equal(small.predict([frame])[0].background, model.background)


def test_only_the_network_is_in_8_bits(plate, scene_folder: Path) -> None:
    model, _ = plate
    graph = graph_of(model)
    known = calibration_of(str(scene_folder), (64, 96))
    with torch.no_grad():
        written = onnx.load_from_string(quantize(onnx_of(graph, single=True), graph, known.frames[::10]))
    restored = {node.output[0] for node in written.graph.node if node.op_type == "DequantizeLinear"}
    network = [node for node in written.graph.node if node.op_type == "Conv" and "/network/" in node.name]
    layers = [part for part in graph.modules() if isinstance(part, torch.nn.Conv2d)]
    assert len(network) == len(layers) > 5
    assert all(set(node.input[:2]) <= restored for node in network)
    others = [node for node in written.graph.node if "/network/" not in node.name and node.op_type == "Conv"]
    assert others  # the head's smoothing
    assert not any(restored & set(node.input[:2]) for node in others)
    weights = {initial.name: initial for initial in written.graph.initializer}
    for node in written.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in weights:
            kept = onnx.numpy_helper.to_array(weights[node.input[0]])
            assert kept.dtype in (np.int8, np.int32)
            assert kept.dtype == np.int32 or np.abs(kept.astype(int)).max() <= 64  # a sum of products cannot overflow


def test_a_network_that_sees_a_plate_too(tmp_path: Path) -> None:
    """What depends on the plate alone is no part of what is computed for each frame."""
    frames = passing_box(12)
    model = fitted("pairnet", frames, initial="median")
    graph = graph_of(model)
    with torch.no_grad():
        written = onnx.load_from_string(quantize(onnx_of(graph, single=True), graph, frames[:3]))
    small = [node for node in written.graph.node if node.op_type == "QuantizeLinear"]
    stems = [node for node in written.graph.node if node.op_type == "Conv" and "stem" in node.name]
    restored = {node.output[0] for node in written.graph.node if node.op_type == "DequantizeLinear"}
    assert small
    assert sum(node.input[0] in restored for node in stems) == 1


def test_calibration_frames_are_spread_and_half_are_kept_back(scene_folder: Path, tmp_path: Path) -> None:
    known = calibration_of(str(scene_folder), (64, 96))
    assert len(known.frames) == len(known.truths)
    assert len(known.calibration_frames) == (len(known.frames) + 1) // 2
    for number in range(200):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((8, 9, 3), number, np.uint8))
    many = calibration_of(str(tmp_path), (8, 9))
    levels = [int(frame[0, 0, 0]) for frame in many.frames]
    assert len(levels) == 64
    assert levels == sorted(levels)
    assert levels[0] < 4
    assert levels[-1] > 195
    assert many.truths == []


def test_the_loss_is_that_of_the_frames_kept_back() -> None:
    class Marked(BackgroundModel):
        """Calls foreground what is as bright as it is told."""

        def __init__(self, level: int) -> None:
            super().__init__()
            self.level = level

        def _estimate(self, frames, learning_rate):
            raise NotImplementedError

        def apply_batch(self, frames, learning_rate=-1.0):
            return [np.where(frame[..., 0] > self.level, 255, 0).astype(np.uint8) for frame in frames]

    ramp = np.repeat(np.arange(10, dtype=np.uint8)[None, :, None], 3, axis=2)
    odd = np.zeros_like(ramp)
    truth = np.where(np.arange(10) > 4, 255, 0).astype(np.uint8)[None]
    known = Calibration("ramp", [odd, ramp, odd, ramp], [truth] * 4)
    told = quantization_loss(Marked(4), Marked(6), known)
    assert told == {"frames": 2, "f_masks": 0.75, "f_float": 1.0, "f_int8": 0.75}


def test_what_cannot_be_is_said_in_one_line(plate, scene_folder: Path, tmp_path: Path) -> None:
    _, checkpoint = plate
    median = tmp_path / "median.ckpt"
    cleanplate.save(cleanplate.create("median").fit(cleanplate.open_sequence(scene_folder)), median)
    (tmp_path / "one").mkdir()
    cv2.imwrite(str(tmp_path / "one" / "1.png"), np.zeros((64, 96, 3), np.uint8))
    (tmp_path / "wide").mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / "wide" / f"{number}.png"), np.zeros((64, 100, 3), np.uint8))
    scene = str(scene_folder)
    for file, to, how, told in (
        (checkpoint, "onnx", {"int8": True}, "--int8: needs frames of the scene .*--calibrate SOURCE"),
        (checkpoint, "onnx", {"calibrate": scene}, "--calibrate .*: is for --int8"),
        (checkpoint, "torchscript", {"int8": True, "calibrate": scene}, "a torchscript file computes in 32 bits"),
        (median, "onnx", {"int8": True, "calibrate": scene}, "median: has no network that could compute in 8 bits"),
        (checkpoint, "onnx", {"int8": True, "calibrate": "none.mp4"}, "none.mp4: no such file"),
        (checkpoint, "onnx", {"int8": True, "calibrate": str(tmp_path / "one")}, "gave 1 frames"),
        (
            checkpoint,
            "onnx",
            {"int8": True, "calibrate": str(tmp_path / "wide")},
            "frames of 100×64, the model takes 96×64",
        ),
    ):
        with pytest.raises(CleanplateError, match=told) as raised:
            export(file, to, tmp_path / f"out.{to}", **how)
        assert "\n" not in str(raised.value)
    assert not list(tmp_path.glob("*out.*"))


def test_notes_of_the_training_are_told(plate, scene_folder: Path, tmp_path: Path) -> None:
    model, _ = plate
    cleanplate.save(model, tmp_path / "noted.ckpt", data=["baseline/street"])
    other = cleanplate.load(export(tmp_path / "noted.ckpt", "onnx", int8=True, calibrate=str(scene_folder)))
    assert other.metadata["notes"] == {"data": ["baseline/street"]}
    assert any(line.startswith("learnt from baseline/street") for line in other.summary())
    assert any(line.startswith("8 bits: F ") for line in other.summary())
    kept = {entry.key: entry.value for entry in onnx.load(tmp_path / "noted.onnx").metadata_props}
    assert json.loads(kept["int8"]) == other.metadata["int8"]
