"""Benchmarks run on a small machine, and count what they count as they should."""

import itertools
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from benchmarks import applying, gpu_check, peers, throughput

from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.pipeline.scoring import score_results
from cleanplate.report.clips import write_mp4
from cleanplate.scenes import SceneSpec


@pytest.mark.parametrize(
    ("spans", "length"),
    [([], 0), ([(0, 2), (5, 6)], 3), ([(0, 4), (1, 2), (3, 6)], 6), ([(0, 1), (1, 2)], 2)],
)
def test_overlapping_spans_count_once(spans: list[tuple[float, float]], length: float) -> None:
    assert gpu_check.covered(spans) == length


def test_the_check_runs_on_a_cpu(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small = {"height": 48, "width": 64, "frames": 24}
    monkeypatch.setattr(gpu_check, "SceneSpec", lambda *names, **_: SceneSpec(*names, **small))
    monkeypatch.setattr("sys.argv", ["gpu_check", "--steps", "2", "--batch-size", "2"])
    assert gpu_check.main() == 0
    output = capsys.readouterr().out
    assert "steps/s" in output
    assert output.rstrip().endswith("well")


@pytest.fixture
def small_highway(scene_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the small scene stand for the real one that benchmarks measure on."""
    place = tmp_path / "cdnet/baseline"
    place.mkdir(parents=True)
    (place / "highway").symlink_to(scene_folder)
    monkeypatch.setenv("CLEANPLATE_DATA", str(tmp_path))


def test_throughput_runs_on_a_small_scene(
    small_highway: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(throughput, "time", SimpleNamespace(perf_counter=itertools.count().__next__))
    monkeypatch.setattr("sys.argv", ["throughput", "--steps", "3", "--large-steps", "1", "--large-batch", "2"])
    throughput.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line[:34].strip() for line in lines[2:]] == [
        "ae, frames in memory",
        "ae, a plain loader",
        "AE-NE-sized, frames in memory",
        "AE-NE-sized, a plain loader",
    ]
    for line in lines[2:]:
        shares = [float(word.rstrip("%")) for word in line.split()[-4:]]
        assert sum(shares) == pytest.approx(100, abs=0.3)
        assert min(shares[1:]) > 0


def test_the_large_autoencoder_is_as_large_as_that_of_the_paper() -> None:
    network = throughput.LargeAutoencoder((240, 320))
    encoder = sum(weight.numel() for part in (network.down, network.to_code) for weight in part.parameters())
    decoder = sum(weight.numel() for part in (network.up, network.from_code) for weight in part.parameters())
    assert encoder == pytest.approx(1.2e6, rel=0.05)
    assert decoder == pytest.approx(2.8e6, rel=0.05)
    assert network(torch.zeros(1, 3, 240, 320)).shape == (1, 4, 240, 320)


class Darker:
    """Stands for a method: foreground is what is dark; 127 is a shadow, which is none."""

    def apply(self, frame: np.ndarray) -> np.ndarray:
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        return np.where(gray < 60, 255, np.where(gray < 80, 127, 0)).astype(np.uint8)


def test_masks_of_peers_are_a_submission(scene_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModuleType("pybgs")
    library.SuBSENSE = Darker  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pybgs", library)
    monkeypatch.chdir(tmp_path)
    root, to = scene_folder.parent.parent, tmp_path / "results"
    chosen = ["--method", "SuBSENSE", "--scene", "baseline/street", "--median", "5"]
    monkeypatch.setattr("sys.argv", ["peers", "--data", str(root), "--to", str(to), *chosen])
    peers.main()
    sequence = read_cdnet(scene_folder)
    for name in ("SuBSENSE", "SuBSENSE-median5"):
        counts = score_results(root, to / name).counts["baseline/street"]
        assert counts.frames == 36
        assert len(list((to / name / "baseline/street").iterdir())) == len(sequence)
    mask = cv2.imread(str(to / "SuBSENSE/baseline/street/bin000007.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(mask == 255, Darker().apply(sequence[sequence.numbers.index(7)]) == 255)
    assert set(np.unique(mask)) <= {0, 255}


def test_peers_need_nothing_of_this_project() -> None:
    code = "import sys; from benchmarks import peers; print([name for name in sys.modules if 'cleanplate' in name])"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_applying_is_timed_beside_plain_loops(
    small_highway: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["applying", "--minutes", "0.03", "--turns", "1"])
    monkeypatch.setattr(applying, "MODELS", ("mog2",))  # the flagship's fit takes long
    monkeypatch.setattr(applying, "LOOPS", ("mog2",))
    monkeypatch.setattr(applying, "FLAGSHIP", "")
    applying.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("45 frames of 320×240")
    rows = {line[:26].strip(): line[26:].split() for line in lines[2:]}
    assert set(rows) == {"plain loop, mog2", "cleanplate apply, mog2"}
    for name, numbers in rows.items():
        assert all(float(number) > 0 for number in numbers[:4])
        assert len(numbers) == (5 if name.startswith("cleanplate") else 4)


def test_a_plain_loop_finds_what_opencv_finds(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    wall = cv2.resize(random.integers(0, 256, (12, 16, 3), np.uint8), (96, 64))
    frames = [wall.copy() for _ in range(30)]
    for index, frame in enumerate(frames):
        frame[20:40, 2 * index : 2 * index + 20] = (0, 255, 0)
    write_mp4(tmp_path / "clip.mp4", frames, 25)
    assert applying.plain_loop("median", tmp_path / "clip.mp4", tmp_path / "out.mp4") > 0
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    for index in range(30):
        mask = capture.read()[1][..., 0] > 127
        assert mask[24:36, 2 * index + 4 : 2 * index + 16].mean() > 0.95
        assert mask[48:].mean() < 0.05
