"""Sets as they lie on disk: numbers, what was there before, what comes between, what does not fit."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cleanplate.data.datasets.capture_sets import find_sets, write_captured
from cleanplate.data.datasets.capture_writer import SetWriter
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.data.io import images
from cleanplate.data.io.images import read_color, write_image
from cleanplate.errors import DataError


def shot(number: int, height: int = 30, width: int = 40) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that lies in a folder, hidden things too."""
    return {str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes() for path in folder.rglob("*")}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_set_is_what_the_reader_of_sets_reads(tmp_path: Path) -> None:
    sets = SetWriter(tmp_path / "new" / "captured")
    assert not (tmp_path / "new").exists()  # nothing was taken yet
    for plate in (10, 20):
        sets.begin(shot(plate))
        for number in range(3):
            assert sets.add(shot(plate + number + 1)).name == f"{number}.png"
    assert (sets.set_count, sets.image_count, sets.images_in_set) == (2, 6, 3)
    found = find_sets(sets.root)
    assert [path.name for path in found] == ["set1", "set2"]
    for path, plate in zip(found, (10, 20), strict=True):
        assert names(path) == ["0.png", "1.png", "2.png", "bkg.png"]
        assert np.array_equal(read_color(path / "bkg.png"), shot(plate))
        assert write_captured(path, tmp_path / path.name, LabelOptions()) == []
        for number in range(3):
            read = read_color(tmp_path / path.name / "input" / f"in{number + 1:06d}.png")
            assert np.array_equal(read, shot(plate + number + 1))


def test_numbers_go_on_after_the_highest_and_what_was_there_stays(tmp_path: Path) -> None:
    for name in ("set1/bkg.png", "set4/bkg.png", "set4/0.png", "images/set90/bkg.png"):
        write_image(tmp_path / name, shot(0))
    (tmp_path / "set5").mkdir()  # no set, but its number is used
    for name in ("set6", "set70.txt", "my set80", "set", "setter100", "set-7", "notes.txt", ".set99"):
        (tmp_path / name).write_text("somebody's")
    before = contents(tmp_path)
    sets = SetWriter(tmp_path)
    assert sets.begin(shot(1)) == tmp_path / "set7" / "bkg.png"
    assert sets.add(shot(2)) == tmp_path / "set7" / "0.png"
    after = contents(tmp_path)
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {"set7", "set7/bkg.png", "set7/0.png"}


def test_leading_zeros_are_the_same_number(tmp_path: Path) -> None:
    write_image(tmp_path / "set007" / "bkg.png", shot(0))
    assert SetWriter(tmp_path).begin(shot(1)).parent.name == "set8"


def test_nothing_is_added_before_a_background_nor_to_a_set_of_an_earlier_session(tmp_path: Path) -> None:
    SetWriter(tmp_path).begin(shot(0))
    before = contents(tmp_path)
    with pytest.raises(DataError, match=r"take the background first \(b\)"):
        SetWriter(tmp_path).add(shot(1))
    assert contents(tmp_path) == before


def test_two_sessions_in_one_folder_keep_apart(tmp_path: Path) -> None:
    one, other = SetWriter(tmp_path), SetWriter(tmp_path)
    for number in range(3):
        assert one.begin(shot(number)).parent.name == f"set{2 * number + 1}"
        assert other.begin(shot(number)).parent.name == f"set{2 * number + 2}"
    assert one.add(shot(7)).parent.name == "set5"
    assert other.add(shot(8)).parent.name == "set6"


def test_a_folder_that_appears_just_then_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Path.mkdir

    def late(self: Path, *arguments: object, **options: object) -> None:
        if self.name in ("set1", "set2") and not self.exists():
            write_image(tmp_path / "theirs.png", shot(50))
            made(self)
            (self / "bkg.png").write_bytes(b"theirs")
        made(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", late)
    assert SetWriter(tmp_path).begin(shot(1)).parent.name == "set3"
    assert (tmp_path / "set2" / "bkg.png").read_bytes() == b"theirs"
    assert names(tmp_path / "set2") == ["bkg.png"]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_file_that_appears_just_then_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    written = images.write_image

    def late(path: Path, image: np.ndarray) -> None:
        if path.name == ".0.part.png":
            (path.parent / "0.png").write_bytes(b"theirs")
        written(path, image)

    if not links:
        monkeypatch.setattr(os, "link", _refuses(errno.EPERM))
    sets = SetWriter(tmp_path)
    sets.begin(shot(1))
    monkeypatch.setattr(images, "write_image", late)
    assert sets.add(shot(2)).name == "1.png"
    assert names(tmp_path / "set1") == ["0.png", "1.png", "bkg.png"]
    assert (tmp_path / "set1" / "0.png").read_bytes() == b"theirs"
    assert np.array_equal(read_color(tmp_path / "set1" / "1.png"), shot(2))


@pytest.mark.parametrize("taken", ["0.jpg", "0_mask.png", "00.png", "0.json"])
def test_a_number_that_somebody_used_is_passed_over_whatever_for(tmp_path: Path, taken: str) -> None:
    sets = SetWriter(tmp_path)
    sets.begin(shot(1))
    (tmp_path / "set1" / taken).write_bytes(b"theirs")
    assert sets.add(shot(2)).name == "1.png"
    assert (tmp_path / "set1" / taken).read_bytes() == b"theirs"


def test_on_a_file_system_without_links_pictures_are_whole_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _refuses(errno.EOPNOTSUPP))
    sets = SetWriter(tmp_path)
    sets.begin(shot(1))
    sets.add(shot(2))
    assert names(tmp_path / "set1") == ["0.png", "bkg.png"]
    assert np.array_equal(read_color(tmp_path / "set1" / "0.png"), shot(2))
    monkeypatch.setattr(Path, "replace", _refuses(errno.EIO))
    with pytest.raises(DataError, match="Input/output error"):
        sets.add(shot(3))
    assert names(tmp_path / "set1") == ["0.png", "bkg.png"]


def test_a_set_that_was_removed_meanwhile_is_not_made_again_without_its_background(tmp_path: Path) -> None:
    sets = SetWriter(tmp_path)
    sets.begin(shot(1)).unlink()
    (tmp_path / "set1").rmdir()
    with pytest.raises(DataError, match=r"set1 is gone: take the background again \(b\)"):
        sets.add(shot(2))
    assert names(tmp_path) == []
    with pytest.raises(DataError, match="take the background first"):
        sets.add(shot(2))
    tmp_path.rmdir()
    assert sets.begin(shot(3)) == tmp_path / "set1" / "bkg.png"


def test_a_frame_of_another_size_than_the_background_is_refused(tmp_path: Path) -> None:
    sets = SetWriter(tmp_path)
    sets.begin(shot(1))
    with pytest.raises(DataError, match="another size"):
        sets.add(shot(2, 60, 80))
    assert names(tmp_path / "set1") == ["bkg.png"]
    sets.add(shot(2))


_FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from cleanplate.data.datasets.capture_writer import SetWriter
from cleanplate.errors import DataError

def attempt(action):
    try:
        print("written", action().name)
    except DataError as error:
        print("told", error)

noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
sets = SetWriter(Path(sys.argv[1]))
attempt(lambda: sets.begin(noise))
attempt(lambda: sets.add(noise))
limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limit))
attempt(lambda: sets.add(noise))
attempt(lambda: sets.add(np.zeros_like(noise)))
attempt(lambda: sets.begin(noise))
attempt(lambda: sets.add(noise))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
attempt(lambda: sets.begin(noise))
attempt(lambda: sets.add(noise))
"""


def test_where_there_is_no_room_nothing_half_is_left_and_it_goes_on_with_room_again(tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
        pytest.skip("files are limited here already")
    done = subprocess.run([sys.executable, "-c", _FULL, tmp_path], capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert said[:2] == ["written bkg.png", "written 0.png"]
    assert said[2] == f"told not saved: {tmp_path}/set1 cannot be written to: File too large; make room and try again"
    assert said[3] == "written 1.png"  # a small one fits
    assert said[4].startswith(f"told not saved: {tmp_path} cannot be written to: File too large")
    assert said[5] == "told take the background first (b)"  # the old set's background is out of date
    assert said[6:] == ["written bkg.png", "written 0.png"]
    everything = contents(tmp_path)
    assert sorted(name for name, data in everything.items() if data is None) == ["set1", "set2"]
    pictures = [data for data in everything.values() if data is not None]
    assert len(pictures) == 5
    for data in pictures:
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) is not None


@pytest.mark.parametrize("out", ["a file", "a file/captured", "a file/deep/er"])
def test_a_place_that_cannot_be_written_to_is_told_at_once(tmp_path: Path, out: str) -> None:
    (tmp_path / "a file").write_text("x")
    with pytest.raises(DataError, match="a file: Not a directory; give another folder with --out"):
        SetWriter(tmp_path / out)
    assert contents(tmp_path) == {"a file": b"x"}


def test_a_place_that_turns_read_only_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = SetWriter(tmp_path)
    sets.begin(shot(1))
    monkeypatch.setattr(Path, "write_bytes", _refuses(errno.EROFS))
    with pytest.raises(DataError, match=r"set1 cannot be written to: Read-only file system"):
        sets.add(shot(2))
    with pytest.raises(DataError, match=r"cannot be written to: Read-only file system"):
        sets.begin(shot(2))
    assert sorted(contents(tmp_path)) == ["set1", "set1/bkg.png"]


def _refuses(number: int) -> Callable[..., None]:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse
