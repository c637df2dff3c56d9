"""Clips can be read back: number of frames, speed, size and codec."""

import builtins
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from tests.report.scenes import HEIGHT, WIDTH, write_predictions, write_sequence

from cleanplate.data import open_sequence
from cleanplate.errors import DataError
from cleanplate.report.clips import foreground_frames, side_by_side, write_gif, write_mp4
from cleanplate.report.scene import SceneResult


@pytest.fixture
def scene(tmp_path: Path) -> SceneResult:
    write_sequence(tmp_path / "baseline/square")
    write_predictions(tmp_path / "predictions")
    return SceneResult(open_sequence(tmp_path / "baseline/square"), tmp_path / "predictions")


def decoded(path: Path) -> list[np.ndarray]:
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return frames


def test_gif(scene: SceneResult, tmp_path: Path) -> None:
    path = tmp_path / "deep/foreground.gif"
    write_gif(path, foreground_frames(scene, scene.numbers[5:17]), fps=10)
    with Pillow.open(path) as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"], gif.info["loop"]) == (12, (WIDTH, HEIGHT), 100, 0)
        gif.seek(3)
        pixel = gif.convert("RGB").getpixel((scene.numbers[8] + 8, 15))
    assert np.abs(np.subtract(pixel, (230, 90, 40))).max() < 16


def test_equal_frames_are_kept(tmp_path: Path) -> None:
    write_gif(tmp_path / "still.gif", [np.full((8, 8, 3), 90, np.uint8)] * 5, fps=20)
    with Pillow.open(tmp_path / "still.gif") as gif:
        assert getattr(gif, "n_frames", 1) * gif.info["duration"] == 250


def test_mp4_is_what_browsers_play(scene: SceneResult, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    write_mp4(tmp_path / "clip.mp4", side_by_side(scene, scene.numbers[:9]), fps=10)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate) == 10
        assert (stream.width % 2, stream.height % 2) == (0, 0)
        assert stream.width in (3 * WIDTH, 3 * WIDTH + 1)
        assert sum(1 for _ in container.decode(stream)) == 9


def test_mp4_without_pyav(scene: SceneResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def blocked(name: str, *rest: Any, **more: Any) -> Any:
        if name == "av":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", blocked)
    write_mp4(tmp_path / "clip.mp4", side_by_side(scene, scene.numbers[:9]), fps=10)
    frames = decoded(tmp_path / "clip.mp4")
    assert len(frames) == 9 and frames[0].shape[0] % 2 == frames[0].shape[1] % 2 == 0


@pytest.mark.parametrize("writer", [write_gif, write_mp4])
def test_nothing_to_write(writer: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no frames"):
        writer(tmp_path / "clip", [], 10)
