"""Checking a set that a user has: what is missing, what is extra, by part."""

import json
from pathlib import Path

import pytest

from acquire.archives import cdnet_video, coco_annotations, picture
from cleanplate.acquire.catalogue import load_catalogue
from cleanplate.acquire.completeness import Findings, check_dataset
from cleanplate.errors import DataError

SETS = load_catalogue()


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


@pytest.fixture
def highway(tmp_path: Path) -> Path:
    write(tmp_path, cdnet_video("baseline/highway/"))
    return tmp_path / "baseline" / "highway"


def found(root: Path, *parts: str, name: str = "cdnet") -> Findings:
    (findings,) = check_dataset(SETS[name], root, parts)
    return findings


def test_a_whole_video_lacks_nothing(highway: Path, tmp_path: Path) -> None:
    assert found(tmp_path, "baseline/highway") == Findings("baseline", 1, (), ())


def test_of_a_category_the_missing_videos_are_named(highway: Path, tmp_path: Path) -> None:
    findings = found(tmp_path, "baseline")
    assert findings.complete == 1
    assert findings.missing == ("baseline/office", "baseline/pedestrians", "baseline/PETS2006")
    assert findings.missing


def test_of_the_whole_set_every_category_is_told_and_what_lies_beside(highway: Path, tmp_path: Path) -> None:
    write(tmp_path, {"Thumbs.db": b"x", "archives/a.zip": b"x", "cleanplate-download.json": b"{}"})
    findings = {each.part: each for each in check_dataset(SETS["cdnet"], tmp_path)}
    assert len(findings) == 12
    assert len(findings["thermal"].missing) == 5
    assert findings["(beside)"].extra == ("Thumbs.db",)


def test_missing_frames_truths_and_files_are_named(highway: Path, tmp_path: Path) -> None:
    for name in ("input/in000002.jpg", "input/in000003.jpg", "groundtruth/gt000005.png", "ROI.bmp"):
        (highway / name).unlink()
    (highway / "input" / "in000004.jpg").write_bytes(b"")
    assert found(tmp_path, "baseline/highway").missing == (
        "baseline/highway/ROI.bmp",
        "baseline/highway/input/in000004.jpg, which is empty",
        "baseline/highway/input/in000002 to 000003",
        "baseline/highway/groundtruth/gt000005",
    )


def test_frames_that_the_temporal_roi_promises_are_missed_at_the_end(highway: Path, tmp_path: Path) -> None:
    (highway / "temporalROI.txt").write_text("2 9")
    assert "baseline/highway/input/in000007 to 000009" in found(tmp_path, "baseline/highway").missing


def test_strange_files_are_extra_but_do_no_harm(highway: Path, tmp_path: Path) -> None:
    write(highway, {"input/Thumbs.db": b"x", "notes.txt": b"x", "groundtruth/gt000099.png": picture(".png")})
    write(tmp_path, {"baseline/bedroom/input/in000001.jpg": picture(".jpg")})
    findings = found(tmp_path, "baseline/highway")
    assert not findings.missing
    assert findings.extra == (
        "baseline/highway/notes.txt",
        "baseline/highway/input/Thumbs.db",
        "baseline/highway/groundtruth/gt000099, without a frame",
        "baseline/bedroom",
    )


def test_of_the_newer_categories_truth_is_public_for_the_first_half(tmp_path: Path) -> None:
    files = cdnet_video("PTZ/continuousPan/", frames=12) | {"PTZ/continuousPan/temporalROI.txt": b"4 12\n"}
    last = int((4 + 12) / 2) - 1
    for number in range(last + 1, 13):
        del files[f"PTZ/continuousPan/groundtruth/gt{number:06d}.png"]
    write(tmp_path, files)
    assert not found(tmp_path, "PTZ/continuousPan").missing
    (tmp_path / f"PTZ/continuousPan/groundtruth/gt{last:06d}.png").unlink()
    assert found(tmp_path, "PTZ/continuousPan").missing == ("PTZ/continuousPan/groundtruth/gt000007",)


def test_where_only_numbers_are_known_videos_are_counted(tmp_path: Path) -> None:
    for index in range(3):
        write(tmp_path, {f"jitter/v{index}/input/in000001.jpg": picture(".jpg")})
    findings = {each.part: each for each in check_dataset(SETS["sbmnet"], tmp_path)}
    assert findings["jitter"].complete == 3
    assert findings["jitter"].missing == ("jitter: 6 of 9 videos",)
    assert findings["basic"].missing == ("basic: 16 of 16 videos",)


def test_coco_is_compared_with_its_annotations(tmp_path: Path) -> None:
    names = [f"{number:012d}.jpg" for number in range(5)]
    write(tmp_path, {f"val2017/{name}": picture(".jpg") for name in names[1:]} | {"val2017/x.jpg": b"x"})
    write(
        tmp_path, {f"annotations/instances_{split}.json": coco_annotations(names) for split in ("val2017", "train2017")}
    )
    (tmp_path / "val2017" / names[4]).write_bytes(b"")
    annotations, val = check_dataset(SETS["coco"], tmp_path, ["val2017"])
    assert annotations == Findings("annotations", 2, (), ())
    assert val == Findings("val2017", 3, (f"val2017/{names[0]}", f"val2017/{names[4]}"), ("val2017/x.jpg",))
    assert {each.part: each.missing for each in check_dataset(SETS["coco"], tmp_path)}["train2017"] == ("train2017/",)


def test_coco_without_annotations_cannot_be_called_whole(tmp_path: Path) -> None:
    write(tmp_path, {"val2017/1.jpg": picture(".jpg")})
    findings = {each.part: each for each in check_dataset(SETS["coco"], tmp_path, ["val2017"])}
    assert findings["val2017"].missing == ("annotations/instances_val2017.json",)


@pytest.mark.parametrize("text", ["{", json.dumps({"pictures": []}), json.dumps([1])])
def test_annotations_that_cannot_be_read_are_told(text: str, tmp_path: Path) -> None:
    write(tmp_path, {"val2017/1.jpg": b"x", "annotations/instances_val2017.json": text.encode()})
    with pytest.raises(DataError, match=r"instances_val2017\.json: not the annotations of COCO, or damaged"):
        check_dataset(SETS["coco"], tmp_path, ["val2017"])


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"away: no such folder; `cleanplate download cdnet --to"):
        check_dataset(SETS["cdnet"], tmp_path / "away")


@pytest.mark.realdata
def test_the_real_sequences_and_pictures_are_whole(real_data: Path) -> None:
    videos = ["baseline/highway", "baseline/pedestrians", "dynamicBackground/canoe"]
    assert [(each.complete, each.missing) for each in check_dataset(SETS["cdnet"], real_data / "cdnet", videos)] == [
        (2, ()),
        (1, ()),
    ]
    assert {
        each.part: (each.complete, each.missing, each.extra) for each in check_dataset(SETS["coco"], real_data / "coco")
    } == {
        "annotations": (2, (), ()),
        "train2017": (160, (), ()),
        "val2017": (40, (), ()),
    }
