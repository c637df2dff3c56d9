"""The drop-in for OpenCV's background subtractors, in loops as OpenCV's users write them."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

import cleanplate
from cleanplate.apps import background_subtractor
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models.statistical.temporal.model import Median

WARMUP = 20


@pytest.fixture
def frames(scene: FrameSequence) -> list[np.ndarray]:
    return [scene[index] for index in range(40)]


@pytest.fixture
def video(frames: list[np.ndarray], tmp_path: Path) -> Path:
    path = tmp_path / "scene.avi"
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 25, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def test_it_takes_the_place_of_opencvs(video: Path, frames: list[np.ndarray]) -> None:
    capture = cv2.VideoCapture(str(video))
    subtractor = cleanplate.BackgroundSubtractor("median", warmup=WARMUP)
    online = cleanplate.create("mog2")
    fitted = cleanplate.create("median").fit(frames[:WARMUP])
    assert subtractor.getBackgroundImage() is None
    count = 0
    buffer: np.ndarray | None = None
    while True:
        ok, buffer = capture.read(buffer)  # the same array again and again
        if not ok:
            break
        mask = subtractor.apply(buffer)
        answering = online if count < WARMUP else fitted
        np.testing.assert_array_equal(mask, answering.apply(frames[count]))
        np.testing.assert_array_equal(subtractor.getBackgroundImage(None), answering.background)
        count += 1
        if count == WARMUP:
            assert subtractor.join()
        assert subtractor.ready == (count >= WARMUP)
    assert count == len(frames)


def test_arrays_that_are_given_are_written_to(frames: list[np.ndarray]) -> None:
    subtractor = cleanplate.BackgroundSubtractor("median", warmup=2)
    plain = cleanplate.BackgroundSubtractor("median", warmup=2)
    mask, plate = np.full(frames[0].shape[:2], 7, np.uint8), np.zeros_like(frames[0])
    assert subtractor.apply(frames[0], mask, -1) is mask
    np.testing.assert_array_equal(mask, plain.apply(frames[0]))
    assert subtractor.apply(frames[1], fgmask=np.zeros((3, 3), np.uint8), learningRate=0.5).shape == mask.shape
    assert subtractor.getBackgroundImage(plate) is plate
    assert plate.any()


def test_frames_are_answered_while_the_fit_goes_on(frames: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    real = background_subtractor.fit_quietly

    def waits(model: cleanplate.BackgroundModel, sequence: FrameSequence) -> None:
        assert go_on.wait(60)
        real(model, sequence)

    monkeypatch.setattr(background_subtractor, "fit_quietly", waits)
    subtractor = cleanplate.BackgroundSubtractor("median", warmup=5)
    online = cleanplate.create("mog2")
    for frame in frames[:12]:
        np.testing.assert_array_equal(subtractor.apply(frame), online.apply(frame))
    assert not subtractor.join(0.0)
    go_on.set()
    assert subtractor.join()
    expected = cleanplate.create("median").fit(frames[:5])
    np.testing.assert_array_equal(subtractor.apply(frames[12]), expected.apply(frames[12]))


def test_an_error_of_the_fit_is_raised_at_the_next_frame(
    frames: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Median, sequence: FrameSequence) -> None:
        raise ValueError("too dark")

    monkeypatch.setattr(Median, "_fit", fails)
    subtractor = cleanplate.BackgroundSubtractor("median", warmup=2)
    subtractor.apply(frames[0])
    subtractor.apply(frames[1])
    assert not subtractor.join()
    with pytest.raises(ModelError, match="median: cannot be fitted to 2 frames of .*too dark"):
        subtractor.apply(frames[2])
    assert subtractor.apply(frames[2]).shape == frames[2].shape[:2]
    assert not subtractor.ready


def test_a_model_that_needs_no_fit_answers_at_once(frames: list[np.ndarray]) -> None:
    fitted = cleanplate.create("median").fit(frames)
    subtractor = cleanplate.BackgroundSubtractor(fitted)
    assert subtractor.ready and subtractor.online is None
    np.testing.assert_array_equal(subtractor.getBackgroundImage(), fitted.background)
    np.testing.assert_array_equal(subtractor.apply(frames[3]), fitted.apply(frames[3]))
    online = cleanplate.BackgroundSubtractor("mog2", history=50)
    assert online.ready and online.getBackgroundImage() is None
    online.apply(frames[0])
    assert online.getBackgroundImage() is not None


def test_large_frames_are_kept_within_bounds(frames: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_subtractor, "MOST_BYTES", 4 * frames[0].nbytes)
    kept: list[int] = []
    monkeypatch.setattr(background_subtractor, "fit_quietly", lambda model, sequence: kept.append(len(sequence)))
    subtractor = cleanplate.BackgroundSubtractor("median", warmup=10)
    for frame in frames[:10]:
        subtractor.apply(frame)
    subtractor.join()
    assert kept == [4]


def test_wrong_choices_are_refused(frames: list[np.ndarray]) -> None:
    with pytest.raises(ConfigError, match="warmup: 0 is too few"):
        cleanplate.BackgroundSubtractor("median", warmup=0)
    with pytest.raises(ConfigError, match="online: 'mean' does not learn online"):
        cleanplate.BackgroundSubtractor("median", online="mean")
    with pytest.raises(ConfigError, match="'medain' is unknown"):
        cleanplate.BackgroundSubtractor("medain")
    with pytest.raises(ConfigError, match="median: is a model that has its options already"):
        cleanplate.BackgroundSubtractor(cleanplate.create("median"), frames=20)
    with pytest.raises(ModelError, match="a frame must be uint8"):
        cleanplate.BackgroundSubtractor("median").apply(frames[0].astype(float))
