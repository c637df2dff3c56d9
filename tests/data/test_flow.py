"""Optical flow: where it lies, what is kept of it, and how it is exchanged and shown."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.data.flow import (
    FlowFile,
    FlowSettings,
    FlowTracker,
    colour_wheel,
    flow_size,
    motion_mask,
    optical_flow,
    read_flo,
    resized_flow,
    write_flo,
    write_flow_file,
)
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError

SIZE = (120, 160)


def texture(size: tuple[int, int], seed: int, low: float, high: float) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    levels = (smooth - smooth.min()) / (smooth.max() - smooth.min()) * (high - low) + low
    return np.repeat(levels.astype(np.uint8)[..., None], 3, axis=2)


def ground(size: tuple[int, int] = SIZE) -> np.ndarray:
    return texture(size, 0, 20, 120)


def with_box(x: int, y: int = 40) -> np.ndarray:
    frame = ground()
    frame[y : y + 32, x : x + 32] = texture((32, 32), 1, 110, 250)
    return frame


def test_flow_belongs_to_the_later_frame_and_points_where_things_went() -> None:
    flow = optical_flow(with_box(40), with_box(46, 42), SIZE)
    assert flow.shape == (*SIZE, 2) and flow.dtype == np.float32
    np.testing.assert_allclose(np.median(flow[46:70, 50:74], axis=(0, 1)), [6, 2], atol=0.8)
    moving = np.argwhere(motion_mask(flow, 2.0) == 255)
    # The box lies at 46 … 78 now; flow that belonged to the frame before would lie at 40 … 72.
    assert abs(moving[:, 1].mean() - 62) < 2.5
    assert np.abs(flow[:, 110:]).max() < 0.5


def test_flow_is_in_pixels_of_the_grid_it_is_asked_on() -> None:
    whole = optical_flow(with_box(40), with_box(48), SIZE)
    half = optical_flow(with_box(40), with_box(48), (60, 80))
    assert half.shape == (60, 80, 2)
    assert np.median(whole[44:68, 52:76, 0]) == pytest.approx(8, abs=0.4)
    assert np.median(half[22:34, 26:38, 0]) == pytest.approx(4, abs=0.4)
    assert np.median(resized_flow(whole, (30, 80))[12:16, 27:37, 0]) == pytest.approx(4, abs=0.4)
    turned = resized_flow(np.ones((8, 8, 2), np.float32), (16, 4))
    np.testing.assert_allclose(turned, np.broadcast_to(np.float32([0.5, 2]), (16, 4, 2)))


@pytest.mark.parametrize("size", [(5, 7), (8, 200), (16, 16), (33, 9)])
def test_tiny_pictures_have_flow_too(size: tuple[int, int]) -> None:
    one, other = ground(size), np.roll(ground(size), 1, axis=1)
    assert optical_flow(one, other, size).shape == (*size, 2)


def test_the_grid_is_half_of_cdnets_size_and_never_larger_than_the_frame() -> None:
    assert flow_size((240, 320), FlowSettings()) == (120, 160)
    assert flow_size((64, 96), FlowSettings()) == (64, 96)
    assert flow_size((1080, 1920), FlowSettings(longest=160)) == (90, 160)


def test_a_tracker_starts_at_zero_and_again_after_a_reset() -> None:
    tracker = FlowTracker()
    assert not tracker.next(with_box(40)).any()
    assert np.abs(tracker.next(with_box(44))).max() > 3
    tracker.reset()
    assert not tracker.next(with_box(48)).any()
    tracker.observe(with_box(52))
    assert np.median(tracker.next(with_box(55))[46:70, 60:84, 0]) == pytest.approx(3, abs=0.7)


def test_what_is_kept_comes_back_bit_by_bit(scene: FrameSequence, tmp_path: Path) -> None:
    path = tmp_path / "flow" / "street.npz"
    made = [(scene.numbers[index], flow) for index, _, flow in scene.flows()]
    write_flow_file(path, iter(made), {"frames": "abc"})
    file = FlowFile(path)
    assert file.about == {"frames": "abc"}
    assert file.numbers == list(scene.numbers) and len(file) == len(scene)
    for number, flow in reversed(made):
        np.testing.assert_array_equal(file.read(number), flow)
    assert not file.read(scene.numbers[0]).any()
    assert path.stat().st_size < 0.5 * sum(flow.size for _, flow in made)  # under half a byte per number
    with np.load(path) as archive:  # as the module says, NumPy reads it too
        np.testing.assert_array_equal(archive["000012"] / 16, file.read(12))
    before = path.read_bytes()
    write_flow_file(path, iter(made), {"frames": "abc"})
    assert path.read_bytes() == before


def test_steps_are_rounded_and_the_range_is_held(tmp_path: Path) -> None:
    path = tmp_path / "flow.npz"
    write_flow_file(path, [(3, np.float32([[[0.04, -0.3], [9e9, -9e9]]]))], {})
    np.testing.assert_array_equal(FlowFile(path).read(3), np.float32([[[0.0625, -0.3125], [2047.9375, -2048]]]))


def test_kept_flow_serves_in_place_of_estimation(scene: FrameSequence, tmp_path: Path) -> None:
    wanted = [0, 7, 8, 30]
    estimated = {index: flow for index, _, flow in scene.flows(wanted)}
    whole = {index: flow for index, _, flow in scene.flows()}
    assert list(estimated) == wanted
    for index in wanted:
        np.testing.assert_array_equal(estimated[index], whole[index])
    marked = [(number, np.full((4, 6, 2), number, np.float32)) for number in scene.numbers]
    write_flow_file(tmp_path / "flow.npz", marked, {})
    scene.flow = FlowFile(tmp_path / "flow.npz")
    for index, frame, flow in scene.flows(wanted):
        np.testing.assert_array_equal(frame, scene[index])
        assert (flow == scene.numbers[index]).all()


def test_a_broken_flow_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "flow.npz"
    with pytest.raises(DataError, match=r"flow\.npz"):
        FlowFile(path)
    write_flow_file(path, [(1, np.random.default_rng(0).normal(size=(40, 40, 2)).astype(np.float32))], {})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged"):
        FlowFile(path)
    path.write_bytes(whole[:500] + bytes([whole[500] ^ 255]) + whole[501:])
    with pytest.raises(DataError, match="frame 1 is damaged"):
        FlowFile(path).read(1)
    path.write_bytes(whole)
    with pytest.raises(DataError, match="no flow for frame 2"):
        FlowFile(path).read(2)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(DataError, match="not a file of optical flow"):
        FlowFile(path)


def test_middlebury_files_come_back(tmp_path: Path) -> None:
    flow = np.random.default_rng(0).normal(size=(5, 7, 2)).astype(np.float32)
    write_flo(tmp_path / "a.flo", flow)
    data = (tmp_path / "a.flo").read_bytes()
    assert data[:12] == b"PIEH" + bytes([7, 0, 0, 0, 5, 0, 0, 0])
    assert np.frombuffer(data[:4], "<f4")[0] == 202021.25
    np.testing.assert_array_equal(read_flo(tmp_path / "a.flo"), flow)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read"),
        (b"", "its 0 bytes"),
        (b"FLOW" + bytes(40), "not a .flo file"),
        (b"PIEH" + np.int32([2, -1]).tobytes() + bytes(16), "its 28 bytes"),
        (b"PIEH" + np.int32([2, 2]).tobytes() + bytes(31), "its 43 bytes"),
        (b"PIEH" + np.int32([2, 2]).tobytes() + bytes(33), "its 45 bytes"),
        (b"PIEH" + np.int32([99999, 99999]).tobytes(), "its 12 bytes"),
    ],
)
def test_a_broken_middlebury_file_is_refused(data: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.flo"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=rf"a\.flo: .*{message}"):
        read_flo(path)


def test_flow_of_another_form_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must be \[height, width, 2\]"):
        write_flo(tmp_path / "a.flo", np.zeros((3, 4), np.float32))


def test_the_colour_wheel_is_the_fields_own() -> None:
    """Right is red, up is violet, left is cyan, down is yellow; stillness is white, too long a flow is dimmed."""
    right, left, down, up = colour_wheel(np.float32([[[1, 0], [-1, 0], [0, 1], [0, -1]]]), 1.0)[0].astype(int)
    assert right[2] == 255 and right[:2].max() < 5  # blue, green, red
    assert left[2] < 5 and left[:2].min() > 180
    assert down[2] == 255 and down[1] > 200 and down[0] < 5
    assert up[0] == 255 and up[1] < 5 and 80 < up[2] < 200
    assert (colour_wheel(np.zeros((2, 3, 2), np.float32)) == 255).all()
    half, whole, beyond = colour_wheel(np.float32([[[0.5, 0], [1, 0], [2, 0]]]), 1.0)[0].astype(int)
    assert half[0] == 127 and whole[0] == 0
    assert beyond[2] == 191
    assert np.isfinite(colour_wheel(np.full((1, 1, 2), np.nan, np.float32))).all()


def test_the_mask_is_what_moves() -> None:
    flow = np.float32([[[0, 0], [0.3, 0.3], [0.4, 0.4], [-3, 0]]])
    np.testing.assert_array_equal(motion_mask(flow, 0.5), [[0, 0, 255, 255]])
    assert motion_mask(flow).dtype == np.uint8
