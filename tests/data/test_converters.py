"""Sets in a layout of their own: what is read from them is the CDnet layout, in links where nothing changes."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from acquire.archives import picture
from cleanplate.data.datasets.cdnet import find_scenes, read_cdnet
from cleanplate.data.datasets.converters import convert_lasiesta, convert_sbi, convert_sbmnet
from cleanplate.data.datasets.converters.lasiesta import lasiesta_labels
from cleanplate.data.io.images import read_gray
from cleanplate.errors import DataError


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def colours(*bgr: tuple[int, int, int]) -> bytes:
    """A truth of 12×16 with a column per colour, black to the right of them."""
    image = np.zeros((12, 16, 3), np.uint8)
    for column, colour in enumerate(bgr):
        image[:, column] = colour
    return cv2.imencode(".png", image)[1].tobytes()


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return tmp_path / "root" / "originals" / "set"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def test_sbmnet(original: Path, root: Path) -> None:
    frames = {f"in{number:06d}.jpg": picture(".jpg", 10 * number) for number in range(1, 5)}
    write(original, {f"SBMnet_dataset/basic/511/input/{name}": content for name, content in frames.items()})
    write(original, {"SBMnet_dataset/basic/511/GT/GT_background.jpg": picture(".jpg", 7)})
    write(original, {f"SBMnet_dataset/jitter/O_SM_04/input/{name}": content for name, content in frames.items()})
    write(original, {f"SBMnet_dataset/jitter/O_SM_04/GT/GT_background{n}.jpg": picture(".jpg", n) for n in (1, 2)})
    told: list[int] = []
    assert convert_sbmnet(original, root, told.append) == ["basic/511", "jitter/O_SM_04"]
    assert told == [1, 2]
    assert find_scenes(root) == ["basic/511", "jitter/O_SM_04"]
    one, several = read_cdnet(root / "basic/511"), read_cdnet(root / "jitter/O_SM_04")
    assert list(one.numbers) == [1, 2, 3, 4]
    assert one.plates is not None
    assert np.abs(one.plates.read(3).astype(int) - 7).max() <= 2
    assert [path.name for path in sorted((root / "jitter/O_SM_04/background").iterdir())] == [
        "GT_background1.jpg",  # names by which scoring knows alternatives
        "GT_background2.jpg",
    ]
    assert several.truth is None
    assert one.defects == several.defects == []


def test_links_are_relative_so_that_the_set_can_be_moved(original: Path, root: Path, tmp_path: Path) -> None:
    write(original, {"basic/511/input/in000001.jpg": picture(".jpg", 33)})
    convert_sbmnet(original, root)
    frame = root / "basic/511/input/in000001.jpg"
    assert frame.is_symlink()
    assert not frame.readlink().is_absolute()
    shutil.move(root, tmp_path / "elsewhere")
    assert len(list(read_cdnet(tmp_path / "elsewhere/basic/511").frames())) == 1


def test_what_was_read_is_left_as_it_is(original: Path, root: Path) -> None:
    write(original, {"basic/511/input/in000001.jpg": picture(".jpg", 33)})
    convert_sbmnet(original, root)
    before = (root / "basic/511/input").stat().st_mtime_ns
    assert convert_sbmnet(original, root) == ["basic/511"]
    assert (root / "basic/511/input").stat().st_mtime_ns == before


def test_a_reader_that_was_killed_begins_that_video_anew(original: Path, root: Path) -> None:
    write(original, {"basic/511/input/in000001.jpg": picture(".jpg", 33)})
    write(root, {"basic/.511.part/input/in000009.jpg": b"half"})
    convert_sbmnet(original, root)
    assert find_scenes(root) == ["basic/511"]


@pytest.mark.parametrize("frames", ["input/in", "frames/Board_", "Board/Board_", "Board_"])
@pytest.mark.parametrize("background", ["GT_Board.png", "GT/GT_Board.jpg", "Board_background.bmp"])
def test_sbi_in_the_forms_that_it_comes_in(original: Path, root: Path, frames: str, background: str) -> None:
    write(original, {f"Board/{frames}{number:06d}.png": picture(".png", number) for number in range(4)})
    write(original, {f"Board/{background}": picture(Path(background).suffix, 7)})
    write(original, {f"Board/groundtruth/gt{number:06d}.png": picture(".png", 255, channels=1) for number in range(4)})
    assert convert_sbi(original, root) == ["sbi/Board"]
    board = read_cdnet(root / "sbi/Board")
    assert list(board.numbers) == [0, 1, 2, 3]
    assert board.temporal_roi == (0, 3)
    assert [int(frame[0, 0, 0]) for _, frame in board.frames()] == [0, 1, 2, 3]
    assert np.abs(board.plates.read(2).astype(int) - 7).max() <= 2
    assert (board.truth.read(2) == 255).all()
    assert (root / "sbi/Board/groundtruth/gt000002.png").is_symlink()


def test_masks_of_sbi_that_are_not_black_and_white_are_made_so(original: Path, root: Path) -> None:
    grey = np.tile(np.array([0, 3, 120, 140, 250, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], np.uint8), (12, 1))
    mask = cv2.imencode(".png", grey)[1].tobytes()
    write(original, {f"Board/input/in{number:06d}.png": picture(".png", number) for number in range(2)})
    write(original, {f"Board/GT/{number:06d}.png": mask for number in range(2)})
    convert_sbi(original, root)
    labels = read_gray(root / "sbi/Board/groundtruth/gt000001.png")
    assert np.array_equal(labels, np.where(grey > 127, 255, 0))
    assert read_cdnet(root / "sbi/Board").plates is None


def test_masks_of_sbi_with_loss_are_refused(original: Path, root: Path) -> None:
    write(original, {f"Board/input/in{number:06d}.png": picture(".png", number) for number in range(2)})
    write(original, {f"Board/GT/{number:06d}.jpg": picture(".jpg") for number in range(2)})
    with pytest.raises(DataError, match=r"000000\.jpg: masks in a lossy format"):
        convert_sbi(original, root)
    assert not (root / "sbi" / "Board").exists()


@pytest.mark.realdata
def test_real_sbi_sequences_read_as_they_lie(real_data: Path, root: Path) -> None:
    scenes = convert_sbi(real_data / "sbi", root)
    assert scenes == ["sbi/Board", "sbi/CAVIAR2", "sbi/Foliage", "sbi/Toscana"]
    board = read_cdnet(root / "sbi/Board")
    assert len(board) == 228
    assert board.temporal_roi == (0, 227)
    assert set(np.unique(board.truth.read(100)).tolist()) <= {0, 170, 255}
    assert board.roi is not None


def test_lasiesta(original: Path, root: Path) -> None:
    red, green, yellow, white, grey = (0, 0, 255), (0, 255, 0), (0, 255, 255), (255, 255, 255), (128, 128, 128)
    for number in range(1, 12):
        write(original, {f"I_SI_01/I_SI_01/I_SI_01-{number}.bmp": picture(".bmp", number)})
        truth = colours(red, green, yellow, white, grey) if number == 11 else colours()
        write(original, {f"I_SI_01/I_SI_01-GT/I_SI_01-GT_{number}.png": truth})
    assert convert_lasiesta(original, root) == ["I_SI/I_SI_01"]
    sequence = read_cdnet(root / "I_SI/I_SI_01")
    assert list(sequence.numbers) == list(range(1, 12))
    assert [int(frame[0, 0, 0]) for _, frame in sequence.frames()] == list(range(1, 12))
    assert (root / "I_SI/I_SI_01/input/in000011.bmp").is_symlink()
    assert sequence.truth.read(11)[5].tolist() == [255, 255, 255, 255, 170] + [0] * 11
    assert not sequence.truth.read(10).any()
    assert sequence.temporal_roi == (1, 11)


def test_labels_of_lasiesta_agree_with_a_loop_over_pixels() -> None:
    by_rgb = {"0,0,0": 0, "255,0,0": 255, "0,255,0": 255, "255,255,0": 255, "255,255,255": 255, "128,128,128": 170}
    palette = np.array([[int(part) for part in rgb.split(",")][::-1] for rgb in by_rgb], np.uint8)
    picked = np.random.default_rng(0).integers(0, 6, (9, 11))
    labels = lasiesta_labels(palette[picked])
    for row, column in np.ndindex(9, 11):
        assert labels[row, column] == list(by_rgb.values())[picked[row, column]]


def test_a_colour_of_lasiesta_without_meaning_is_refused(original: Path, root: Path) -> None:
    write(original, {"I_SI_01/I_SI_01-1.bmp": picture(".bmp"), "I_SI_01-GT/I_SI_01-GT_1.png": colours((255, 0, 1))})
    with pytest.raises(DataError, match=r"I_SI_01-GT_1\.png: holds the colour \(1, 0, 255\)"):
        convert_lasiesta(original, root)
    assert find_scenes(root) == []


def test_a_truth_of_lasiesta_without_its_frame_is_refused(original: Path, root: Path) -> None:
    write(original, {"I_SI_01/I_SI_01-1.bmp": picture(".bmp"), "I_SI_01-GT/I_SI_01-GT_2.png": colours()})
    with pytest.raises(DataError, match=r"I_SI_01-GT_2\.png: belongs to frame 2"):
        convert_lasiesta(original, root)


@pytest.mark.parametrize("reader", [convert_sbmnet, convert_sbi, convert_lasiesta])
def test_a_folder_that_holds_something_else_is_told(reader, original: Path, root: Path) -> None:
    write(original, {"readme.txt": b"x"})
    with pytest.raises(DataError, match="below it"):
        reader(original, root)
