"""Sets taken before a camera: what is linked, what is written anew, and what is wrong with them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.data.datasets.capture_sets import find_sets, write_captured
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.data.io.images import read_gray, write_image
from cleanplate.errors import DataError

SHAPE = (24, 32)
PERSON = np.zeros(SHAPE, np.uint8)
PERSON[5:20, 8:16] = 255


def picture(value: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    return np.full((*shape, 3), value, np.uint8)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "images" / "set3"
    write_image(place / "bkg.png", picture(200))
    for number in (0, 1, 10, 2):
        write_image(place / f"{number}.png", picture(number + 1))
    for number in (0, 2, 10):
        write_image(place / f"{number}_mask.png", PERSON if number != 10 else np.zeros(SHAPE, np.uint8))
    (place / "notes.txt").touch()
    return place


def taken(place: Path, tmp_path: Path, on_corrupt: str = "error") -> list[str]:
    return write_captured(place, tmp_path / "capture" / "set3", LabelOptions(on_corrupt=on_corrupt))


def test_a_set_is_linked_with_its_clean_plate_and_counted_from_one(place: Path, tmp_path: Path) -> None:
    assert taken(place, tmp_path) == []
    folder = tmp_path / "capture" / "set3"
    sequence = read_cdnet(folder)
    assert sequence.name == "capture/set3"
    assert list(sequence.numbers) == [1, 2, 3, 11]
    assert [int(frame[0, 0, 0]) for _, frame in sequence.frames()] == [1, 2, 3, 11]
    np.testing.assert_array_equal(sequence.clean_plate, picture(200))
    assert sequence.plates is None  # no truth to score against
    assert not sequence.still_pictures
    np.testing.assert_array_equal(sequence.truth.read(1), PERSON)
    np.testing.assert_array_equal(sequence.truth.read(3), PERSON)
    assert sequence.truth.read(2) is None
    assert not sequence.truth.read(11).any()
    links = {"input/in000011.png": "10.png", "groundtruth/gt000003.png": "2_mask.png", "clean_plate.png": "bkg.png"}
    for link, original in links.items():
        assert (folder / link).samefile(place / original)


def test_numbers_that_start_at_one_stay(place: Path, tmp_path: Path) -> None:
    for name in ("0.png", "0_mask.png"):
        (place / name).unlink()
    taken(place, tmp_path)
    assert list(read_cdnet(tmp_path / "capture/set3").numbers) == [1, 2, 10]


@pytest.mark.parametrize(
    "mask",
    [
        cv2.merge([PERSON] * 3),
        np.where(PERSON > 0, 250, 3).astype(np.uint8),
        np.where(PERSON > 0, 1, 0).astype(np.uint8),
        PERSON.astype(np.uint16) * 257,
    ],
    ids=["three channels", "grey seams", "zero and one", "sixteen bits"],
)
def test_a_mask_of_another_kind_is_written_anew_and_the_original_left(place, tmp_path, mask) -> None:
    assert cv2.imwrite(str(place / "0_mask.png"), mask)
    before = (place / "0_mask.png").read_bytes()
    taken(place, tmp_path)
    taken(place, tmp_path)  # as after an interruption: must not write through a link
    written = cv2.imread(str(tmp_path / "capture/set3/groundtruth/gt000001.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(written, PERSON)
    assert written.dtype == np.uint8
    assert not (tmp_path / "capture/set3/groundtruth/gt000001.png").is_symlink()
    assert (place / "0_mask.png").read_bytes() == before


def test_a_mask_that_was_a_link_is_not_written_through(place: Path, tmp_path: Path) -> None:
    taken(place, tmp_path)
    assert cv2.imwrite(str(place / "0_mask.png"), cv2.merge([PERSON // 255] * 3))
    before = (place / "0_mask.png").read_bytes()
    taken(place, tmp_path)
    assert (place / "0_mask.png").read_bytes() == before
    np.testing.assert_array_equal(read_gray(tmp_path / "capture/set3/groundtruth/gt000001.png"), PERSON)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("0_mask.png", b"broken", "0_mask.png: not a picture"),
        ("0_mask.png", np.zeros((9, 9), np.uint8), "0_mask.png: is 9×9, its frame is 32×24"),
        ("7_mask.png", PERSON, "7_mask.png: a mask without a frame"),
    ],
)
def test_a_broken_mask_stops_or_leaves_its_frame_unlabelled(place, tmp_path, name, content, message) -> None:
    if isinstance(content, bytes):
        (place / name).write_bytes(content)
    else:
        write_image(place / name, content)
    with pytest.raises(DataError, match=message):
        taken(place, tmp_path)
    told = taken(place, tmp_path, "skip")
    assert told[0] == "left out as broken: 1"
    assert message in told[1]
    sequence = read_cdnet(tmp_path / "capture/set3")
    assert len(sequence) == 4
    assert (sequence.truth.read(1) is None) == (name == "0_mask.png")


def test_a_set_without_plate_or_frames_is_refused(place: Path, tmp_path: Path) -> None:
    (place / "bkg.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"bkg\.png: not a picture"):
        taken(place, tmp_path)
    (place / "bkg.png").unlink()
    with pytest.raises(DataError, match=r"bkg\.png: cannot be read: No such file"):
        taken(place, tmp_path)
    write_image(place / "bkg.png", picture(200))
    for path in place.glob("[0-9]*"):
        path.unlink()
    with pytest.raises(DataError, match=r"set3: no frames in it \(0\.png"):
        taken(place, tmp_path)


def test_two_frames_of_one_number_are_refused(place: Path, tmp_path: Path) -> None:
    write_image(place / "1.jpg", picture(9))
    with pytest.raises(DataError, match=r"1\.png: has the same number as 1\.jpg"):
        taken(place, tmp_path)


def test_a_clean_plate_of_another_size_is_refused_when_read(place: Path, tmp_path: Path) -> None:
    write_image(place / "bkg.png", picture(200, (12, 16)))
    taken(place, tmp_path)
    with pytest.raises(DataError, match=r"clean_plate\.png: is 16×12, the frames are 32×24"):
        read_cdnet(tmp_path / "capture/set3")


def test_sets_are_found_in_the_order_people_count(place: Path) -> None:
    for name in ("set10", "set1", "other"):
        (place.parent / name).mkdir()
        if name != "other":
            write_image(place.parent / name / "bkg.png", picture(1))
    assert [path.name for path in find_sets(place.parent)] == ["set1", "set3", "set10"]
    assert find_sets(place) == [place]


@pytest.mark.realdata
def test_every_real_set_keeps_every_frame_and_mask(real_data: Path, tmp_path: Path) -> None:
    places = find_sets(real_data / "human-plate") if (real_data / "human-plate").is_dir() else []
    if not places:
        pytest.skip("CLEANPLATE_DATA has no human-plate/")
    for place in places:
        folder = tmp_path / "capture" / place.name
        assert write_captured(place, folder, LabelOptions()) == []
        sequence = read_cdnet(folder)
        frames = sorted(path for path in place.glob("*.png") if path.stem.isdigit())
        assert len(list(sequence.frames())) == len(frames)
        np.testing.assert_array_equal(sequence.clean_plate, cv2.imread(str(place / "bkg.png")))
        for path in frames:
            number = int(path.stem) + 1
            np.testing.assert_array_equal(sequence[list(sequence.numbers).index(number)], cv2.imread(str(path)))
            mask = cv2.imread(str(place / f"{path.stem}_mask.png"), cv2.IMREAD_GRAYSCALE)
            np.testing.assert_array_equal(sequence.truth.read(number), mask)
            assert set(np.unique(mask)) <= {0, 255}
