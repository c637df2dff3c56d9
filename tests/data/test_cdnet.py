"""The CDnet layout with every defect that the public copies are known for."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate import open_sequence
from cleanplate.data.datasets.cdnet import find_scenes, read_cdnet
from cleanplate.data.io.images import write_image
from cleanplate.errors import DataError

HEIGHT, WIDTH = 24, 32
LABELS = np.resize(np.array([0, 50, 85, 170, 255], np.uint8), (HEIGHT, WIDTH))
HALF = np.where(np.arange(WIDTH)[None] < WIDTH // 2, 255, 0).repeat(HEIGHT, axis=0).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    video = tmp_path / "baseline" / "road"
    for number in range(1, 7):
        write_image(video / "input" / f"in{number:06d}.jpg", np.full((HEIGHT, WIDTH, 3), 20 * number, np.uint8))
        write_image(video / "groundtruth" / f"gt{number:06d}.png", LABELS)
    write_image(video / "ROI.bmp", HALF)
    (video / "temporalROI.txt").write_text("3 6\n")
    return video


def test_a_sound_video_has_everything_and_no_defect(folder: Path) -> None:
    sequence = read_cdnet(folder)
    assert sequence.name == "baseline/road"
    assert (len(sequence), list(sequence.numbers), sequence.size) == (6, [1, 2, 3, 4, 5, 6], (HEIGHT, WIDTH))
    assert sequence.temporal_roi == (3, 6)
    np.testing.assert_array_equal(sequence.roi, HALF)
    np.testing.assert_array_equal(sequence.truth.read(6), LABELS)
    assert sequence.plates is None
    assert sequence.defects == []


def test_a_video_folder_is_known_by_its_input(folder: Path) -> None:
    assert open_sequence(folder).truth is not None
    assert open_sequence(str(folder), name="mine").name == "mine"


def test_ground_truth_of_three_channels_among_one_channel_is_read_alike(folder: Path) -> None:
    for number in (2, 4):
        write_image(folder / "groundtruth" / f"gt{number:06d}.png", cv2.merge([LABELS] * 3))
    sequence = read_cdnet(folder)
    for number in sequence.numbers:
        np.testing.assert_array_equal(sequence.truth.read(number), LABELS)


@pytest.mark.parametrize("content", [b"", b"BM not really", None])
def test_where_roi_bmp_cannot_be_read_roi_jpg_serves_thresholded(folder: Path, content: bytes | None) -> None:
    path = folder / "ROI.bmp"
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    seams = cv2.GaussianBlur(HALF, (5, 5), 0)
    write_image(folder / "ROI.jpg", seams)
    sequence = read_cdnet(folder)
    assert set(np.unique(sequence.roi)) == {0, 255}
    np.testing.assert_array_equal(sequence.roi, HALF)
    assert sequence.defects == ["ROI.bmp: cannot be decoded"]


def test_without_a_readable_roi_everything_counts(folder: Path) -> None:
    (folder / "ROI.bmp").unlink()
    assert read_cdnet(folder).roi is None
    (folder / "ROI.jpg").write_bytes(b"")
    sequence = read_cdnet(folder)
    assert sequence.roi is None
    assert sequence.defects == ["ROI.jpg: cannot be decoded"]


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH + 4), (HEIGHT - 3, WIDTH), (2 * HEIGHT, 2 * WIDTH)])
def test_a_white_roi_of_another_size_is_white_at_the_size_of_the_frames(folder: Path, size: tuple[int, int]) -> None:
    write_image(folder / "ROI.bmp", np.full(size, 255, np.uint8))
    sequence = read_cdnet(folder)
    np.testing.assert_array_equal(sequence.roi, np.full((HEIGHT, WIDTH), 255))
    assert sequence.defects[0].startswith(f"ROI: is {size[1]}×{size[0]}, the frames are {WIDTH}×{HEIGHT}")


def test_a_partial_roi_of_another_size_is_brought_to_the_size_of_the_frames(folder: Path) -> None:
    write_image(folder / "ROI.bmp", cv2.resize(HALF, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_NEAREST))
    np.testing.assert_array_equal(read_cdnet(folder).roi, HALF)


def test_an_roi_of_three_channels_is_read_as_one(folder: Path) -> None:
    write_image(folder / "ROI.bmp", cv2.merge([HALF] * 3))
    np.testing.assert_array_equal(read_cdnet(folder).roi, HALF)


def test_stray_files_are_passed_over_and_told(folder: Path) -> None:
    for place in ("input", "groundtruth"):
        for stray in ("Thumbs.db", "._in000001.jpg", "readme1.txt"):
            (folder / place / stray).write_bytes(b"stray")
    sequence = read_cdnet(folder)
    assert len(list(sequence.frames())) == 6
    np.testing.assert_array_equal(sequence.truth.read(1), LABELS)
    told = "passed over ._in000001.jpg, Thumbs.db, readme1.txt"
    assert sequence.defects == [f"input: {told}", f"groundtruth: {told}"]


def test_many_stray_files_are_told_in_short(folder: Path) -> None:
    for number in range(9):
        (folder / "input" / f"{number}.txt").touch()
    assert read_cdnet(folder).defects == ["input: passed over 0.txt, 1.txt, 2.txt, 3.txt, 4.txt …"]


def test_of_two_pictures_of_one_number_the_first_counts_and_the_other_is_told(folder: Path) -> None:
    write_image(folder / "input" / "in000002.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    sequence = read_cdnet(folder)
    assert len(sequence) == 6
    assert sequence[1].mean() > 30
    assert sequence.defects == ["input: passed over in000002.png"]


@pytest.mark.parametrize("text", ["3 6", "3 6\n", "  3\t6  \r\n", "3\n6"])
def test_temporal_roi_is_read_however_it_is_laid_out(folder: Path, text: str) -> None:
    (folder / "temporalROI.txt").write_bytes(text.encode())
    assert read_cdnet(folder).temporal_roi == (3, 6)


def test_without_a_temporal_roi_every_frame_counts(folder: Path) -> None:
    (folder / "temporalROI.txt").unlink()
    assert read_cdnet(folder).temporal_roi is None


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"570", b"all of them", b"3,6", b"-3 6", b"3.0 6.0", "² ³".encode(), b"\xff\xfe\x00"]
)
def test_garbage_in_temporal_roi_is_refused_with_what_it_holds(folder: Path, content: bytes) -> None:
    (folder / "temporalROI.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"temporalROI\.txt: must hold two frame numbers, first and last, holds '"):
        read_cdnet(folder)


def test_a_temporal_roi_that_ends_before_it_begins_is_refused(folder: Path) -> None:
    (folder / "temporalROI.txt").write_text("6 3")
    with pytest.raises(DataError, match=r"temporalROI\.txt: the first frame, 6, comes after the last, 3"):
        read_cdnet(folder)


def test_a_partial_copy_keeps_the_numbers_of_its_frames(folder: Path) -> None:
    for number in (2, 3):
        (folder / "input" / f"in{number:06d}.jpg").unlink()
    (folder / "groundtruth" / "gt000005.png").unlink()
    sequence = read_cdnet(folder)
    assert list(sequence.numbers) == [1, 4, 5, 6]
    assert abs(float(sequence[1].mean()) - 80) < 2
    assert sequence.truth.path(4).name == "gt000004.png"
    assert sequence.truth.read(5) is None
    assert sequence.defects == ["input: 2 frames missing between 1 and 6"]


def test_frames_are_ordered_by_number_and_not_by_name(folder: Path) -> None:
    shutil.move(folder / "input" / "in000001.jpg", folder / "input" / "in10.jpg")
    shutil.move(folder / "input" / "in000002.jpg", folder / "input" / "cam2_9.jpg")
    assert list(read_cdnet(folder).numbers) == [3, 4, 5, 6, 9, 10]


def test_clean_plates_are_held_until_the_next_one(folder: Path) -> None:
    for number in (1, 4):
        write_image(folder / "background" / f"bg{number:06d}.png", np.full((HEIGHT, WIDTH, 3), number, np.uint8))
    plates = read_cdnet(folder).plates
    assert [int(plates.read(number)[0, 0, 0]) for number in range(1, 8)] == [1, 1, 1, 4, 4, 4, 4]


def test_one_background_png_serves_all_frames(folder: Path) -> None:
    write_image(folder / "background.png", np.full((HEIGHT, WIDTH, 3), 99, np.uint8))
    plates = read_cdnet(folder).plates
    assert {int(plates.read(number)[0, 0, 0]) for number in (1, 3, 600)} == {99}


def test_a_clean_plate_of_the_user_is_no_truth(folder: Path) -> None:
    assert read_cdnet(folder).clean_plate is None
    write_image(folder / "clean_plate.png", np.full((HEIGHT, WIDTH, 3), 99, np.uint8))
    sequence = read_cdnet(folder)
    np.testing.assert_array_equal(sequence.clean_plate, np.full((HEIGHT, WIDTH, 3), 99))
    assert sequence.plates is None
    write_image(folder / "clean_plate.png", np.zeros((HEIGHT, WIDTH + 1, 3), np.uint8))
    with pytest.raises(DataError, match=r"clean_plate\.png: is 33×24, the frames are 32×24; take it again"):
        read_cdnet(folder)


def test_a_corrupt_first_frame_is_skipped_when_the_size_is_looked_up(folder: Path) -> None:
    (folder / "input" / "in000001.jpg").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"in000001\.jpg"):
        read_cdnet(folder)
    sequence = read_cdnet(folder, on_corrupt="skip")
    assert sequence.size == (HEIGHT, WIDTH)
    assert [index for index, _ in sequence.frames()] == [1, 2, 3, 4, 5]


def test_a_video_without_input_or_without_frames_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "input")
    with pytest.raises(DataError, match="road: no folder `input` in it"):
        read_cdnet(folder)
    (folder / "input").mkdir()
    (folder / "input" / "Thumbs.db").touch()
    with pytest.raises(DataError, match="input: no numbered pictures in it"):
        read_cdnet(folder)


def test_scenes_are_found_two_folders_down(folder: Path) -> None:
    root = folder.parent.parent
    (root / "baseline" / "other" / "input").mkdir(parents=True)
    (root / "baseline" / "results").mkdir()
    (root / "notes").mkdir()
    assert find_scenes(root) == ["baseline/other", "baseline/road"]
