"""Quiet samples: pairs of frames, which samples nothing moves around, and the background that they give."""

import numpy as np
import pytest

from cleanplate.errors import DataError
from cleanplate.models.components import sample_pairs
from cleanplate.models.components.initializers.temporal import agrees, low_motion, masked_median, median
from cleanplate.models.components.sample_pairs import FramePairs
from in_memory import in_memory, photographed, textured

HEIGHT, WIDTH = 60, 80
PLATE = textured(HEIGHT, WIDTH)


def numbered(count: int) -> list[np.ndarray]:
    """Frame `i` has the level `i`."""
    return [np.full((12, 16, 3), index, np.uint8) for index in range(count)]


def levels(pairs: FramePairs) -> list[tuple[int, int]]:
    return [(int(one[0, 0, 0]), int(other[0, 0, 0])) for one, other in zip(pairs.frames, pairs.following, strict=True)]


# The median of what counts


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_masked_median_is_numpys_lower_median_of_the_valid_samples(share: float) -> None:
    random = np.random.default_rng(0)
    frames = random.integers(0, 256, (15, 21, 17, 3)).astype(np.uint8)
    valid = random.random((15, 21, 17)) < share
    found = masked_median(frames, valid)
    assert found.dtype == np.uint8
    for row in range(21):
        for column in range(17):
            kept = np.sort(frames[valid[:, row, column], row, column], axis=0)
            expected = kept[(len(kept) - 1) // 2] if len(kept) else 255
            np.testing.assert_array_equal(found[row, column], expected)


def test_the_masked_median_takes_pictures_wider_and_larger_than_a_block() -> None:
    random = np.random.default_rng(0)
    for shape in ((5, 100, 200, 3), (3, 2, 17000, 1)):
        frames = random.integers(0, 256, shape).astype(np.uint8)
        found = masked_median(frames, np.ones(shape[:3], np.bool_))
        np.testing.assert_array_equal(found, np.median(frames, axis=0))


# Pairs


def test_pairs_are_evenly_spaced_frames_with_the_ones_after_them() -> None:
    pairs = FramePairs.of(in_memory(numbered(101)), 5)
    assert levels(pairs) == [(0, 1), (25, 26), (50, 51), (74, 75), (99, 100)]
    assert pairs.indices == (0, 25, 50, 74, 99)
    every = FramePairs.of(in_memory(numbered(6)), 200)
    assert levels(every) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize(("count", "expected"), [(1, [(0, 0)]), (2, [(0, 1)])])
def test_one_and_two_frames_make_a_pair(count: int, expected: list[tuple[int, int]]) -> None:
    pairs = FramePairs.of(in_memory(numbered(count)), 200)
    assert levels(pairs) == expected
    assert pairs.taken(pairs.frames).shape == (1, 12, 16, 3)


def test_a_frame_that_cannot_be_decoded_is_in_no_pair() -> None:
    sequence = in_memory(numbered(8), broken=(3,), on_corrupt="skip")
    pairs = FramePairs.of(sequence, 200)
    # Not 2 with itself either: it would look stiller than all others.
    assert levels(pairs) == [(0, 1), (1, 2), (4, 5), (5, 6), (6, 7)]
    assert pairs.indices == (0, 1, 4, 5, 6)
    assert sequence.corrupt == ["frame 3"]
    with pytest.raises(DataError, match="frame 3: broken"):
        FramePairs.of(in_memory(numbered(8), broken=(3,)), 200)


def test_where_no_two_frames_follow_each_other_each_stands_for_itself() -> None:
    pairs = FramePairs.of(in_memory(numbered(5), broken=(1, 3), on_corrupt="skip"), 200)
    assert levels(pairs) == [(0, 0), (2, 2), (4, 4)]
    assert pairs.indices == (0, 2, 4)


def test_where_all_that_is_looked_at_is_broken_it_is_said() -> None:
    with pytest.raises(DataError, match="none of the 4 frames looked at can be decoded"):
        FramePairs.of(in_memory(numbered(9), broken=(0, 1, 7, 8), on_corrupt="skip"), 2)


def test_of_large_frames_fewer_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_pairs, "_BYTES", 6 * 12 * 16 * 10)
    assert len(FramePairs.of(in_memory(numbered(101)), 200).frames) == 10
    monkeypatch.setattr(sample_pairs, "_BYTES", 1)
    assert len(FramePairs.of(in_memory(numbered(101)), 200).frames) == 2


# Quiet samples


def with_boxes(lefts: list[int | None], scale: int = 1) -> tuple[list[np.ndarray], np.ndarray]:
    """The plate with a box at each frame's `left`, and where it is, `[N, H, W]`."""
    frames, covered = [], np.zeros((len(lefts), HEIGHT * scale, WIDTH * scale), np.bool_)
    plate = textured(HEIGHT * scale, WIDTH * scale)
    for index, left in enumerate(lefts):
        picture = plate.copy()
        if left is not None:
            covered[index, 15 * scale : 45 * scale, left * scale : (left + 20) * scale] = True
            picture[covered[index]] = (30, 220, 240)
        frames.append(photographed(picture, index))
    return frames, covered


@pytest.mark.parametrize("scale", [1, 5])  # 5: motion is looked at in smaller pictures
def test_quiet_samples_are_those_where_nothing_passes(scale: int) -> None:
    frames, covered = with_boxes([(3 * index) % (WIDTH - 20) for index in range(61 if scale == 1 else 41)], scale)
    pairs = FramePairs.of(in_memory(frames), 200)
    of_pairs = covered[: len(pairs.frames)].astype(np.uint8)
    quiet = pairs.taken(of_pairs)
    assert of_pairs[:, 15 * scale : 45 * scale].mean() > 0.2
    assert quiet.mean() < 0.003
    assert len(quiet) == 8


def test_of_many_frames_a_tenth_is_quiet() -> None:
    pairs = FramePairs.of(in_memory([photographed(PLATE, index) for index in range(131)]), 120)
    assert pairs.quiet.shape == (12, HEIGHT, WIDTH)
    ordered = np.sort(pairs.quiet, axis=0)
    assert (np.diff(ordered, axis=0) > 0).all()  # no sample twice


def test_taken_samples_are_each_pixels_own() -> None:
    random = np.random.default_rng(0)
    frames = list(random.integers(0, 256, (31, 20, 30, 3)).astype(np.uint8))
    pairs = FramePairs.of(in_memory(frames), 200)
    marks = np.broadcast_to(np.arange(30, dtype=np.uint8)[:, None, None], (30, 20, 30))
    chosen, found = pairs.taken(marks), pairs.taken(pairs.frames)
    np.testing.assert_array_equal(chosen, pairs.quiet)
    for row, column in ((0, 0), (10, 3), (19, 29)):
        np.testing.assert_array_equal(found[:, row, column], pairs.frames[chosen[:, row, column], row, column])


# The background


def test_what_moves_over_a_pixel_most_of_the_time_is_not_its_background() -> None:
    # Somebody stays seven frames out of ten, and walks up and down.
    steps = np.random.default_rng(0).integers(-6, 7, 120).cumsum()
    lefts = [30 + int(abs(steps[index] % 24 - 12)) if index % 10 < 7 else None for index in range(120)]
    frames, covered = with_boxes(lefts)
    always = covered.mean(axis=0) > 0.69
    assert always.sum() >= 200
    found = low_motion(in_memory(frames), 200).astype(float)
    assert np.abs(found - PLATE).max() < 6
    assert np.abs(median(np.stack(frames)) - PLATE)[always].mean() > 50  # what all samples would say


def test_the_whole_scene_is_found_with_half_of_the_frames_broken_into_pairs() -> None:
    frames, _ = with_boxes([(7 * index) % (WIDTH - 20) for index in range(60)])
    broken = tuple(range(2, 60, 3))
    found = low_motion(in_memory(frames, broken, on_corrupt="skip"), 200)
    assert np.abs(found - PLATE).max() < 8


def test_a_frame_agrees_where_it_shows_the_plate() -> None:
    frames, covered = with_boxes([30])
    same = agrees(frames[0], np.rint(PLATE).astype(np.uint8))
    assert same.dtype == np.bool_
    assert (same == covered[0]).mean() < 0.02
