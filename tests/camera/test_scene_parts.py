"""The parts of `live` and `mirror`: clean plates, output folders, recordings."""

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from tests.apps.clips import decoded
from tests.camera.room import Clock, acted, wall
from tests.camera.screen import WAIT

import cleanplate
from cleanplate.camera.live.recorder import OutputFolder, Recorder
from cleanplate.camera.live.scene_learning import clean_plate, learn_scene, noise_level
from cleanplate.camera.live.video_recording import VideoRecording
from cleanplate.camera.program import Message
from cleanplate.errors import ConfigError, DataError
from cleanplate.models.components.initializers.temporal import median
from in_memory import photographed

# The clean plate


@pytest.mark.parametrize(("noise", "count"), [(5, 5), (5, 10), (5, 20), (10, 60)])
def test_a_plate_of_a_few_noisy_frames_is_denoised(noise: int, count: int) -> None:
    frames = [photographed(wall(), seed, noise) for seed in range(count)]
    plain, plate = (
        np.abs(picture.astype(int) - wall()).mean() for picture in (median(np.stack(frames)), clean_plate(frames))
    )
    assert plate < 0.9 * plain


def test_what_is_left_alone_by_denoising() -> None:
    assert np.array_equal(clean_plate([wall()]), wall())
    assert np.array_equal(clean_plate([wall()] * 9), wall())
    edge = np.zeros((40, 60, 3), np.uint8)
    edge[:, 30:] = 200
    plate = clean_plate([photographed(edge + 20, seed, 4.0) for seed in range(9)])
    assert np.abs(plate[:, 29].astype(int) - 20).max() < 12
    assert np.abs(plate[:, 30].astype(int) - 220).max() < 12


@pytest.mark.parametrize("noise", [1.0, 4.0, 10.0])
def test_the_noise_is_measured_beside_somebody_who_moves(noise: float) -> None:
    frames = [photographed(acted(40 + 12 * seed, 50).astype(float), seed, noise) for seed in range(10)]
    assert noise_level(frames) == pytest.approx(noise, rel=0.2, abs=0.3)
    assert noise_level(frames[:1]) == 0


def test_models_that_compare_with_a_given_plate_get_the_denoised_one() -> None:
    model = cleanplate.create("pairnet")
    model.finish()
    frames = [photographed(wall(), seed, 5.0) for seed in range(10)]
    learn_scene(model, frames)
    np.testing.assert_array_equal(model.background, clean_plate(frames))


# Where things go


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("note.txt", "a recording's name ends in .mkv, .mov, .mp4"),
        ("there.mp4", "is there already and is not written over"),
        ("file/below", "file is a file, no folder"),
        ("file", "is a file, no folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_begins(
    place: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "there.mp4").write_text("mine")
    with pytest.raises(ConfigError, match=message):
        OutputFolder(tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "there.mp4"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be written by this user")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(ConfigError, match="mend the permissions"):
        OutputFolder(tmp_path / "closed" / "kept")


def test_a_place_is_made_when_something_is_kept(tmp_path: Path) -> None:
    place = OutputFolder(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    assert place.recording() == tmp_path / "a" / "b" / "recording-001.mp4"
    assert (tmp_path / "a" / "b").is_dir()


def test_a_named_video_is_the_first_recording_and_further_ones_are_numbered(tmp_path: Path) -> None:
    place = OutputFolder(tmp_path / "film.mp4")
    assert place.recording() == tmp_path / "film.mp4"
    (tmp_path / "film.mp4").write_bytes(b"0")
    (tmp_path / "recording-041.mp4").write_bytes(b"0")
    assert place.recording() == tmp_path / "recording-042.mp4"


def test_a_full_disk_leaves_no_part_of_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = OutputFolder(tmp_path)
    write, written = Path.write_bytes, []

    def full(path: Path, data: bytes) -> int:
        if written:
            write(path, data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match="No space left"):
        place.snapshot({"frame": wall(), "mask": wall()})
    assert list(tmp_path.iterdir()) == []


# Recordings


def recorded(path: Path, seconds: list[float], rate: float = 20.0) -> VideoRecording:
    clock = Clock()
    recording = VideoRecording(path, rate, clock)
    for index, pause in enumerate(seconds):
        recording.add(np.full((48, 64, 3), 10 * index % 250, np.uint8))
        clock.now += pause
    recording.stop()
    return recording


def test_each_picture_is_shown_as_long_as_it_was(tmp_path: Path) -> None:
    recorded(tmp_path / "a.mp4", [0.5, 0.05, 0.01, 0.01, 0.43, 1.0])
    shades = [round(float(picture.mean()) / 10) for picture in decoded(tmp_path / "a.mp4")]
    assert len(shades) == 40
    assert shades.count(0) == 10
    assert shades.count(5) == 20
    assert sorted(shades) == shades


@pytest.mark.parametrize(("rate", "wanted"), [(0.0, 25), (2.0, 5), (29.97, 30), (500.0, 60)])
def test_its_rate_is_what_was_shown_as_far_as_players_go(rate: float, wanted: int, tmp_path: Path) -> None:
    import cv2

    recorded(tmp_path / "a.mp4", [0.2] * 5, rate)
    assert cv2.VideoCapture(str(tmp_path / "a.mp4")).get(cv2.CAP_PROP_FPS) == wanted


def test_it_is_h264_where_pyav_is(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    recorded(tmp_path / "a.mp4", [0.1] * 5)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"


def test_it_works_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    recorded(tmp_path / "a.mp4", [0.1] * 5)
    assert len(decoded(tmp_path / "a.mp4")) == 10


def test_nothing_shown_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing was shown"):
        VideoRecording(tmp_path / "a.mp4", 20.0).stop()
    assert list(tmp_path.iterdir()) == []


def test_a_key_pressed_twice_between_two_frames_records_nothing(tmp_path: Path) -> None:
    notes = Message(Clock())
    keeper = Recorder(OutputFolder(tmp_path / "kept"), notes, print, Clock())
    keeper.toggle(20.0)
    keeper.toggle(20.0)
    keeper.close()
    assert notes.text == ""
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_single_picture_is_one(tmp_path: Path) -> None:
    recorded(tmp_path / "a.mp4", [0.0])
    assert len(decoded(tmp_path / "a.mp4")) == 1


def test_a_nearly_full_disk_ends_it_while_it_can_still_be_brought_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    looks = []

    def left(path: Path) -> usage:
        looks.append(path)
        return usage(10**12, 10**12, 10**9 if len(looks) < 3 else 10**6)

    monkeypatch.setattr(shutil, "disk_usage", left)
    with pytest.raises(DataError, match="the disk is nearly full: recorded only up to here"):
        recorded(tmp_path / "a.mp4", [0.5] * 10)
    assert len(decoded(tmp_path / "a.mp4")) == 41


def test_a_recording_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files, as a quota has."""
    code = (
        "import resource, signal, sys\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from cleanplate.camera.live.video_recording import VideoRecording\n"
        "from cleanplate.errors import DataError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "now = [0.0]\n"
        "recording = VideoRecording(Path(sys.argv[1]), 25.0, lambda: now[0])\n"
        "random = np.random.default_rng(0)\n"
        "for _ in range(120):\n"
        "    recording.add(random.integers(0, 255, (96, 128, 3)).astype(np.uint8))\n"
        "    now[0] += 0.04\n"
        "try:\n"
        "    recording.stop()\n"
        "except DataError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.mp4"], capture_output=True, text=True, timeout=WAIT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "a.mp4" in done.stdout
    assert "too large" in done.stdout
    assert list(tmp_path.iterdir()) == []
