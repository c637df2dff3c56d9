"""What is written beside a picture, and that our own readers and pycocotools understand it."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.camera.labelled_shots import HEIGHT, INNER, SQUARE, WIDTH, captured, filled, mask_of

from cleanplate.camera.annotate.images import LabelledImage, find_images
from cleanplate.camera.annotate.storage import Storage
from cleanplate.data.datasets.capture_sets import write_captured
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.coco import write_export
from cleanplate.data.datasets.labelme import write_labelme
from cleanplate.data.datasets.labels.coco_file import CocoImage, write_coco
from cleanplate.data.datasets.labels.polygons import Polygon, draw_mask
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.data.io.images import read_gray, write_image
from cleanplate.errors import DataError

SIZE = (HEIGHT, WIDTH)
WHOLE, HOLE = Polygon(SQUARE), Polygon(INNER, hole=True)
ISLAND = Polygon(((70, 40), (80, 40), (80, 50), (70, 50)))
OPTIONS = LabelOptions(negatives=True, workers=1)


@pytest.fixture
def shots(tmp_path: Path) -> list[LabelledImage]:
    return find_images(captured(tmp_path))


def near(found: np.ndarray, mask: np.ndarray) -> None:
    """Masks are alike but for the line around, of which every program has its own opinion."""
    line = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    assert not ((found > 0) != (mask > 0))[~line].any()
    overlap = np.logical_and(found, mask).sum() / np.logical_or(found, mask).sum()
    assert overlap > 0.93


def truth_of(out: Path, name: str) -> np.ndarray:
    """The ground truth that was made for a picture."""
    with (out / "pictures.csv").open(newline="") as table:
        number = next(int(row["number"]) for row in csv.DictReader(table) if row["file"] == name)
    return read_gray(out / f"groundtruth/gt{number:06d}.png")


@pytest.mark.parametrize(
    "polygons", [(), (WHOLE,), (WHOLE, HOLE), (WHOLE, HOLE, ISLAND), (WHOLE, HOLE, ISLAND, HOLE)], ids=len
)
@pytest.mark.parametrize("kind", ["labelme", "none", "coco", "both"])
def test_what_is_written_is_read_again(shots: list[LabelledImage], polygons, kind) -> None:
    storage = Storage(kind)
    assert not storage.is_labelled(shots[0])
    storage.write(shots[0], polygons, SIZE)
    assert storage.is_labelled(shots[0])
    mask = draw_mask(polygons, *SIZE)
    np.testing.assert_array_equal(mask_of(shots[0].path.parent), mask)
    known, problem = storage.read(shots[0], SIZE)
    assert known.masked
    assert not problem
    np.testing.assert_array_equal(draw_mask(known.labels.closed, *SIZE), mask)
    if kind in ("labelme", "both"):
        assert known.labels.closed == polygons
    assert shots[0].labelme.is_file() == (kind in ("labelme", "both"))
    assert shots[0].coco.is_file() == (kind in ("coco", "both"))
    assert not [path for path in shots[0].path.parent.iterdir() if path.name.startswith(".")]


def test_a_captured_set_is_read_with_its_masks(shots: list[LabelledImage], tmp_path: Path) -> None:
    storage = Storage()
    storage.write(shots[0], (WHOLE, HOLE), SIZE)
    storage.write(shots[1], (), SIZE)
    assert write_captured(shots[0].path.parent, tmp_path / "out/set1", LabelOptions()) == []
    sequence = read_cdnet(tmp_path / "out/set1")
    assert sequence.truth is not None
    np.testing.assert_array_equal(sequence.truth.read(1), filled(SQUARE, INNER))
    assert not sequence.truth.read(2).any()
    assert sequence.truth.read(3) is None
    assert (tmp_path / "out/set1/groundtruth/gt000001.png").samefile(shots[0].mask)  # it serves as it is


@pytest.mark.parametrize("polygons", [(WHOLE,), (WHOLE, HOLE), (WHOLE, HOLE, ISLAND), (WHOLE, ISLAND, HOLE)], ids=len)
@pytest.mark.parametrize("kind", ["labelme", "both"])
def test_our_labelme_reader_makes_the_same_mask_of_it(
    shots: list[LabelledImage], polygons, kind, tmp_path: Path
) -> None:
    pytest.importorskip("pycocotools")
    Storage(kind).write(shots[0], polygons, SIZE)
    Storage(kind).write(shots[1], (), SIZE)
    assert write_labelme(shots[0].path.parent, tmp_path / "out", OPTIONS) == []
    near(truth_of(tmp_path / "out", "0.png"), draw_mask(polygons, *SIZE))
    assert not truth_of(tmp_path / "out", "1.png").any()


@pytest.mark.parametrize("polygons", [(WHOLE,), (WHOLE, HOLE), (WHOLE, HOLE, ISLAND), (WHOLE, ISLAND, HOLE)], ids=len)
@pytest.mark.parametrize("kind", ["coco", "both"])
def test_pycocotools_and_our_export_reader_make_the_same_mask_of_it(shots, polygons, kind, tmp_path: Path) -> None:
    coco_tools = pytest.importorskip("pycocotools.coco")
    storage = Storage(kind)
    storage.write(shots[1], (), SIZE)
    storage.write(shots[0], (ISLAND,), SIZE)
    storage.write(shots[0], polygons, SIZE)  # takes the place of what was said before
    coco = coco_tools.COCO(str(shots[0].coco))
    assert sorted(image["file_name"] for image in coco.imgs.values()) == ["0.png", "1.png"]
    images = {image["file_name"]: image for image in coco.imgs.values()}
    assert (images["0.png"]["height"], images["0.png"]["width"]) == SIZE
    assert coco.getAnnIds(images["1.png"]["id"]) == []
    annotations = coco.loadAnns(coco.getAnnIds(images["0.png"]["id"], coco.getCatIds(["person"])))
    together = np.max([coco.annToMask(annotation) for annotation in annotations], axis=0)
    mask = draw_mask(polygons, *SIZE)
    near(together, mask)
    for annotation in annotations:
        holed = isinstance(annotation["segmentation"], dict)
        seen = coco.annToMask(annotation)
        ys, xs = np.nonzero(seen)
        left, top, width, height = annotation["bbox"]
        assert abs(left - xs.min()) <= 1
        assert abs(left + width - 1 - xs.max()) <= 1
        assert abs(top - ys.min()) <= 1
        assert abs(top + height - 1 - ys.max()) <= 1
        if holed:
            assert annotation["area"] == seen.sum()
    if polygons == (WHOLE, HOLE):  # run lengths are exact
        np.testing.assert_array_equal(together * 255, mask)
    assert write_export(shots[0].path.parent, tmp_path / "out", OPTIONS) == []
    near(truth_of(tmp_path / "out", "0.png"), mask)
    assert not truth_of(tmp_path / "out", "1.png").any()


def test_a_coco_file_gets_the_pictures_that_were_labelled_before_it_was_asked_for(shots: list[LabelledImage]) -> None:
    Storage("none").write(shots[2], (WHOLE,), SIZE)
    Storage("coco").write(shots[0], (WHOLE,), SIZE)
    content = json.loads(shots[0].coco.read_text())
    assert sorted(image["file_name"] for image in content["images"]) == ["0.png", "2.png"]
    assert sorted(annotation["image_id"] for annotation in content["annotations"]) == [1, 2]


def test_what_others_wrote_into_the_files_stays(shots: list[LabelledImage]) -> None:
    dog = {"label": "dog", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon", "group_id": None, "flags": {}}
    mine = {"version": "5.0.1", "flags": {"blurred": True}, "shapes": [dog], "imageHeight": HEIGHT, "imageWidth": WIDTH}
    shots[0].labelme.write_text(json.dumps(mine))
    theirs = {
        "info": {"year": 2026},
        "categories": [{"id": 7, "name": "dog"}],
        "images": [{"id": 3, "file_name": "0.png", "height": HEIGHT, "width": WIDTH, "license": 1}],
        "annotations": [{"id": 9, "image_id": 3, "category_id": 7, "segmentation": [[1, 1, 9, 1, 9, 9]]}],
    }
    shots[0].coco.write_text(json.dumps(theirs))
    for _ in range(2):
        Storage("both").write(shots[0], (WHOLE,), SIZE)
    kept = json.loads(shots[0].labelme.read_text())
    assert dog in kept["shapes"]
    assert len(kept["shapes"]) == 2
    assert kept["flags"] == {"blurred": True}
    content = json.loads(shots[0].coco.read_text())
    assert content["info"] == {"year": 2026}
    assert content["categories"] == [theirs["categories"][0], {"id": 8, "name": "person", "supercategory": ""}]
    assert content["images"] == theirs["images"]
    assert [item["category_id"] for item in content["annotations"]] == [7, 8]
    assert [item["id"] for item in content["annotations"]] == [9, 10]


@pytest.mark.parametrize(("kind", "file"), [("labelme", "0.json"), ("coco", "annotations.json")])
@pytest.mark.parametrize("content", [b"", b"[1]", b'{"shapes": 3, "images": 4}', b"\xff\xfe\x00"])
def test_a_foreign_json_file_is_left_alone(shots: list[LabelledImage], kind, file, content) -> None:
    path = shots[0].path.with_name(file)
    path.write_bytes(content)
    with pytest.raises(DataError, match=file):
        Storage(kind).write(shots[0], (WHOLE,), SIZE)
    assert path.read_bytes() == content
    np.testing.assert_array_equal(mask_of(shots[0].path.parent), filled(SQUARE))


def test_outlines_come_from_the_mask_where_the_json_does_not_agree(shots: list[LabelledImage]) -> None:
    storage = Storage("labelme")
    storage.write(shots[0], (WHOLE,), SIZE)
    write_image(shots[0].mask, filled(INNER))
    known, _ = storage.read(shots[0], SIZE)
    np.testing.assert_array_equal(draw_mask(known.labels.closed, *SIZE), filled(INNER))
    shots[0].mask.unlink()
    known, _problem = storage.read(shots[0], SIZE)
    assert known.labels.closed == (WHOLE,)
    assert not known.masked


@pytest.mark.parametrize(("value", "scale"), [(255, 1), (1, 1), (65535, 257)], ids=["usual", "zero and one", "16 bits"])
def test_masks_of_other_tools_are_understood(shots: list[LabelledImage], value, scale) -> None:
    kind = np.uint16 if scale > 1 else np.uint8
    cv2.imwrite(str(shots[0].mask), (filled(SQUARE, INNER) > 0).astype(kind) * kind(value))
    known, _problem = Storage().read(shots[0], SIZE)
    np.testing.assert_array_equal(draw_mask(known.labels.closed, *SIZE), filled(SQUARE, INNER))


@pytest.mark.parametrize("content", [b"broken", np.zeros((9, 9), np.uint8)], ids=["broken", "of another size"])
def test_a_mask_that_cannot_be_used_is_told(shots: list[LabelledImage], content) -> None:
    if isinstance(content, bytes):
        shots[0].mask.write_bytes(content)
    else:
        write_image(shots[0].mask, content)
    known, problem = Storage().read(shots[0], SIZE)
    assert not known.masked
    assert "0_mask.png" in problem
    assert "anew" in problem


def test_a_thin_piece_of_a_mask_is_in_the_coco_file(tmp_path: Path) -> None:
    coco_tools = pytest.importorskip("pycocotools.coco")
    from cleanplate.data.datasets.labels.polygons import outlines_of

    mask = np.zeros(SIZE, np.uint8)
    mask[5, 7] = mask[20, 10:30] = 255
    write_coco(tmp_path / "a.json", "person", CocoImage("0.png", SIZE, outlines_of(mask)), lambda _: iter(()))
    coco = coco_tools.COCO(str(tmp_path / "a.json"))
    np.testing.assert_array_equal(np.max([coco.annToMask(item) for item in coco.anns.values()], axis=0) * 255, mask)


def test_pictures_are_found_in_sets_in_a_set_and_in_any_folder(tmp_path: Path) -> None:
    root = tmp_path / "images"
    for name in ("set10", "set2"):
        captured(root, 11, name)
    write_image(root / "set2/0_mask.png", np.zeros(SIZE, np.uint8))
    write_image(root / "set2/screenshot.png", np.zeros(SIZE, np.uint8))
    (root / "notes").mkdir()
    found = find_images(root)
    assert [shot.name for shot in found][:3] == ["set2/0.png", "set2/1.png", "set2/2.png"]
    assert [shot.name for shot in found][-2:] == ["set10/9.png", "set10/10.png"]
    assert found[0].plate == root / "set2/bkg.png"
    assert {shot.path.parent.name for shot in find_images(root, 10)} == {"set10"}
    assert len(find_images(root / "set2")) == 11
    plain = tmp_path / "plain"
    for name in ("b.jpg", "a.png", "a_mask.png", "iron_mask.png"):
        write_image(plain / name, np.zeros((*SIZE, 3), np.uint8))
    assert [shot.name for shot in find_images(plain)] == ["plain/a.png", "plain/b.jpg", "plain/iron_mask.png"]
    assert find_images(plain)[1].mask.name == "b_mask.png"
    assert find_images(plain)[0].plate is None


def test_folders_without_pictures_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no picture to label"):
        find_images(tmp_path)
    captured(tmp_path, 1)
    with pytest.raises(DataError, match="sets there: set1"):
        find_images(tmp_path, 4)
    write_image(tmp_path / "x/a.png", np.zeros((9, 9), np.uint8))
    write_image(tmp_path / "x/a.jpg", np.zeros((9, 9), np.uint8))
    with pytest.raises(DataError, match="the same mask"):
        find_images(tmp_path / "x")
