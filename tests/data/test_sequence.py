"""Sequences: lazy, in order, and clear about frames that are broken or of another size."""

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest

from cleanplate import open_sequence
from cleanplate.data.io.images import write_image
from cleanplate.data.sequence import FrameLookup, FrameSequence
from cleanplate.errors import DataError

COUNT = 30


class Levels:
    """Frame `i` has the level `i`; `broken` ones cannot be decoded, and reads are counted."""

    def __init__(self, count: int = COUNT, broken: tuple[int, ...] = ()) -> None:
        self.count = count
        self.broken = broken
        self.reads: list[int] = []
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> np.ndarray:
        self.reads.append(index)
        self.threads.add(threading.current_thread().name)
        if index in self.broken:
            raise DataError(f"{self.label(index)}: broken")
        return np.full((4, 6, 3), index, np.uint8)

    def label(self, index: int) -> str:
        return f"frame {index}"


def sequence_of(source: Levels, **options) -> FrameSequence:
    return FrameSequence("a/b", source, range(1, len(source) + 1), **options)


def levels(sequence: FrameSequence, *arguments, **options) -> list[int]:
    return [int(frame[0, 0, 0]) for _, frame in sequence.frames(*arguments, **options)]


class Growing(Levels):
    """Every picture has a size of its own."""

    def read(self, index: int) -> np.ndarray:
        return np.full((4 + index, 6, 3), index, np.uint8)


def test_still_pictures_may_differ_in_size_and_have_no_stack() -> None:
    sequence = sequence_of(Growing(5), still_pictures=True)
    assert [frame.shape[0] for _, frame in sequence.frames()] == [4, 5, 6, 7, 8]
    assert sequence.size == (4, 6)
    with pytest.raises(DataError, match="a/b: holds pictures of different sizes"):
        sequence.stack()
    with pytest.raises(DataError, match="frame 1: is 6×5, the frames before it are 6×4"):
        list(sequence_of(Growing(5)).frames())


def test_nothing_is_read_before_it_is_asked_for() -> None:
    source = Levels()
    sequence = sequence_of(source)
    frames = sequence.frames()
    assert (len(sequence), source.reads) == (COUNT, [])
    next(frames)
    assert len(source.reads) < COUNT
    frames.close()


@pytest.mark.parametrize("threads", [0, 1, 2, 7])
def test_frames_come_in_order_whatever_the_number_of_threads(threads: int) -> None:
    sequence = sequence_of(Levels())
    assert [index for index, _ in sequence.frames(threads=threads)] == list(range(COUNT))
    assert levels(sequence, [7, 3, 3, 29], threads=threads) == [7, 3, 3, 29]


def test_threads_decode_ahead_of_the_caller() -> None:
    source = Levels()
    list(sequence_of(source).frames(threads=2))
    assert threading.current_thread().name not in source.threads


def test_negative_indices_count_from_the_end() -> None:
    sequence = sequence_of(Levels())
    assert sequence[-1][0, 0, 0] == COUNT - 1
    assert sequence[-COUNT][0, 0, 0] == 0


@pytest.mark.parametrize("index", [COUNT, -COUNT - 1])
def test_an_index_that_is_no_frames_is_refused(index: int) -> None:
    with pytest.raises(IndexError, match=f"a/b: frame {index} of {COUNT}"):
        sequence_of(Levels())[index]


@pytest.mark.parametrize("index", [COUNT, -1])
@pytest.mark.parametrize("policy", ["error", "skip"])
def test_an_index_that_is_no_frames_is_no_corrupt_frame(index: int, policy) -> None:
    sequence = sequence_of(Levels(), on_corrupt=policy)
    with pytest.raises(IndexError, match=f"a/b: frame {index} of {COUNT}"):
        list(sequence.frames([0, index]))
    assert sequence.corrupt == []


def test_a_corrupt_frame_stops_at_its_turn() -> None:
    frames = sequence_of(Levels(broken=(5,))).frames()
    assert [index for index, _ in itertools.islice(frames, 5)] == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match="frame 5: broken"):
        next(frames)


@pytest.mark.parametrize("threads", [0, 4])
def test_corrupt_frames_are_skipped_and_told_once_and_in_order(threads: int) -> None:
    sequence = sequence_of(Levels(broken=(0, 2, 3, 11, 29)), on_corrupt="skip")
    for _ in range(2):
        assert levels(sequence, threads=threads) == [i for i in range(COUNT) if i not in (0, 2, 3, 11, 29)]
    assert sequence.corrupt == ["frame 0", "frame 2", "frame 3", "frame 11", "frame 29"]


def test_asking_for_one_corrupt_frame_is_an_error_even_when_skipping() -> None:
    with pytest.raises(DataError, match="frame 2: broken"):
        sequence_of(Levels(broken=(2,)), on_corrupt="skip")[2]


def test_the_size_is_that_of_the_first_frame_that_counts() -> None:
    assert sequence_of(Levels()).size == (4, 6)
    assert sequence_of(Levels(broken=(0, 1)), on_corrupt="skip").size == (4, 6)
    with pytest.raises(DataError, match="frame 0: broken"):
        _ = sequence_of(Levels(broken=(0,))).size
    with pytest.raises(DataError, match="a/b: none of its 2 frames can be decoded"):
        _ = sequence_of(Levels(2, broken=(0, 1)), on_corrupt="skip").size


@pytest.mark.parametrize("policy", ["error", "skip"])
def test_a_frame_of_another_size_is_refused_by_name(tmp_path: Path, policy) -> None:
    for number in range(1, 6):
        write_image(tmp_path / f"{number}.png", np.zeros((10, 12 if number < 4 else 16, 3), np.uint8))
    frames = open_sequence(tmp_path, on_corrupt=policy).frames()
    assert len(list(itertools.islice(frames, 3))) == 3
    with pytest.raises(DataError, match=r"4\.png: is 16×10, the frames before it are 12×10; a sequence has one size"):
        next(frames)


def test_a_corrupt_picture_is_named_with_its_file(tmp_path: Path) -> None:
    for number in range(1, 4):
        write_image(tmp_path / f"{number}.png", np.zeros((10, 12, 3), np.uint8))
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:30])
    with pytest.raises(DataError, match=r"2\.png: not a picture, or a damaged one"):
        list(open_sequence(tmp_path).frames())
    sequence = open_sequence(tmp_path, on_corrupt="skip")
    assert [index for index, _ in sequence.frames()] == [0, 2]
    assert sequence.corrupt == [str(tmp_path / "2.png")]


def test_a_stack_is_evenly_spaced_from_first_to_last() -> None:
    sequence = sequence_of(Levels())
    assert sequence.stack().shape == (COUNT, 4, 6, 3)
    assert sequence.stack(4)[:, 0, 0, 0].tolist() == [0, 10, 19, 29]
    assert len(sequence.stack(COUNT + 5)) == COUNT


def test_a_stack_leaves_out_what_is_skipped() -> None:
    assert len(sequence_of(Levels(4, broken=(1,)), on_corrupt="skip").stack()) == 3
    with pytest.raises(DataError, match="a/b: none of its 1 frames can be decoded"):
        sequence_of(Levels(1, broken=(0,)), on_corrupt="skip").stack()


def test_a_lookup_knows_exact_numbers_only_unless_it_holds(tmp_path: Path) -> None:
    paths = {3: tmp_path / "3", 7: tmp_path / "7"}
    exact, holding = FrameLookup(paths, str), FrameLookup(paths, str, holds=True)
    assert [exact.path(number) for number in (2, 3, 4, 7, 8)] == [None, paths[3], None, paths[7], None]
    assert [holding.path(number) for number in (1, 3, 6, 7, 99)] == [paths[3], paths[3], paths[3], paths[7], paths[7]]
    assert exact.read(4) is None
    assert FrameLookup({}, str, holds=True).path(1) is None
