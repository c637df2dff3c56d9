"""Exported graphs: the head and its filters are OpenCV's, and what cannot be exported says so."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.engine.export import export
from cleanplate.engine.export.model_graph import graph_of
from cleanplate.errors import ModelError
from cleanplate.models.components.graphs.filters import Resize, box_mean, gaussian, majority, median, median_filter
from cleanplate.models.statistical.lowmotion.graph import SubspaceBackground
from export_scene import assert_alike, exported, fitted, passing_box

pytest.importorskip("onnx", reason="needs cleanplate[export]")
pytest.importorskip("onnxruntime", reason="needs cleanplate[export]")


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return passing_box()


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
    assert isinstance(graph_of(model).prediction.estimate, SubspaceBackground)
    assert (model.predict(frames[10:11])[0].background != model.state_dict()["plate"]).mean() > 0.5


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
    marks = (levels > 127).astype(np.uint8)
    for side in (3, 5, 7, 9, 11, 21):
        np.testing.assert_array_equal(median_filter(given, side)[0, 0].numpy(), cv2.medianBlur(levels, side))
        found = majority(torch.from_numpy(marks)[None, None].float(), side)[0, 0].numpy()
        np.testing.assert_array_equal(found, cv2.medianBlur(marks, side))
    for side in (3, 5, 7):
        np.testing.assert_array_equal(gaussian(given, side)[0, 0].numpy(), cv2.GaussianBlur(levels, (side, side), 0))
    blurred = cv2.blur(levels.astype(np.float32), (21, 21))
    np.testing.assert_allclose(box_mean(given, 21)[0, 0].numpy(), blurred, atol=1e-3)
    both = torch.cat([given, given.flip(3)])  # a frame knows nothing of the next
    np.testing.assert_array_equal(median_filter(both, 9)[1, 0].numpy(), cv2.medianBlur(levels[:, ::-1].copy(), 9))
    flat = given.flatten(2)
    assert median(flat).item() == np.median(levels)
    assert median(flat[..., 1:]).item() == np.median(levels.ravel()[1:])


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
