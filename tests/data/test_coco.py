"""Masks of COCO annotations, against rectangles counted by hand and the COCO toolbox used instance by instance."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.coco import find_splits, write_coco
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.errors import DataError
from cleanplate.utils import parallel
from labelled_sets import CocoFiles, box, rectangle, reference_masks, run_lengths

SHAPE = (40, 60)


@pytest.fixture
def files(tmp_path: Path) -> CocoFiles:
    return CocoFiles(tmp_path / "coco")


def built(files: CocoFiles, folder: Path, **options) -> list[str]:
    return write_coco(files.save().annotations, files.pictures, folder, LabelOptions(**options))


def mask(folder: Path, number: int) -> np.ndarray:
    read = cv2.imread(str(folder / f"groundtruth/gt{number:06d}.png"), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert (read.dtype, read.ndim) == (np.uint8, 2)
    return read


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "pictures.csv").open() as file:
        return list(csv.DictReader(file))


def test_overlapping_instances_of_several_polygons_are_united(files: CocoFiles, tmp_path: Path) -> None:
    files.picture(5).label(5, [rectangle(2, 3, 12, 20), rectangle(40, 5, 50, 9)]).label(5, [rectangle(8, 10, 30, 35)])
    assert built(files, tmp_path / "out") == []
    expected = box(SHAPE, 2, 3, 12, 20) | box(SHAPE, 40, 5, 50, 9) | box(SHAPE, 8, 10, 30, 35)
    np.testing.assert_array_equal(mask(tmp_path / "out", 1), np.where(expected, 255, 0))


def test_a_crowd_does_not_count_where_no_instance_covers_it(files: CocoFiles, tmp_path: Path) -> None:
    crowd = box(SHAPE, 0, 0, 60, 20)
    files.picture(5).label(5, run_lengths(crowd), crowd=True).label(5, [rectangle(10, 10, 20, 30)])
    built(files, tmp_path / "out")
    expected = np.where(box(SHAPE, 10, 10, 20, 30), 255, np.where(crowd, 170, 0))
    np.testing.assert_array_equal(mask(tmp_path / "out", 1), expected)


def test_plain_and_compressed_run_lengths_are_the_same(files: CocoFiles, tmp_path: Path) -> None:
    from pycocotools import mask as toolbox

    blot = np.random.default_rng(3).random(SHAPE) < 0.4
    blot[:, 20:50] = True  # long runs, and differences of both signs
    compressed = toolbox.encode(np.asfortranarray(blot.astype(np.uint8)))
    files.picture(1).label(1, run_lengths(blot))
    files.picture(2).label(2, {"size": compressed["size"], "counts": compressed["counts"].decode()})
    built(files, tmp_path / "out")
    for number in (1, 2):
        np.testing.assert_array_equal(mask(tmp_path / "out", number), np.where(blot, 255, 0))


@pytest.mark.parametrize(("smallest", "value"), [(0, 255), (15, 255), (16, 170)])
def test_an_instance_of_fewer_pixels_does_not_count(files: CocoFiles, tmp_path: Path, smallest: int, value: int):
    files.picture(1).label(1, [rectangle(2, 2, 7, 5)]).label(1, [rectangle(20, 10, 40, 30)])
    built(files, tmp_path / "out", smallest=smallest)
    expected = np.where(box(SHAPE, 20, 10, 40, 30), 255, np.where(box(SHAPE, 2, 2, 7, 5), value, 0))
    np.testing.assert_array_equal(mask(tmp_path / "out", 1), expected)


@pytest.mark.parametrize(
    ("categories", "kept", "inside"),
    [
        (("person",), ["1", "2"], [box(SHAPE, 0, 0, 9, 9), box(SHAPE, 5, 5, 15, 15)]),
        (("car",), ["1"], [box(SHAPE, 30, 0, 40, 9)]),
        (("person", "car"), ["1", "2"], [box(SHAPE, 0, 0, 9, 9) | box(SHAPE, 30, 0, 40, 9), box(SHAPE, 5, 5, 15, 15)]),
        ((), ["1", "2", "3"], [None, None, box(SHAPE, 1, 1, 30, 30)]),
    ],
)
def test_categories_are_chosen_by_name(files: CocoFiles, tmp_path: Path, categories, kept, inside) -> None:
    files.picture(3).label(3, [rectangle(1, 1, 30, 30)], category=7)
    files.picture(1).label(1, [rectangle(0, 0, 9, 9)]).label(1, [rectangle(30, 0, 40, 9)], category=3)
    files.picture(2).label(2, [rectangle(5, 5, 15, 15)])
    built(files, tmp_path / "out", categories=categories)
    assert [str(int(Path(row["file"]).stem)) for row in rows(tmp_path / "out")] == kept
    for number, expected in enumerate(inside, 1):
        if expected is not None:
            np.testing.assert_array_equal(mask(tmp_path / "out", number) == 255, expected)


def test_a_category_that_is_not_there_is_refused_with_the_choices(files: CocoFiles, tmp_path: Path) -> None:
    files.picture(1).label(1, [rectangle(0, 0, 9, 9)])
    with pytest.raises(DataError, match=r"instances_train2017\.json: data\.categories: 'persn' .* car, dog, person"):
        built(files, tmp_path / "out", categories=("persn",), on_corrupt="skip")


@pytest.mark.parametrize(("negatives", "numbers"), [(False, [7]), (True, [2, 7, 9])])
def test_pictures_without_the_category_are_kept_on_request(files, tmp_path, negatives, numbers) -> None:
    files.picture(9).picture(7).label(7, [rectangle(0, 0, 9, 9)]).picture(2).label(2, [rectangle(0, 0, 9, 9)], 3)
    built(files, tmp_path / "out", negatives=negatives)
    table = rows(tmp_path / "out")
    assert [row["file"] for row in table] == [f"{number:012d}.jpg" for number in numbers]
    for row, number in zip(table, numbers, strict=True):
        assert mask(tmp_path / "out", int(row["number"])).any() == (number == 7)


def test_the_set_is_a_sequence_of_linked_pictures_in_the_order_of_their_ids(files: CocoFiles, tmp_path: Path) -> None:
    files.picture(30, 50, 20).label(30, [rectangle(0, 0, 10, 25)])
    files.picture(4, 40, 60).label(4, [rectangle(0, 0, 30, 40)])
    built(files, tmp_path / "a" / "b")
    assert (tmp_path / "a/b/input/in000002.jpg").resolve() == (files.pictures / "000000000030.jpg").resolve()
    sequence = read_cdnet(tmp_path / "a" / "b")
    assert sequence.still_pictures
    assert [frame.shape for _, frame in sequence.frames()] == [(40, 60, 3), (50, 20, 3)]
    assert rows(tmp_path / "a" / "b")[1] == {
        "number": "2",
        "file": "000000000030.jpg",
        "width": "20",
        "height": "50",
        "share": "0.250000",
        "split": "train2017",
        "licence": "Attribution License",
    }
    with pytest.raises(DataError, match="a/b: holds pictures of different sizes"):
        sequence.stack()


def test_several_processes_make_what_one_makes(files: CocoFiles, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(parallel, "ITEMS_PER_PROCESS", 2)
    monkeypatch.setattr(parallel, "ITEMS_PER_TASK", 2)
    for number in range(1, 10):
        files.picture(number).label(number, [rectangle(number, 2, 30 + number, 20)])
    (files.pictures / "000000000004.jpg").unlink()
    told = [built(files, tmp_path / str(workers), workers=workers, on_corrupt="skip") for workers in (1, 3)]
    assert told[0] == told[1]
    one, three = (
        {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("1", "3")
    )
    assert one == three
    assert len(rows(tmp_path / "3")) == 8


def test_splits_are_found_by_their_annotations(tmp_path: Path) -> None:
    for split in ("val2017", "train10", "train9"):
        CocoFiles(tmp_path, split).save()
    (tmp_path / "test2017").mkdir()
    assert [path.name for path in find_splits(tmp_path)] == ["train9", "train10", "val2017"]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("categories", "smallest", "pictures"), [({"person"}, 0, 109), ({"person"}, 400, 109), ({"car", "dog"}, 2000, None)]
)
def test_masks_of_all_real_pictures_agree_pixel_by_pixel(real_data, tmp_path, categories, smallest, pictures) -> None:
    if not (real_data / "coco").is_dir():
        pytest.skip("CLEANPLATE_DATA has no coco/")
    seen, labels = 0, set()
    for split in find_splits(real_data / "coco"):
        annotations = real_data / "coco/annotations" / f"instances_{split.name}.json"
        folder = tmp_path / split.name
        options = LabelOptions(tuple(sorted(categories)), smallest, negatives=True)
        assert write_coco(annotations, split, folder, options) == []
        reference = reference_masks(annotations, categories, smallest)
        assert len(rows(folder)) == len(list(split.glob("*.jpg")))
        for row in rows(folder):
            made = mask(folder, int(row["number"]))
            expected = reference.get(row["file"], np.zeros_like(made))
            np.testing.assert_array_equal(made, expected)
            assert float(row["share"]) == pytest.approx(np.mean(expected == 255), abs=1e-6)
            assert (folder / f"input/in{int(row['number']):06d}.jpg").samefile(split / row["file"])
            labels |= set(np.unique(made).tolist())
        seen += len(reference)
    assert labels == {0, 170, 255}
    assert pictures is None or seen == pictures
