"""What `fit` takes for a scene: sequences, paths, lists, arrays, iterators and captures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import cleanplate
from cleanplate.data import open as opening
from cleanplate.data.open import as_sequence
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import DataError, ModelError


@pytest.fixture(scope="module")
def frames(scene_folder: Path) -> list[np.ndarray]:
    return list(cleanplate.open_sequence(scene_folder).stack(12))


@pytest.fixture(scope="module")
def video(frames: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "scene.avi"
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 25, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def same_buffer(frames: list[np.ndarray]) -> Iterator[np.ndarray]:
    buffer = np.empty_like(frames[0])
    for frame in frames:
        buffer[:] = frame
        yield buffer


def test_all_forms_of_a_scene_give_one_background(frames: list[np.ndarray], video: Path) -> None:
    expected = cleanplate.create("median").fit(as_sequence(frames)).background
    forms: list[Any] = [
        frames,
        tuple(frames),
        np.stack(frames),
        iter(frames),
        same_buffer(frames),
        [frame.astype(np.uint16) * 257 for frame in frames],
        video,
        str(video),
        cv2.VideoCapture(str(video)),
    ]
    for form in forms:
        np.testing.assert_array_equal(cleanplate.create("median").fit(form).background, expected)


def test_a_sequence_is_passed_on_as_it_is(scene: FrameSequence) -> None:
    assert as_sequence(scene) is scene


def test_grey_frames_are_taken_as_apply_takes_them(frames: list[np.ndarray]) -> None:
    grey = np.stack([frame[..., 0] for frame in frames])
    model = cleanplate.create("median").fit(grey)
    assert model.background.shape == frames[0].shape
    assert model.apply(grey[0]).shape == grey[0].shape


def test_a_long_iterator_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    held = (np.full((4, 5, 3), level, np.uint8) for level in range(250))
    monkeypatch.setattr(opening, "MOST_FRAMES", 100)
    sequence = as_sequence(held)
    assert list(sequence.numbers) == [1, *range(5, 250, 4)]
    assert [int(sequence[index][0, 0, 0]) for index in range(3)] == [0, 4, 8]
    monkeypatch.setattr(opening, "MOST_BYTES", 60 * 10)
    assert len(as_sequence(np.zeros((4, 5, 3), np.uint8) for _ in range(1000))) <= 10


def test_a_capture_without_an_end_is_read_for_a_while(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Camera:  # a wrapper, for OpenCV's own class corrupts memory when it is derived from
        def __init__(self) -> None:
            self.capture = really(str(video))

        def get(self, key: int) -> float:
            return -1.0 if key == cv2.CAP_PROP_FRAME_COUNT else self.capture.get(key)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.capture, name)

    really = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setattr(opening, "CAMERA_FRAMES", 5)
    assert len(as_sequence(Camera())) == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "frames: there are none"),
        (iter([]), "frames: there are none"),
        (np.zeros((4, 5, 3), np.uint8), r"an array \(4, 5, 3\) is a single frame"),
        (np.zeros((4, 5), np.uint8), r"an array \(4, 5\) is a single frame"),
        (7, "int holds no frames; give a sequence, a path"),
        (cv2.VideoCapture(), "the cv2.VideoCapture is not open"),
        ("nowhere.mp4", "nowhere.mp4: no such video file"),
    ],
)
def test_what_is_no_scene_is_refused(given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        cleanplate.create("median").fit(given)


def test_a_frame_of_floats_is_refused_by_the_model() -> None:
    with pytest.raises(ModelError, match="median: a frame must be uint8, this is float64"):
        cleanplate.create("median").fit([np.zeros((4, 5, 3))])
