"""Folders of pictures and video files as sources of frames, and what is refused."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from cleanplate import open_sequence
from cleanplate.data.io.images import write_image
from cleanplate.data.io.sources import ImageFiles, VideoFile, natural_key
from cleanplate.data.open import open_stream
from cleanplate.data.streams.camera import without_password
from cleanplate.data.streams.stream import SequenceStream, plausible_rate
from cleanplate.errors import DataError
from cleanplate.utils.retry import RetryPolicy

COUNT = 24


def level_of(index: int) -> int:
    return 10 * index + 5


def frame_of(index: int) -> np.ndarray:
    return np.full((48, 64, 3), level_of(index), np.uint8)


def write_video(path: Path, count: int = COUNT) -> Path:
    if path.suffix == ".gif":
        pictures = [PillowImage.fromarray(frame_of(index)) for index in range(count)]
        # Frames of unequal duration: a player that seeks by time lands on others.
        durations = [40 if index % 3 else 120 for index in range(count)]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations)
        return path
    code = {".mp4": "mp4v", ".avi": "MJPG"}[path.suffix]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), 25, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        writer.write(frame_of(index))
    writer.release()
    return path


@pytest.fixture(scope="module", params=[".mp4", ".avi", ".gif"])
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("videos") / f"clip001{request.param}")


def test_names_are_sorted_as_people_count() -> None:
    names = ["10.jpg", "2.jpg", "b1.jpg", "a10.jpg", "a9.jpg", "A11.jpg", "1.jpg", "1²3.jpg", "in000100.jpg"]
    ordered = sorted(names, key=natural_key)
    assert ordered == ["1.jpg", "1²3.jpg", "2.jpg", "10.jpg", "a9.jpg", "a10.jpg", "A11.jpg", "b1.jpg", "in000100.jpg"]


def test_a_folder_gives_its_pictures_in_natural_order_and_passes_over_the_rest(tmp_path: Path) -> None:
    for number in (10, 9, 1, 100):
        write_image(tmp_path / f"shot {number}.png", np.full((4, 5, 3), number, np.uint8))
    for stray in ("Thumbs.db", ".DS_Store", "._shot 1.png", "notes.txt"):
        (tmp_path / stray).write_bytes(b"no picture")
    (tmp_path / "older").mkdir()
    sequence = open_sequence(tmp_path)
    assert [int(frame[0, 0, 0]) for _, frame in sequence.frames()] == [1, 9, 10, 100]
    assert list(sequence.numbers) == [1, 2, 3, 4]


@pytest.mark.parametrize("stray", [None, "Thumbs.db", "._a.jpg"])
def test_a_folder_without_pictures_is_refused_by_name(tmp_path: Path, stray: str | None) -> None:
    if stray:
        (tmp_path / stray).touch()
    with pytest.raises(DataError, match=rf"{tmp_path.name}: no pictures in it \(looked for \.bmp, "):
        open_sequence(tmp_path)


def test_a_missing_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such folder"):
        ImageFiles.of_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        open_sequence(tmp_path / "nowhere")


def test_a_file_of_another_kind_is_refused_with_the_choices(tmp_path: Path) -> None:
    (tmp_path / "talk.pdf").touch()
    with pytest.raises(DataError, match=r"talk\.pdf: neither a folder nor a video \(\.avi, "):
        open_sequence(tmp_path / "talk.pdf")


def test_a_video_has_all_its_frames_in_order(video: Path) -> None:
    sequence = open_sequence(video)
    assert sequence.name == "clip001"
    assert len(sequence) == COUNT
    levels = [float(frame.mean()) for _, frame in sequence.frames()]
    np.testing.assert_allclose(levels, [level_of(index) for index in range(COUNT)], atol=4)


def test_a_video_is_read_at_random_as_it_is_read_in_order(video: Path) -> None:
    in_order = open_sequence(video).stack()
    sequence = open_sequence(video)
    jumps = [*range(COUNT - 1, -1, -1), *random.Random(0).choices(range(COUNT), k=20), 3, 3]
    for index in jumps:
        np.testing.assert_array_equal(sequence[index], in_order[index])
    for index, frame in sequence.frames([20, 2, 9], threads=4):
        np.testing.assert_array_equal(frame, in_order[index])


def test_a_frame_is_the_callers_own(video: Path) -> None:
    source = VideoFile(video)
    first = source.read(0)
    kept = first.copy()
    source.read(1)
    np.testing.assert_array_equal(first, kept)
    assert first.flags.c_contiguous


@pytest.mark.parametrize("threads", [0, 1, 2, 8])
def test_a_video_read_through_is_never_started_again(video: Path, threads: int, monkeypatch) -> None:
    sequence = open_sequence(video)
    monkeypatch.setattr(VideoFile, "_rewind", lambda self: pytest.fail("a step back"))
    assert len(list(sequence.frames(threads=threads))) == COUNT


def test_the_frame_rate_of_a_video_is_known(tmp_path: Path) -> None:
    assert VideoFile(write_video(tmp_path / "a.avi")).frames_per_second == 25.0


def test_a_truncated_avi_has_the_frames_that_are_left(tmp_path: Path) -> None:
    whole = open_sequence(write_video(tmp_path / "whole.avi")).stack()
    data = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) * 4 // 5])
    cut = open_sequence(tmp_path / "cut.avi", on_corrupt="skip")
    frames = dict(cut.frames())
    assert 0 < len(frames) < COUNT
    for index in list(frames)[:-1]:  # the last one may be cut through
        np.testing.assert_array_equal(frames[index], whole[index])


def test_a_truncated_mp4_is_refused_by_name(tmp_path: Path) -> None:
    data = write_video(tmp_path / "cut.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])  # its table of contents stands at the end
    with pytest.raises(DataError, match=r"cut\.mp4: (not a video that can be opened|holds no frame)"):
        open_sequence(tmp_path / "cut.mp4")


@pytest.mark.parametrize("name", ["notes.mp4", "clip001.mp4", "clip001.gif", "a.avi", "a.mkv"])
@pytest.mark.parametrize("content", [b"", b"this is a text, not a video\n" * 20])
def test_a_text_or_an_empty_file_with_a_videos_name_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}: (not a video that can be opened|holds no frame)"):
        open_sequence(tmp_path / name)


def test_a_missing_video_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.mp4: no such video file"):
        VideoFile(tmp_path / "a.mp4")


def test_reading_past_the_end_names_the_video_and_the_frame(video: Path) -> None:
    with pytest.raises(DataError, match=rf"{video.name}, frame {COUNT + 3}: cannot be decoded"):
        VideoFile(video).read(COUNT + 2)


def test_only_the_first_frames_of_a_video_are_counted(video: Path) -> None:
    assert len(VideoFile(video, most=5)) == 5
    assert len(VideoFile(video, most=1000)) == COUNT


def test_the_first_frames_are_those_of_the_whole(tmp_path: Path) -> None:
    for index in range(6):
        write_image(tmp_path / f"{index}.png", frame_of(index))
    stream = SequenceStream(open_sequence(tmp_path))
    first = stream.sequence(4)
    assert list(first.numbers) == [1, 2, 3, 4]
    assert [int(frame[0, 0, 0]) for _, frame in first.frames()] == [level_of(index) for index in range(4)]
    assert stream.sequence(9) is stream.sequence()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://me:secret@host:554/a?b=c@d", "rtsp://***@host:554/a?b=c@d"),
        ("http://host/a.mjpg", "http://host/a.mjpg"),
        ("rtsp://user@host", "rtsp://***@host"),
        ("rtsp://me:p@ss@host/a", "rtsp://***@host/a"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


@pytest.mark.parametrize(("said", "taken"), [(0, 25), (29.97, 29.97), (90000, 25), (float("nan"), 25), (-1, 25)])
def test_a_rate_that_nobody_films_with_is_not_believed(said: float, taken: float) -> None:
    assert plausible_rate(said) == taken


def test_a_glob_is_in_natural_order_over_folders(tmp_path: Path) -> None:
    for name, level in (("b/2.png", 2), ("b/10.png", 3), ("a/9.png", 1)):
        write_image(tmp_path / name, np.full((4, 5, 3), level, np.uint8))
    (tmp_path / "b" / "notes.txt").touch()
    stream = open_stream(str(tmp_path / "*" / "*"), RetryPolicy())
    assert [(number, int(frame[0, 0, 0])) for number, frame in stream.frames()] == [(1, 1), (2, 2), (3, 3)]


def test_a_file_that_is_named_like_a_webcam_is_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "0" / "1.png", frame_of(1))
    monkeypatch.chdir(tmp_path)
    assert [number for number, _ in open_stream("0", RetryPolicy()).frames()] == [1]
