"""Frames of one's own: a folder in CDnet layout that is linked, a video that has no ground truth."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.config import load
from cleanplate.errors import ConfigError, DataError
from cleanplate.pipeline import acquire, prepare
from project import configure, walk


def walked(folder: Path, *overrides: str) -> None:
    configure(folder, "tracking=disabled", "model=median", *overrides)
    walk(load())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "my.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for index in range(30):
        frame = np.full((48, 64, 3), 90, np.uint8)
        frame[12:36, 2 * index : 2 * index + 8] = 220
        writer.write(frame)
    writer.release()
    return path


def test_a_folder_in_cdnet_layout_is_linked_and_scored(scene_folder: Path, tmp_path: Path) -> None:
    root = scene_folder.parent.parent
    # What passes there is pale: hardly any of it is above the usual threshold.
    walked(tmp_path, "data=cdnet", f"data.root={root}", "data.scenes=[baseline/street]", "foreground.threshold=20")
    linked = tmp_path / "data/sequences/baseline/street/input/in000001.jpg"
    assert linked.is_symlink()
    assert linked.resolve() == scene_folder / "input/in000001.jpg"
    assert json.loads(Path("reports/metrics.json").read_text())["overall"]["f_measure"] > 0.3


def test_a_video_without_ground_truth_gets_masks_and_a_report(video: Path, tmp_path: Path) -> None:
    walked(tmp_path, "data=video", f"data.root={video}")
    masks = sorted((tmp_path / "data/predictions/video/clip").glob("bin*.png"))
    assert len(masks) == 30
    mask = cv2.imread(str(masks[14]), cv2.IMREAD_GRAYSCALE)
    assert mask[24, 32] == 255
    assert mask[4, 60] == 0
    assert json.loads(Path("reports/metrics.json").read_text())["videos"] == {}
    assert Path("reports/figures/video/clip/foreground.gif").stat().st_size > 0
    assert "video/clip" in Path("reports/index.html").read_text()


def test_a_broken_frame_stops_with_its_name_or_is_left_out(scene_folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for path in scene_folder.rglob("*"):
        if path.is_file():
            place = root / "baseline/street" / path.relative_to(scene_folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    (root / "baseline/street/input/in000007.jpg").write_bytes(b"\xff\xd8 no more")
    given = ["data=cdnet", f"data.root={root}", "data.scenes=[baseline/street]"]
    with pytest.raises(DataError, match=r"in000007\.jpg"):
        walked(tmp_path, *given)
    walked(tmp_path, *given, "data.on_corrupt=skip")
    assert "in000007.jpg" in Path("data/prepared/baseline/street.json").read_text()
    assert not Path("data/predictions/baseline/street/bin000007.png").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["data=cdnet", "data.root=/nowhere"], "data.root: /nowhere does not exist"),
        (["data=video", "data.root=."], "no pictures"),
        (["data.scenes=[parade/street]"], "'parade/street' has no generator"),
        (["runs=[all]", "data.frames=4", "data.height=32", "data.width=48"], "'all' trains on 4 scenes"),
        (["runs=[nothing]"], "'nothing' is neither a scene nor `all`"),
    ],
)
def test_wrong_data_is_refused_by_name(given: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        walked(tmp_path, *given)


def test_a_scene_whose_frames_are_gone_is_made_again(tmp_path: Path) -> None:
    small = ["data.frames=4", "data.height=32", "data.width=48", "data.scenes=[baseline/street]"]
    walked(tmp_path, *small)
    shutil.rmtree("data/sequences/baseline/street")
    prepare.run(load())
    assert len(list(Path("data/sequences/baseline/street/input").iterdir())) == 4


def test_another_generator_renders_again(tmp_path: Path) -> None:
    walked(tmp_path, "data.frames=4", "data.height=32", "data.width=48", "data.scenes=[baseline/street]")
    recipe = Path("data/acquired/baseline/street.json")
    recipe.write_text(json.dumps(json.loads(recipe.read_text()) | {"sha256": "of other code"}))
    frame = Path("data/sequences/baseline/street/input/in000001.jpg")
    before = frame.stat().st_mtime_ns
    prepare.run(load())
    assert frame.stat().st_mtime_ns > before


def test_what_a_copy_of_a_published_scene_lacks_is_told(
    tmp_path: Path, scene_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "copy" / "baseline" / "highway"
    shutil.copytree(scene_folder / "input", video / "input")
    (video / "input" / "notes.txt").write_text("mine")
    configure(tmp_path, "data=cdnet", f"data.root={tmp_path / 'copy'}", "data.scenes=[baseline/highway]")
    acquire.run(load())
    told = capsys.readouterr().out
    assert "baseline/highway: missing: baseline/highway/groundtruth" in told
    assert "baseline/highway: not of the set: baseline/highway/input/notes.txt" in told
    assert "office" not in told
