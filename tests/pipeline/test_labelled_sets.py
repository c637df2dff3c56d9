"""Labelled sets through the first stages: what lies on disk afterwards, and what is made again when."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate import open_sequence
from cleanplate.config import load
from cleanplate.data.io.images import write_image
from cleanplate.errors import DataError
from cleanplate.models.registry import create
from cleanplate.pipeline import acquire, prepare
from labelled_sets import CocoFiles, box, rectangle
from project import configure, walk

SHAPE = (40, 60)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    for split, numbers in (("train2017", (1, 2, 3)), ("val2017", (7, 8))):
        files = CocoFiles(tmp_path / "coco", split)
        for number in numbers:
            files.picture(number, 40 + number, 60).label(number, [rectangle(5, 5, 20 + number, 30)])
        files.label(numbers[0], [rectangle(40, 5, 50, 30)], category=3)
        files.save()
    return tmp_path / "coco"


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    for name in ("set1", "set2", "set10"):
        plate = np.full((*SHAPE, 3), 90, np.uint8)
        write_image(tmp_path / "images" / name / "bkg.png", plate)
        for number in range(6):
            frame, inside = plate.copy(), box(SHAPE, 8 * number, 5, 8 * number + 9, 30)
            frame[inside] = 220
            write_image(tmp_path / "images" / name / f"{number}.png", frame)
            write_image(tmp_path / "images" / name / f"{number}_mask.png", np.where(inside, np.uint8(255), np.uint8(0)))
    return tmp_path / "images"


def prepared(*overrides: str) -> None:
    configure(Path(), "tracking=disabled", "model=median", "runs=[all]", *overrides)
    config = load()
    acquire.run(config)
    prepare.run(config)


def manifest(scene: str) -> dict:
    return json.loads(Path(f"data/prepared/{scene}.json").read_text())


def test_coco_becomes_two_scenes_of_still_pictures(coco: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepared("data=coco", f"data.root={coco}")
    about = manifest("coco/train2017")
    assert (about["frames"], about["still_pictures"], about["height"], about["width"]) == (3, True, 41, 60)
    assert about["defects"] == []
    assert "coco/train2017: 3 pictures, the first of 60×41" in capsys.readouterr().out
    with Path("data/sequences/coco/val2017/pictures.csv").open() as file:
        assert [row["split"] for row in csv.DictReader(file)] == ["val2017"] * 2
    plan = json.loads(Path("data/runs/all.json").read_text())
    assert "coco/train2017" in json.dumps(plan)


def test_what_is_broken_is_named_and_counted_in_the_manifest(coco: Path) -> None:
    (coco / "train2017/000000000002.jpg").write_bytes(b"no picture")
    # Whole by its header and its end, but not to be decoded: met where every frame is.
    whole = (coco / "val2017/000000000008.jpg").read_bytes()
    (coco / "val2017/000000000008.jpg").write_bytes(whole[:300].replace(b"\xff\xc4", b"\xff\xc9") + whole[-2:])
    prepared("data=coco", f"data.root={coco}")
    about = manifest("coco/train2017")
    assert (about["frames"], about["defects"][0]) == (2, "left out as broken: 1")
    assert "000000000002.jpg" in about["defects"][1]
    defects = manifest("coco/val2017")["defects"]
    assert manifest("coco/val2017")["frames"] == 1
    assert any("000000000008.jpg" in line for line in defects)
    with pytest.raises(DataError, match=r"000000000002\.jpg: not a picture"):
        prepared("data=coco", f"data.root={coco}", "data.on_corrupt=error")


def test_masks_are_made_again_when_what_they_depend_on_changes(coco: Path) -> None:
    def mask() -> np.ndarray:
        return cv2.imread("data/sequences/coco/train2017/groundtruth/gt000001.png", cv2.IMREAD_UNCHANGED)

    given = ["data=coco", f"data.root={coco}"]
    prepared(*given)
    first = Path("data/sequences/coco/train2017/groundtruth/gt000001.png").stat().st_mtime_ns
    assert not (mask()[5:30, 40:50] == 255).any()
    prepared(*given, "data.workers=1")
    assert Path("data/sequences/coco/train2017/groundtruth/gt000001.png").stat().st_mtime_ns == first
    prepared(*given, "data.categories=[person,car]", "data.scenes=[coco/train2017]", "data.test=[]")
    assert (mask()[5:30, 40:50] == 255).all()
    labels = coco / "annotations/instances_train2017.json"
    content = json.loads(labels.read_text())
    content["annotations"] = content["annotations"][1:]
    labels.write_text(json.dumps(content))
    prepared(*given, "data.categories=[person,car]", "data.scenes=[coco/train2017]", "data.test=[]")
    assert not (mask()[5:30, 5:20] == 255).any()
    assert sorted(path.name for path in Path("data/sequences/coco").iterdir()) == ["train2017"]


def test_an_interrupted_stage_goes_on(coco: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cleanplate.data.datasets.coco import CocoPicture

    drawn: list[str] = []
    draw = CocoPicture.draw

    def until_the_second(self: CocoPicture, height: int, width: int) -> np.ndarray:
        if len(drawn) == 2:
            drawn.append("interrupted")
            raise KeyboardInterrupt
        drawn.append(self.file)
        return draw(self, height, width)

    monkeypatch.setattr(CocoPicture, "draw", until_the_second)
    with pytest.raises(KeyboardInterrupt):
        prepared("data=coco", f"data.root={coco}")
    assert not Path("data/sequences/coco/train2017").exists()
    prepared("data=coco", f"data.root={coco}")
    names = [f"{number:012d}.jpg" for number in (1, 2, 3, 7, 8)]
    assert drawn == [*names[:2], "interrupted", *names[2:]]
    assert manifest("coco/train2017")["frames"] == 3


def test_statistics_over_time_refuse_pictures_of_different_places(coco: Path) -> None:
    prepared("data=coco", f"data.root={coco}")
    sequence = open_sequence("data/sequences/coco/train2017")
    with pytest.raises(DataError, match="coco/train2017: holds pictures of different sizes and places"):
        create("gmm").fit(sequence)


def test_optical_flow_of_single_pictures_is_refused(coco: Path) -> None:
    with pytest.raises(DataError, match="flow: coco/train2017 is a set of single pictures"):
        prepared("data=coco", f"data.root={coco}", "flow=true")


def test_captured_sets_are_found_by_themselves_in_natural_order(captured: Path) -> None:
    prepared("data=capture", f"data.root={captured}")
    assert load().data.scenes == ["capture/set1", "capture/set2", "capture/set10"]
    for scene in load().data.scenes:
        assert manifest(scene)["frames"] == 6
        assert "still_pictures" not in manifest(scene)
        assert Path(f"data/sequences/{scene}/clean_plate.png").is_symlink()


def test_captured_sets_go_all_the_way(captured: Path) -> None:
    given = ["data=capture", f"data.root={captured}", "data.scenes=[capture/set1,capture/set2]"]
    configure(Path(), "tracking=disabled", "model=median", *given)
    walk(load())
    videos = json.loads(Path("reports/metrics.json").read_text())["videos"]
    assert {name: video["frames"] for name, video in videos.items()} == {"capture/set1": 6, "capture/set2": 6}
    assert min(video["f_measure"] for video in videos.values()) > 0.8
    assert json.loads(Path("reports/metrics.json").read_text()).get("background") is None


@pytest.mark.parametrize("kind", ["labelme", "export"])
def test_labels_of_ones_own_are_read(tmp_path: Path, kind: str) -> None:
    files = CocoFiles(tmp_path / "own", "hall")
    files.annotations = files.pictures / "labels.json"
    files.picture(1).label(1, [rectangle(5, 5, 20, 30)], category=7).picture(2).save()
    if kind == "labelme":
        files.annotations.unlink()
        points = [[5, 5], [20, 5], [20, 30], [5, 30]]
        shapes = [{"label": "dog", "points": points, "shape_type": "polygon"}]
        for number, found in ((1, shapes), (2, [])):
            about = {"shapes": found, "imageHeight": 40, "imageWidth": 60}
            (files.pictures / f"{number:012d}.json").write_text(json.dumps(about))
    for root in (tmp_path / "own", tmp_path / "own/hall"):
        prepared(f"data={kind}", f"data.root={root}")
        assert load().data.scenes == [f"{kind}/hall"]
        truth = [cv2.imread(f"data/sequences/{kind}/hall/groundtruth/gt00000{n}.png", 0) for n in (1, 2)]
        np.testing.assert_array_equal(truth[0], np.where(box(SHAPE, 5, 5, 20, 30), 255, 0))
        assert not truth[1].any()
    prepared(f"data={kind}", f"data.root={tmp_path / 'own'}", "data.categories=[dog]", "data.negatives=false")
    assert manifest(f"{kind}/hall")["frames"] == 1
