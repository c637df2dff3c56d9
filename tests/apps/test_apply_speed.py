"""What makes `apply` fast changes nothing of what it finds: threads, masks encoded from grey."""

import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from tests.apps.clips import COUNT, decoded, frames, run, video

import cleanplate
from cleanplate.apps.apply import model_setup
from cleanplate.apps.apply.loop import frame_results
from cleanplate.apps.apply.mask_video import write_mask_video
from cleanplate.apps.apply.model_setup import batch_of, threads_of
from cleanplate.data.io.sources import FramesInMemory
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError, ModelError
from cleanplate.models import BackgroundModel
from cleanplate.report.clips import write_mp4


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def sequence() -> FrameSequence:
    pictures = frames()
    return FrameSequence("clip", FramesInMemory(pictures, "clip"), range(1, COUNT + 1))


def numbered(sequence: FrameSequence) -> Iterator[tuple[int, np.ndarray]]:
    return ((number, sequence[index]) for index, number in enumerate(sequence.numbers))


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", ["plate", "lowmotion", "median", "gmm"])
def test_frames_side_by_side_give_what_one_after_the_other_gives(name: str, sequence: FrameSequence) -> None:
    model = cleanplate.create(name).fit(sequence)
    homes = set()
    head = type(model.head).mask

    def where(self: Any, *arguments: Any) -> Any:
        homes.add(threading.current_thread().name)
        return head(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model.head), "mask", where)
        assert threads_of(model) == 2
        found = list(frame_results(model, numbered(sequence), 25.0, batch=8))
        assert any("ThreadPool" in home for home in homes)
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        assert threads_of(model) == 1
        alone = list(frame_results(model, numbered(sequence), 25.0, batch=8))
    assert [shot.number for shot in found] == [shot.number for shot in alone] == list(range(1, COUNT + 1))
    for one, other in zip(found, alone, strict=True):
        assert one.seconds == other.seconds
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.background, other.background)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", ["mog2", "ae", "unet"])
def test_models_that_remember_or_share_a_batch_keep_to_one_thread(name: str) -> None:
    assert threads_of(cleanplate.create(name)) == 1


@pytest.mark.usefixtures("two_threads")
def test_a_base_that_remembers_keeps_its_order() -> None:
    assert threads_of(cleanplate.create("plate", base="mog2")) == 1
    assert threads_of(cleanplate.create("plate")) == 2


@pytest.mark.usefixtures("two_threads")
def test_a_camera_is_looked_at_frame_by_frame(sequence: FrameSequence) -> None:
    model = cleanplate.create("median").fit(sequence)
    taken = 0

    def counted() -> Iterator[tuple[int, np.ndarray]]:
        nonlocal taken
        for item in numbered(sequence):
            taken += 1
            yield item

    batch = batch_of(model, live=True)
    for delivered, _ in enumerate(frame_results(model, counted(), 25.0, batch=batch), start=1):
        assert taken == delivered  # nothing is waited for


@pytest.mark.usefixtures("two_threads")
def test_an_error_in_a_thread_names_its_frame_and_comes_after_those_before(sequence: FrameSequence) -> None:
    model = cleanplate.create("median").fit(sequence)
    broken = [(number, frame[:20] if number == 12 else frame) for number, frame in numbered(sequence)]
    seen: list[int] = []
    with pytest.raises(ModelError, match=r"^frame 12: .*64×20"):
        seen.extend(shot.number for shot in frame_results(model, iter(broken), 25.0, batch=8))
    assert seen == list(range(1, 12))


@pytest.mark.usefixtures("two_threads")
def test_a_source_that_breaks_off_loses_no_frame_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cleanplate.data.streams.stream import VideoStream

    whole = VideoStream.frames

    def cut(self: Any) -> Iterator[Any]:
        for number, frame in whole(self):
            if number == 21:
                raise DataError("clip: breaks off")
            yield number, frame

    clip = video(tmp_path / "clip.mp4")
    monkeypatch.setattr(VideoStream, "frames", cut)
    result = run(clip, "-m", "median", "-o", tmp_path / "out.mp4")
    assert result.exit_code == 2
    assert "20 frames before that are written and valid" in result.stderr
    assert len(decoded(tmp_path / "out.mp4")) == 20


@pytest.mark.usefixtures("two_threads")
def test_no_thread_and_no_setting_is_left(sequence: FrameSequence) -> None:
    model = cleanplate.create("median").fit(sequence)
    before = threading.active_count(), cv2.getNumThreads()
    found = frame_results(model, numbered(sequence), 25.0, batch=8)
    next(found)
    found.close()
    assert (threading.active_count(), cv2.getNumThreads()) == before


def test_what_waits_is_bounded_on_large_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_setup.torch, "get_num_threads", lambda: 64)
    assert threads_of(cleanplate.create("median")) == 8


def some_masks(height: int, width: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    masks = []
    for _ in range(12):
        mask = np.zeros((height, width), np.uint8)
        center = (int(random.integers(width)), int(random.integers(height)))
        cv2.ellipse(mask, center, (width // 5, height // 4), 30, 0, 360, 255, -1)
        cv2.rectangle(mask, (width // 2, 0), (width // 2 + 9, height // 3), 127, -1)
        masks.append(mask)
    return masks


@pytest.mark.parametrize("size", [(48, 64), (49, 65), (240, 320)])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_mask_video_shows_the_masks(size: tuple[int, int], suffix: str, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    masks = some_masks(*size)
    path = tmp_path / f"masks{suffix}"
    write_mask_video(path, iter(masks), Fraction(25))
    shown = decoded(path)
    assert len(shown) == len(masks)
    for picture, mask in zip(shown, masks, strict=True):
        inside = picture[: size[0], : size[1]]
        assert np.ptp(inside.astype(int), axis=2).max() <= 3  # grey
        for level in (0, 255):
            same = cv2.erode((mask == level).astype(np.uint8), np.ones((3, 3))) > 0
            assert ((inside[..., 1] > 127) == (level > 127))[same].mean() > 0.999
        far = cv2.erode((mask == 127).astype(np.uint8), np.ones((5, 5))) > 0
        assert abs(inside[..., 1][far].mean() - 127) < 8
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 25


def test_a_mask_video_has_the_levels_of_a_picture_video(tmp_path: Path) -> None:
    pytest.importorskip("av")
    masks = some_masks(96, 128)
    write_mask_video(tmp_path / "masks.mp4", masks, Fraction(25))
    write_mp4(tmp_path / "pictures.mp4", [cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR) for mask in masks], 25)
    for one, other in zip(decoded(tmp_path / "masks.mp4"), decoded(tmp_path / "pictures.mp4"), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 1.5
        for level in (60, 190):  # between 0, 127 and 255
            assert ((one > level) == (other > level)).mean() > 0.99


def test_without_pyav_opencv_writes_the_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    write_mask_video(tmp_path / "masks.mp4", some_masks(48, 64), Fraction(25))
    assert len(decoded(tmp_path / "masks.mp4")) == 12


def test_no_mask_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no frames"):
        write_mask_video(tmp_path / "masks.mp4", [], Fraction(25))


def test_the_seam_is_asked_once_per_frame(sequence: FrameSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    model = cleanplate.create("median").fit(sequence)
    seen: list[int] = []
    admitted = BackgroundModel._checked_frame

    def counted(self: Any, frame: Any) -> Any:
        seen.append(id(frame))
        return admitted(self, frame)

    monkeypatch.setattr(BackgroundModel, "_checked_frame", counted)
    for threads in (1, 2):
        seen.clear()
        torch.set_num_threads(threads)
        try:
            list(frame_results(model, numbered(sequence), 25.0, batch=8, plates=False))
        finally:
            torch.set_num_threads(1)
        assert len(seen) == COUNT
