"""Palms: the decoding against plain loops, the detector against MediaPipe itself, on drawn hands and on real ones.

Where a test names MediaPipe's numbers they are those of the package mediapipe 0.10.21, whose hand graph was run on the
same pictures with its defaults; those of the bare network are of ai-edge-litert 2.3.0 with the same weights.
"""

import itertools
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.camera import drawn_hand

from cleanplate.acquire.palm_model import palm_model_path
from cleanplate.camera.capture import palm_detector
from cleanplate.camera.capture.palm_detector import (
    OVERLAP,
    Palm,
    PalmDetector,
    anchors,
    by_opencv,
    by_openvino,
    decode,
    letterboxed,
    merge,
    overlaps,
)
from cleanplate.data.io.images import read_color
from cleanplate.errors import ConfigError, ModelError
from cleanplate.utils.arrays import Image

Expected = tuple[float, float, float, float]  # x, y, size in pixels; score


def engines() -> dict[str, Callable]:
    return {"openvino": by_openvino, "opencv": by_opencv}


@pytest.fixture(scope="module")
def weights() -> Path:
    if unmet := PalmDetector.unmet():
        pytest.skip(unmet)
    return palm_model_path()


@pytest.fixture(scope="module")
def detector(weights: Path) -> PalmDetector:
    return PalmDetector()


def ground(height: int, width: int) -> Image:
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)]).astype(np.uint8)


def are(found: list[Palm], expected: list[Expected], pixels: float, score: float) -> None:
    assert len(found) == len(expected)
    for palm, (x, y, size, sure) in zip(found, sorted(expected, key=lambda each: -each[3]), strict=True):
        assert palm.centre == pytest.approx((x, y), abs=pixels)
        assert palm.size == pytest.approx(size, abs=pixels)
        assert palm.score == pytest.approx(sure, abs=score)


def test_anchors_are_the_middles_of_the_cells_in_the_order_of_the_network() -> None:
    expected = []
    for side, per_cell in ((24, 2), (12, 6)):  # the three grids of 16 pixels share their cells
        for row, column, _ in itertools.product(range(side), range(side), range(per_cell)):
            expected.append(((column + 0.5) / side, (row + 0.5) / side))
    assert anchors().shape == (2016, 2)
    np.testing.assert_allclose(anchors(), expected, rtol=1e-6)


def test_a_box_is_decoded_as_its_definition_says() -> None:
    boxes, logits = np.random.default_rng(1).normal(0, 20, (2016, 18)).astype(np.float32), np.full(2016, -9, np.float32)
    logits[[7, 1500]] = [0.5, 2.0]
    points, scores = decode(boxes, logits, 0.5)
    np.testing.assert_allclose(scores, [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-0.5))], rtol=1e-6)
    for row, index in enumerate((1500, 7)):
        ax, ay = anchors()[index]
        x, y, w, h = boxes[index, :4] / 192
        np.testing.assert_allclose(points[row, 0], (ax + x - w / 2, ay + y - h / 2), atol=1e-5)
        np.testing.assert_allclose(points[row, 1], (ax + x + w / 2, ay + y + h / 2), atol=1e-5)
        for key in range(7):
            kx, ky = boxes[index, 4 + 2 * key : 6 + 2 * key] / 192
            np.testing.assert_allclose(points[row, 2 + key], (ax + kx, ay + ky), atol=1e-5)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_the_threshold_is_of_the_score(threshold: float) -> None:
    logits = np.random.default_rng(2).normal(0, 3, 2016).astype(np.float32)
    _, scores = decode(np.zeros((2016, 18), np.float32), logits, threshold)
    sure = 1 / (1 + np.exp(-logits.astype(float)))
    np.testing.assert_allclose(scores, sorted(sure[sure >= threshold], reverse=True), rtol=1e-5)


def test_palms_are_merged_as_by_plain_loops() -> None:
    random = np.random.default_rng(3)
    corners = random.uniform(0, 1, (60, 1, 2))
    points = np.concatenate(
        [corners, corners + random.uniform(0.1, 0.4, (60, 1, 2)), random.uniform(0, 1, (60, 7, 2))], 1
    )
    points, scores = points.astype(np.float32), np.sort(random.uniform(0.5, 1, 60).astype(np.float32))[::-1]
    left, expected = list(range(60)), []
    while left:
        group = [each for each in left if plain_overlap(points[left[0]], points[each]) > OVERLAP]
        total = sum(float(scores[each]) for each in group)
        expected.append(sum(points[each].astype(float) * float(scores[each]) for each in group) / total)
        left = [each for each in left if each not in group]
    merged, best = merge(points, scores)
    assert 1 < len(expected) < 60
    np.testing.assert_allclose(merged, expected, atol=1e-5)
    assert best[0] == scores[0]
    assert list(best) == sorted(best, reverse=True)


def plain_overlap(one: np.ndarray, other: np.ndarray) -> float:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = *one[:2].tolist(), *other[:2].tolist()
    shared = max(0, min(bx, dx) - max(ax, cx)) * max(0, min(by, dy) - max(ay, cy))
    return shared / ((bx - ax) * (by - ay) + (dx - cx) * (dy - cy) - shared)


def test_boxes_without_area_are_merged_with_nothing() -> None:
    points = np.zeros((3, 9, 2), np.float32)
    assert list(overlaps(points[0], points)) == [0, 0, 0]
    assert len(merge(points, np.full(3, 0.9, np.float32))[0]) == 3
    assert merge(points[:0], np.zeros(0, np.float32))[0].shape == (0, 9, 2)


@pytest.mark.parametrize(("height", "width"), [(480, 640), (640, 480), (192, 192), (90, 1000), (1080, 1920)])
def test_the_frame_lies_in_the_middle_of_the_input_and_black_around_it(height: int, width: int) -> None:
    picture = letterboxed(np.full((height, width, 3), (0, 128, 255), np.uint8))
    assert picture.shape == (192, 192, 3)
    scale = 192 / max(height, width)
    inside = np.argwhere(picture[..., 0] > 0.99)
    for axis, length in enumerate((height, width)):
        assert np.ptp(inside[:, axis]) + 1 == pytest.approx(length * scale, abs=2)
        assert inside[:, axis].mean() == pytest.approx(95.5, abs=1)
    np.testing.assert_allclose(picture[96, 96], (1, 128 / 255, 0), atol=1e-6)  # RGB
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize("name", engines())
def test_the_network_answers_as_its_own_interpreter_does(name: str, weights: Path) -> None:
    network = engines()[name](weights)
    if network is None:
        pytest.skip("openvino is not installed: pip install 'cleanplate[export]'")
    channel, y, x = np.mgrid[:3, :192, :192]
    picture = (((x * 7 + y * 13 + channel * 31 + x * y // 11) % 256).astype(np.float32) / 255).transpose(1, 2, 0)
    boxes, logits = network(picture)
    assert (boxes.shape, logits.shape) == ((2016, 18), (2016,))
    rows = [0, 1151, 1152, 2015]
    np.testing.assert_allclose(logits[rows], [-6.777, -14.527, -10.113, -11.744], atol=2e-3)
    columns = [0, 1, 2, 3, 4, 17]
    np.testing.assert_allclose(boxes[0, columns], [-1.265, -2.117, 13.251, 13.251, -5.719, 5.942], atol=2e-3)
    np.testing.assert_allclose(boxes[2015, columns], [24.595, -3.382, 137.693, 137.92, 28.585, 31.909], atol=2e-3)
    assert np.abs(boxes).mean() == pytest.approx(10.736206, abs=1e-3)
    assert logits.mean() == pytest.approx(-12.462562, abs=1e-3)
    assert logits.std() == pytest.approx(4.523665, abs=1e-3)


DRAWN: list[tuple[int, int, list[tuple[float, float, float]], list[Expected]]] = [
    (
        480, 640, [(544, 72, 60), (96, 216, 70)],
        [(546.211, 73.203, 56.677, 0.977), (96.979, 216.503, 73.761, 0.846)],
    ),
    (240, 320, [(272, 108, 40)], [(273.796, 107.675, 39.272, 0.908)]),
    (640, 480, [(240, 300, 110)], [(242.322, 297.18, 111.552, 0.978)]),
    (
        360, 640, [(120, 150, 50), (400, 200, 80)],
        [(120.839, 146.615, 42.309, 0.98), (402.83, 197.065, 77.974, 0.976)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("height", "width", "hands", "expected"), DRAWN)
def test_drawn_hands_are_found_where_mediapipe_finds_them_which_is_where_they_are(
    height: int, width: int, hands: list[tuple[float, float, float]], expected: list[Expected], detector: PalmDetector
) -> None:
    frame = ground(height, width)
    for x, y, size in hands:
        frame = drawn_hand.draw(frame, (x, y), size)
    found = detector(frame)
    are(found, expected, pixels=0.5, score=0.01)  # drawing may differ in its last bit from one OpenCV to the next
    for x, y, size in hands:
        near = [palm for palm in found if math.dist(palm.centre, (x, y)) < 0.2 * size]
        assert len(near) == 1
        assert near[0].size == pytest.approx(size, rel=0.2)


def test_opencv_stands_in_where_openvino_is_not_installed(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert by_openvino(weights) is None
    height, width, hands, expected = DRAWN[1]
    are(PalmDetector()(drawn_hand.draw(ground(height, width), hands[0][:2], hands[0][2])), expected, 0.5, 0.01)


def test_in_a_mirrored_frame_the_palm_is_mirrored(detector: PalmDetector) -> None:
    frame = drawn_hand.draw(ground(480, 640), (200, 240), 90)
    (palm,), (mirrored,) = detector(frame), detector(np.ascontiguousarray(frame[:, ::-1]))
    assert mirrored.centre == pytest.approx((640 - palm.centre[0], palm.centre[1]), abs=0.15 * 90)


def test_a_frame_may_be_a_view(detector: PalmDetector) -> None:
    frame = drawn_hand.draw(ground(480, 640), (200, 240), 90)
    assert detector(frame[:, ::-1]) == detector(np.ascontiguousarray(frame[:, ::-1]))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5000), (5000, 1), (7, 3), (4320, 7680)])
def test_frames_of_any_size_are_taken_and_empty_ones_hold_no_palm(
    height: int, width: int, detector: PalmDetector
) -> None:
    assert detector(np.full((height, width, 3), 120, np.uint8)) == []


def test_noise_holds_no_palm(detector: PalmDetector) -> None:
    assert detector(np.random.default_rng(4).integers(0, 256, (480, 640, 3), np.uint8)) == []


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((48, 64), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((48, 64, 3), np.float32),
        np.zeros((0, 64, 3), np.uint8),
    ],
)
def test_what_is_no_frame_is_refused(frame: np.ndarray, detector: PalmDetector) -> None:
    with pytest.raises(ModelError, match=r"uint8 \[H, W, 3\], this is"):
        detector(frame)


@pytest.mark.parametrize("threshold", [0, 1, -0.1, math.nan])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        PalmDetector(threshold=threshold)


def test_a_higher_threshold_finds_less(weights: Path) -> None:
    height, width, hands, _ = DRAWN[0]
    frame = ground(height, width)
    for x, y, size in hands:
        frame = drawn_hand.draw(frame, (x, y), size)
    assert [len(PalmDetector(threshold=threshold)(frame)) for threshold in (0.5, 0.9, 0.999)] == [2, 1, 0]


def test_without_weights_it_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEANPLATE_HOME", str(tmp_path))
    assert "cleanplate download palm" in PalmDetector.unmet()
    with pytest.raises(ModelError, match="cleanplate download palm"):
        PalmDetector()


def test_damaged_weights_are_not_loaded(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(weights.read_bytes())
    content[1_000_000] ^= 1
    (tmp_path / weights.name).write_bytes(content)
    monkeypatch.setattr(palm_detector, "by_opencv", lambda path: pytest.fail("loaded"))
    monkeypatch.setattr(palm_detector, "by_openvino", lambda path: pytest.fail("loaded"))
    with pytest.raises(ModelError, match="damaged: cleanplate download palm"):
        PalmDetector(path=tmp_path / weights.name)


REAL: list[tuple[str, list[Expected]]] = [
    ("human-plate/set24/0.png", [(440.576, 174.426, 31.711, 0.961), (222.911, 173.29, 28.732, 0.89)]),  # both open
    ("human-plate/set24/2.png", [(408.517, 172.418, 47.957, 0.944), (206.683, 172.75, 43.35, 0.94)]),  # fists
    ("human-plate/set24/3.png", [(172.942, 287.141, 32.474, 0.924), (478.664, 294.912, 40.418, 0.896)]),  # hanging
    ("human-plate/set24/bkg.png", []),
    ("human-plate/set1/0.png", []),  # a face, no hand
    ("coco/val2017/000000109313.jpg", [(86.133, 343.494, 34.632, 0.911), (271.543, 232.204, 31.048, 0.888)]),
]


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "expected"), REAL)
@pytest.mark.parametrize("engine", engines())
def test_hands_of_people_are_found_where_a_look_at_the_picture_and_mediapipe_say(
    name: str, expected: list[Expected], engine: str, real_data: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (real_data / name).is_file():
        pytest.skip(f"no {name} in CLEANPLATE_DATA")
    if engine == "opencv":
        monkeypatch.setitem(sys.modules, "openvino", None)
    are(PalmDetector()(read_color(real_data / name)), expected, pixels=0.05, score=0.002)
