"""Pictures labelled with labelme, and exports in COCO's format: shapes, holes, negatives, and what is wrong."""

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.coco import find_exports, write_export
from cleanplate.data.datasets.labelme import find_labelled, write_labelme
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.data.io.images import write_image
from cleanplate.errors import DataError
from labelled_sets import CocoFiles, box, rectangle, run_lengths

SHAPE = (40, 60)


def shape(label: str, *corners: int, kind: str = "polygon", **more: Any) -> dict[str, Any]:
    outline = rectangle(*corners) if kind == "polygon" else corners
    points = [list(point) for point in zip(outline[::2], outline[1::2], strict=True)]
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}} | more


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "labelled" / "kitchen").mkdir(parents=True)
    return tmp_path / "labelled" / "kitchen"


def labelled(place: Path, name: str, *shapes: dict[str, Any], size: tuple[int, int] = SHAPE) -> None:
    write_image(place / name, np.full((*SHAPE, 3), 120, np.uint8))
    content = {"shapes": shapes, "imagePath": name, "imageHeight": size[0], "imageWidth": size[1], "imageData": None}
    (place / name).with_suffix(".json").write_text(json.dumps(content))


def built(place: Path, tmp_path: Path, **options: Any) -> list[str]:
    chosen = LabelOptions(**({"categories": (), "negatives": True, "workers": 1} | options))
    return write_labelme(place, tmp_path / "out", chosen)


def mask(tmp_path: Path, number: int = 1) -> np.ndarray:
    read = cv2.imread(str(tmp_path / f"out/groundtruth/gt{number:06d}.png"), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert read.ndim == 2
    return read


def test_shapes_are_united_and_holes_cut_out(place: Path, tmp_path: Path) -> None:
    labelled(place, "a.jpg", shape("man", 2, 2, 20, 30), shape("dog", 10, 10, 40, 20), shape("hole 1", 12, 5, 25, 15))
    assert built(place, tmp_path) == []
    inside = (box(SHAPE, 2, 2, 20, 30) | box(SHAPE, 10, 10, 40, 20)) & ~box(SHAPE, 12, 5, 25, 15)
    np.testing.assert_array_equal(mask(tmp_path), np.where(inside, 255, 0))


def test_a_hole_of_a_group_cuts_that_group_alone(place: Path, tmp_path: Path) -> None:
    man, dog = shape("man", 2, 2, 30, 30, group_id=1), shape("dog", 10, 10, 40, 20, group_id=2)
    labelled(place, "a.jpg", man, dog, shape("man", 5, 5, 15, 25, group_id=1, flags={"hole": True}))
    built(place, tmp_path)
    inside = (box(SHAPE, 2, 2, 30, 30) & ~box(SHAPE, 5, 5, 15, 25)) | box(SHAPE, 10, 10, 40, 20)
    np.testing.assert_array_equal(mask(tmp_path), np.where(inside, 255, 0))


def test_rectangles_and_circles_have_an_area_and_points_have_none(place: Path, tmp_path: Path) -> None:
    box_given_backwards = shape("box", 30, 20, 10, 5, kind="rectangle")
    labelled(place, "a.jpg", box_given_backwards, shape("nose", 50, 30, kind="point"))
    labelled(place, "b.jpg", shape("ball", 30, 20, 40, 20, kind="circle"))
    built(place, tmp_path)
    np.testing.assert_array_equal(mask(tmp_path, 1), np.where(box(SHAPE, 10, 5, 30, 20), 255, 0))
    rows, columns = np.indices(SHAPE) + 0.5
    distance = np.hypot(columns - 30, rows - 20)
    assert (mask(tmp_path, 2)[distance < 9] == 255).all()
    assert not mask(tmp_path, 2)[distance > 11].any()


def test_labels_are_chosen_by_name_and_small_shapes_do_not_count(place: Path, tmp_path: Path) -> None:
    labelled(place, "a.jpg", shape("man", 2, 2, 20, 30), shape("dog", 30, 2, 50, 20), shape("man", 40, 30, 44, 33))
    built(place, tmp_path, categories=("man",), smallest=13)
    expected = np.where(box(SHAPE, 2, 2, 20, 30), 255, np.where(box(SHAPE, 40, 30, 44, 33), 170, 0))
    np.testing.assert_array_equal(mask(tmp_path), expected)


@pytest.mark.parametrize(("negatives", "files"), [(True, ["1.jpg", "2.jpg", "10.jpg"]), (False, ["1.jpg", "10.jpg"])])
def test_negatives_are_all_background_and_pictures_without_json_have_no_truth(place, tmp_path, negatives, files):
    labelled(place, "10.jpg", shape("man", 2, 2, 20, 30))
    labelled(place, "2.jpg")
    write_image(place / "1.jpg", np.zeros((20, 20, 3), np.uint8))
    built(place, tmp_path, negatives=negatives)
    with (tmp_path / "out/pictures.csv").open() as table:
        listed = list(csv.DictReader(table))
    assert [row["file"] for row in listed] == files
    sequence = read_cdnet(tmp_path / "out")
    assert sequence.still_pictures
    assert sequence.truth.read(1) is None
    assert listed[0]["share"] == ""
    if negatives:
        assert not mask(tmp_path, 2).any()
    assert mask(tmp_path, len(files)).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("{", "not a valid labelme file"),
        ("[]", "not a valid labelme file"),
        ({"shapes": None}, "not a valid labelme file"),
        ({"imageHeight": None}, "not a valid labelme file"),
        ("{}", "not a labelme file: 'imageHeight' is missing"),
        ({"shapes": [{"points": []}]}, "not a labelme file: 'label' is missing"),
        ({"shapes": [shape("man", 1, 2, 3, 4, kind="mask")]}, "'man' is a mask of 2 points; polygon, rectangle"),
        ({"shapes": [shape("man", 1, 2, 3, 4) | {"points": [[1, 2], [3, 4]]}]}, "'man' is a polygon of 2 points"),
        ({"shapes": [shape("man", 1, 2, 3, 4) | {"points": [[1, 2, 3]]}]}, "not a valid labelme file"),
        ({"shapes": [shape("man", 1, 2, 3, 10**7)]}, "b.jpg: an outline reaches to 1e+07, far outside"),
        ({"imageHeight": 60, "imageWidth": 40}, "b.jpg: is 60×40, its labels are for 40×60"),
    ],
)
def test_a_broken_json_costs_its_picture(place: Path, tmp_path: Path, change: Any, message: str) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        labelled(place, name, shape("man", 2, 2, 20, 30))
    path = place / "b.json"
    path.write_text(change if isinstance(change, str) else json.dumps(json.loads(path.read_text()) | change))
    count, told = built(place, tmp_path, on_corrupt="skip")
    assert count == "left out as broken: 1"
    assert message in told
    assert "kitchen/b.j" in told
    assert [frame for frame in (tmp_path / "out/pictures.csv").read_text().split() if "b.jpg" in frame] == []
    with pytest.raises(DataError, match="kitchen/b"):
        built(place, tmp_path / "again")


def test_a_json_without_its_picture_is_told(place: Path, tmp_path: Path) -> None:
    labelled(place, "a.jpg", shape("man", 2, 2, 20, 30))
    (place / "b.json").write_text("{}")
    assert built(place, tmp_path, on_corrupt="skip")[1] == f"{place / 'b.json'}: no picture of this name beside it"


def test_a_photograph_that_was_held_upright_is_read_as_it_was_held(place: Path, tmp_path: Path) -> None:
    from PIL import Image

    labelled(place, "a.jpg", shape("man", 2, 2, 20, 30), size=SHAPE)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (SHAPE[0], SHAPE[1])).save(place / "a.jpg", exif=turned)
    assert built(place, tmp_path) == []
    assert read_cdnet(tmp_path / "out").size == mask(tmp_path).shape == SHAPE


def test_folders_with_labels_are_found(place: Path) -> None:
    labelled(place, "a.jpg")
    (place.parent / "empty").mkdir()
    assert find_labelled(place.parent) == [place]
    assert find_labelled(place) == [place]


@pytest.fixture
def export(tmp_path: Path) -> CocoFiles:
    """One folder with pictures and `_annotations.coco.json`, as labelling tools write it."""
    files = CocoFiles(tmp_path / "exports", "hall")
    files.annotations = files.pictures / "_annotations.coco.json"
    return files


def test_an_export_is_read_like_coco_with_all_its_labels(export: CocoFiles, tmp_path: Path) -> None:
    blot = box(SHAPE, 30, 20, 50, 35)
    export.picture(0, 50, 30)
    export.picture(1).label(1, [rectangle(2, 2, 9, 9)], category=7).label(1, run_lengths(blot))
    export.save()
    told = write_export(export.pictures, tmp_path / "out", LabelOptions(categories=(), negatives=True))
    assert told == []
    assert not mask(tmp_path, 1).any()
    np.testing.assert_array_equal(mask(tmp_path, 2), np.where(box(SHAPE, 2, 2, 9, 9) | blot, 255, 0))
    sequence = read_cdnet(tmp_path / "out")
    assert [frame.shape[:2] for _, frame in sequence.frames()] == [(50, 30), SHAPE]


def test_pictures_of_an_export_may_lie_in_a_folder_of_their_own(export: CocoFiles, tmp_path: Path) -> None:
    export.picture(1).label(1, [rectangle(2, 2, 9, 9)])
    (export.pictures / "images").mkdir()
    moved = (export.pictures / "000000000001.jpg").rename(export.pictures / "images" / "000000000001.jpg")
    export.content["images"][0]["file_name"] = "images/000000000001.jpg"
    write_export(export.save().pictures, tmp_path / "out", LabelOptions())
    assert (tmp_path / "out/input/in000001.jpg").samefile(moved)


@pytest.mark.parametrize(("names", "found"), [([], "none"), (["a.json", "b.json"], "a.json, b.json")])
def test_an_export_has_one_json_file(export: CocoFiles, tmp_path: Path, names: list[str], found: str) -> None:
    for name in names:
        (export.pictures / name).touch()
    with pytest.raises(DataError, match=f"hall: must hold one JSON file in COCO's format, holds {found}"):
        write_export(export.pictures, tmp_path / "out", LabelOptions())


def test_exports_are_found_by_their_json(export: CocoFiles) -> None:
    export.save()
    (export.pictures.parent / "empty").mkdir()
    assert find_exports(export.pictures.parent) == [export.pictures]
    assert find_exports(export.pictures) == [export.pictures]
