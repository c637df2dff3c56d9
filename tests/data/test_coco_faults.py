"""COCO sets with every fault: told and left out, or stopping at the first; and a build that is killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cleanplate.data.datasets import rasterize
from cleanplate.data.datasets.coco import write_coco
from cleanplate.data.datasets.layout import resumable_folder
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.errors import DataError
from labelled_sets import CocoFiles, rectangle
from waiting import wait_until

GOOD = [rectangle(5, 5, 25, 30)]
SIZE = [40, 60]


@pytest.fixture
def files(tmp_path: Path) -> CocoFiles:
    files = CocoFiles(tmp_path / "coco")
    for number in (1, 2, 3):
        files.picture(number).label(number, GOOD)
    return files


def built(files: CocoFiles, folder: Path, on_corrupt: str = "skip", **options: Any) -> list[str]:
    return write_coco(
        files.save().annotations, files.pictures, folder, LabelOptions(on_corrupt=on_corrupt, workers=1, **options)
    )


def numbers(folder: Path) -> list[int]:
    return [int(line.split(",")[0]) for line in (folder / "pictures.csv").read_text().splitlines()[1:]]


def assert_left_out(files: CocoFiles, tmp_path: Path, message: str, kept: list[int]) -> None:
    """The fault is told and its picture left out; where it must stop the work, it does, with the same words."""
    count, told = built(files, tmp_path / "out")
    assert count == "left out as broken: 1"
    assert message in told
    assert numbers(tmp_path / "out") == kept
    for number in (1, 2, 3):
        assert (tmp_path / f"out/input/in{number:06d}.jpg").is_symlink() == (number in kept)
        assert (tmp_path / f"out/groundtruth/gt{number:06d}.png").exists() == (number in kept)
    with pytest.raises(DataError) as error:
        built(files, tmp_path / "stopped", on_corrupt="error")
    assert message in str(error.value)
    assert "data.on_corrupt=skip" in str(error.value)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ([], "has no outline"),
        (None, "has no outline"),
        ("M 0 0", "is neither a list nor run lengths: 'M 0 0'"),
        ([[1, 2, 3, 4]], "not a list of three or more points"),
        ([[1, 2, 3, 4, 5, 6, 7]], "not a list of three or more points"),
        ([1, 2, 3, 4, 5, 6], "not a list of three or more points"),
        ([[1, 2, 3, 4, 5, "6"]], "holds '6', which is not a number of pixels"),
        ([[1, 2, 3, 4, 5, float("nan")]], "holds nan, which is not a number of pixels"),
        ([[1, 2, 3, 4, 5, 1e9]], "reaches to 1e+09, far outside the picture"),
        ({"size": [60, 40], "counts": [2400]}, "for a picture of the size [60, 40], this one is [40, 60]"),
        ({"size": SIZE, "counts": [5, 5]}, "add up to 10 pixels, the picture has 2400"),
        ({"size": SIZE, "counts": [-1, 2401]}, "are not whole numbers"),
        ({"size": SIZE}, "are not whole numbers"),
        ({"size": SIZE, "counts": ""}, "end in the middle"),
        ({"size": SIZE, "counts": "```"}, "end in the middle"),
        ({"size": SIZE, "counts": "001"}, "add up to 1 pixels, the picture has 2400"),
        ({"size": SIZE, "counts": "garbage!"}, "compressed run lengths are damaged"),
        ({"size": SIZE, "counts": "oooooooo0"}, "compressed run lengths are damaged"),
    ],
)
def test_a_broken_outline_costs_its_picture(files: CocoFiles, tmp_path: Path, segmentation: Any, message: str) -> None:
    files.label(2, segmentation)
    picture = files.pictures / "000000000002.jpg"
    assert_left_out(files, tmp_path, message, [1, 3])
    assert f"{picture}: annotation 103: " in (tmp_path / "out/defects.txt").read_text()


def spoil(picture: Path, how: str) -> None:
    content = picture.read_bytes()
    if how == "missing":
        picture.unlink()
    else:
        picture.write_bytes({"empty": b"", "text": b"no picture" * 50, "cut": content[: len(content) // 2]}[how])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "cannot be read: No such file or directory"),
        ("empty", "the file is empty"),
        ("text", "not a picture, or a damaged one"),
        ("cut", "000000000002.jpg: cannot be read: "),
    ],
)
def test_a_broken_picture_is_left_out_by_its_name(files: CocoFiles, tmp_path: Path, how: str, message: str) -> None:
    spoil(files.pictures / "000000000002.jpg", how)
    assert_left_out(files, tmp_path, message, [1, 3])
    assert "000000000002.jpg" in (tmp_path / "out/defects.txt").read_text()


def test_annotations_for_another_size_are_left_out(files: CocoFiles, tmp_path: Path) -> None:
    files.content["images"][2].update(height=60, width=40)
    assert_left_out(files, tmp_path, "000000000003.jpg: is 60×40, its annotations are for 40×60", [1, 2])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"file_name": None}, "picture 3 has no file name"),
        ({"height": 0}, "picture 3 (000000000003.jpg) has the height 0"),
        ({"width": "60"}, "picture 3 (000000000003.jpg) has the width '60'"),
        ({"id": "3"}, "a picture without a number: {'id': '3'"),
        ({"id": 2}, "picture 2 is listed twice"),
    ],
)
def test_a_broken_entry_of_a_picture_is_left_out(files: CocoFiles, tmp_path: Path, changed: dict, message: str) -> None:
    files.content["images"][2].update(changed)
    if "id" in changed:
        files.content["annotations"].pop()
    assert_left_out(files, tmp_path, message, [1, 2])


@pytest.mark.parametrize("entry", [{}, [], {"id": 9, "image_id": 1}, {"id": 9, "category_id": 1, "image_id": "1"}])
def test_an_annotation_of_nothing_is_told(files: CocoFiles, tmp_path: Path, entry: Any) -> None:
    files.content["annotations"].append(entry)
    assert_left_out(files, tmp_path, "(entry 3) names no picture and category", [1, 2, 3])


def test_annotations_of_a_picture_that_is_not_listed_are_told(files: CocoFiles, tmp_path: Path) -> None:
    files.label(77, GOOD)
    assert_left_out(files, tmp_path, "annotations of picture 77, which the file does not list", [1, 2, 3])


@pytest.mark.parametrize("name", ["../../secret.jpg", "/etc/secret.jpg"])
def test_a_name_that_leads_out_of_the_folder_is_not_followed(files: CocoFiles, tmp_path: Path, name: str) -> None:
    (files.pictures / "000000000003.jpg").rename(tmp_path / "secret.jpg")
    files.content["images"][2]["file_name"] = name
    assert_left_out(files, tmp_path, f"{files.pictures / 'secret.jpg'}: cannot be read", [1, 2])


def test_many_defects_are_counted_and_the_first_named(files: CocoFiles, tmp_path: Path) -> None:
    for number in range(10, 40):
        files.picture(number).label(number, [])
    told = built(files, tmp_path / "out")
    assert (told[0], len(told), told[-1]) == ("left out as broken: 30", 22, "… and 10 more")
    assert len((tmp_path / "out/defects.txt").read_text().splitlines()) == 30


def test_where_nothing_is_left_the_reason_is_said(files: CocoFiles, tmp_path: Path) -> None:
    for path in files.pictures.iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"train2017: no picture is left to use; .*000000000001\.jpg: cannot be read"):
        built(files, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ('{"images": [', "not valid JSON"),
        ("[]", "holds no list 'images'"),
        ('{"images": [], "categories": []}', "holds no list 'annotations'"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_no_coco_file_stops_the_work(files, tmp_path, text, message) -> None:
    if text is None:
        files.annotations.unlink(missing_ok=True)
    else:
        files.annotations.write_text(text)
    with pytest.raises(DataError, match=f"instances_train2017.json: {message}"):
        write_coco(files.annotations, files.pictures, tmp_path / "out", LabelOptions(on_corrupt="skip"))


def test_without_pycocotools_it_is_said_what_to_install(files: CocoFiles, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)
    with pytest.raises(DataError, match=r"pip install 'cleanplate\[labels\]'"):
        built(files, tmp_path / "out")


def test_a_full_disk_stops_the_work_and_is_no_defect(files: CocoFiles, tmp_path: Path, monkeypatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match="cannot be written: No space left on device"):
        built(files, tmp_path / "out")


def test_who_goes_on_makes_only_what_is_missing(files: CocoFiles, tmp_path: Path, monkeypatch) -> None:
    built(files, tmp_path / "out")
    whole = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")}
    second = tmp_path / "out/groundtruth/gt000002.png"
    second.write_bytes(second.read_bytes()[:30])  # nothing of ours leaves half a mask, but a disk may
    (tmp_path / "out/groundtruth/gt000003.png").unlink()
    (tmp_path / "out/groundtruth/.77-gt000003.png").write_bytes(b"half")
    drawn = []
    united = rasterize.united
    monkeypatch.setattr(rasterize, "united", lambda parts, *size: drawn.append(parts) or united(parts, *size))
    built(files, tmp_path / "out")
    assert len(drawn) == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")} == whole


KILLED = """
import sys
import threading
from pathlib import Path
from cleanplate.data.datasets import rasterize
from cleanplate.data.datasets.coco import write_coco
from cleanplate.data.datasets.layout import resumable_folder
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.utils import parallel

united, drawn = rasterize.united, []

def united_at_first(parts, *size):
    drawn.append(parts)
    if len(drawn) > 40:
        threading.Event().wait()  # for the end of the process
    return united(parts, *size)

rasterize.united = united_at_first

if __name__ == "__main__":
    parallel.ITEMS_PER_PROCESS = 50
    annotations, pictures, target = map(Path, sys.argv[1:])
    with resumable_folder(target, {"version": 1}) as folder:
        write_coco(annotations, pictures, folder, LabelOptions(workers=2))
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX signals")
def test_a_killed_build_goes_on_and_leaves_no_process(tmp_path: Path) -> None:
    files = CocoFiles(tmp_path / "coco")
    files.picture(1, 400, 600)
    for number in range(1, 201):  # the same picture under many numbers
        files.content["images"].append(files.content["images"][0] | {"id": number})
        files.label(number, GOOD)
    files.content["images"].pop(0)
    files.save()
    (tmp_path / "build.py").write_text(KILLED)
    target = tmp_path / "sequences" / "coco" / "train2017"
    command = [sys.executable, str(tmp_path / "build.py"), str(files.annotations), str(files.pictures), str(target)]
    process = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    begun = target.with_name(".train2017.begun") / "groundtruth"

    def amid_the_work() -> bool:
        assert process.poll() is None
        return begun.is_dir() and len(list(begun.glob("gt*.png"))) > 20

    wait_until(amid_the_work)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists()
    wait_until(lambda: not _group_lives(process.pid))
    before = {path.name: path.stat().st_mtime_ns for path in begun.glob("gt*.png")}
    assert 20 < len(before) <= 80

    options = LabelOptions(workers=1)
    with resumable_folder(target, {"version": 1}) as folder:
        write_coco(files.annotations, files.pictures, folder, options)
    after = {path.name: path.stat().st_mtime_ns for path in (target / "groundtruth").iterdir()}
    assert len(after) == 200
    assert before.items() <= after.items()
    assert sorted(path.name for path in target.parent.iterdir()) == ["train2017"]
    assert sorted(path.name for path in target.iterdir()) == ["groundtruth", "input", "pictures.csv"]


def _group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_was_begun_under_another_recipe_is_thrown_away(files: CocoFiles, tmp_path: Path) -> None:
    target = tmp_path / "sequences" / "coco" / "train2017"
    for interrupted, version in ((True, 1), (False, 2)):
        try:
            with resumable_folder(target, {"version": version}) as folder:
                (folder / str(version)).touch()
                if interrupted:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert json.loads((folder / ".about.json").read_text()) == {"version": 1}
    assert [path.name for path in target.iterdir()] == ["2"]
