"""Every registered category, from the registry: a new one is tested by existing."""

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cleanplate.scenes import RenderedFrame, SceneSpec, categories, render, roi, temporal_roi
from cleanplate.scenes.spec import LABELS

CHECKSUMS = Path(__file__).with_name("checksums.json")
"""To renew it after a wanted change: ``python tests/scenes/test_render.py``."""


def small(category: str, **changes: int) -> SceneSpec:
    return SceneSpec(category, "small", **{"height": 64, "width": 96, "frames": 12} | changes)


@cache
def frames(spec: SceneSpec) -> tuple[RenderedFrame, ...]:
    return tuple(render(spec))


def checksum(category: str) -> str:
    digest = hashlib.sha256()
    for frame in frames(small(category)):
        for picture in (frame.image, frame.groundtruth, frame.background):
            digest.update(picture.tobytes())
    return digest.hexdigest()


def spread(pictures: list[np.ndarray]) -> np.ndarray:
    """Largest minus smallest level of every pixel over time."""
    stack = np.stack(pictures).astype(np.int16)
    return stack.max(axis=0) - stack.min(axis=0)


each_category = pytest.mark.parametrize("category", categories())


def test_all_categories_of_cdnet_are_there() -> None:
    assert set(categories()) == {
        "baseline", "dynamicBackground", "cameraJitter", "intermittentObjectMotion", "shadow", "thermal", "badWeather",
        "lowFramerate", "nightVideos", "PTZ", "turbulence", "illumination",
    }  # fmt: skip


@each_category
def test_shapes_labels_and_objects(category: str) -> None:
    spec = small(category)
    seen = frames(spec)
    assert len(seen) == spec.frames
    for frame in seen:
        assert frame.image.shape == frame.background.shape == (64, 96, 3)
        assert frame.groundtruth.shape == (64, 96)
        assert {frame.image.dtype, frame.groundtruth.dtype, frame.background.dtype} == {np.dtype(np.uint8)}
    labels = set(np.unique(np.stack([frame.groundtruth for frame in seen])).tolist())
    assert labels <= set(LABELS)
    assert {0, 170, 255} <= labels


@each_category
def test_equal_specs_give_equal_bits(category: str) -> None:
    first = next(iter(frames(small(category))))
    for _ in range(2):
        again = next(render(small(category)))
        assert np.array_equal(first.image, again.image)
        assert np.array_equal(first.groundtruth, again.groundtruth)
        assert np.array_equal(first.background, again.background)


@each_category
def test_pixels_are_those_of_the_recorded_checksum(category: str) -> None:
    assert checksum(category) == json.loads(CHECKSUMS.read_text())[category], f"renew with: python {__file__}"


def test_pixels_do_not_depend_on_simd() -> None:
    environment = os.environ | {
        "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,AVX,FP16,SSE4.2,SSE4.1",
        "OPENCV_IPP": "disabled",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    told = subprocess.run(
        [sys.executable, __file__, "--print"], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout) == json.loads(CHECKSUMS.read_text())


@each_category
def test_seed_and_video_name_change_the_scene(category: str) -> None:
    first = frames(small(category))[0].image
    assert not np.array_equal(first, next(render(small(category, seed=1))).image)
    assert not np.array_equal(first, next(render(SceneSpec(category, "other", 64, 96, 12))).image)


@each_category
def test_image_is_the_clean_plate_plus_noise_where_nothing_is(category: str) -> None:
    for frame in frames(small(category)):
        still = frame.groundtruth == 0
        error = np.abs(frame.image.astype(int) - frame.background)[still]
        assert still.any()
        assert np.median(error) <= 4


@each_category
def test_objects_differ_from_the_clean_plate(category: str) -> None:
    errors = [
        np.abs(frame.image.astype(int) - frame.background).max(axis=2)[frame.groundtruth == 255]
        for frame in frames(small(category))
    ]
    assert np.median(np.concatenate(errors)) >= 12


@each_category
@pytest.mark.parametrize(("height", "width"), [(97, 65), (32, 32)])
def test_odd_and_smallest_sizes(category: str, height: int, width: int) -> None:
    spec = SceneSpec(category, "odd", height, width, frames=2)
    shapes = [(f.image.shape, f.groundtruth.shape, f.background.shape) for f in render(spec)]
    assert shapes == [((height, width, 3), (height, width), (height, width, 3))] * 2
    assert roi(spec).shape == (height, width)


@each_category
def test_region_of_interest_is_label_85(category: str) -> None:
    spec = small(category)
    region = roi(spec)
    assert set(np.unique(region).tolist()) <= {0, 255}
    assert (region == 255).any()
    for frame in frames(spec):
        assert np.array_equal(frame.groundtruth == 85, region == 0)


def test_some_scenes_have_a_region_of_interest() -> None:
    assert any((roi(small(category)) == 0).any() for category in categories())


def test_temporal_region_leaves_a_tenth_for_warming_up() -> None:
    assert temporal_roi(small("baseline", frames=150)) == (16, 150)
    assert temporal_roi(small("baseline", frames=2)) == (1, 2)


def test_rendering_is_lazy() -> None:
    assert next(render(SceneSpec("baseline", "long", 64, 96, frames=100_000))).image.shape == (64, 96, 3)


if __name__ == "__main__":
    text = json.dumps({category: checksum(category) for category in categories()}, indent=2) + "\n"
    if "--print" in sys.argv:
        sys.stdout.write(text)
    else:
        CHECKSUMS.write_text(text)
