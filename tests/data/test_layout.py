"""Bringing frames into the CDnet layout: links, decoded pictures, and the first look at every frame."""

from pathlib import Path

import numpy as np
import pytest

from cleanplate import open_sequence
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.layout import check_frames, link_tree, write_frames
from cleanplate.data.io.images import write_image
from cleanplate.errors import DataError


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for number in range(1, 5):
        write_image(tmp_path / "shots" / f"{number}.png", np.full((8, 10, 3), number, np.uint8))
    return tmp_path / "shots"


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("**/*")) if path.is_file()}


def test_a_linked_tree_holds_the_same_files_and_copies_none(scene_folder: Path, tmp_path: Path) -> None:
    link_tree(scene_folder, tmp_path / "deep" / "er")
    assert files_below(tmp_path / "deep" / "er") == files_below(scene_folder)
    linked = tmp_path / "deep" / "er" / "input" / "in000001.jpg"
    assert linked.is_symlink()
    assert not linked.parent.is_symlink()
    assert read_cdnet(tmp_path / "deep" / "er", "a/b").temporal_roi == read_cdnet(scene_folder).temporal_roi


def test_links_hold_when_the_source_was_named_relatively(scene_folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(scene_folder.parent)
    link_tree(Path(scene_folder.name), tmp_path / "linked")
    monkeypatch.chdir(tmp_path)
    assert len(list(read_cdnet(Path("linked")).frames())) == 40


def test_a_folder_that_is_a_link_to_another_disk_is_entered(scene_folder: Path, tmp_path: Path) -> None:
    video = tmp_path / "video"
    video.mkdir()
    (video / "input").symlink_to(scene_folder / "input")
    link_tree(video, tmp_path / "linked")
    assert len(read_cdnet(tmp_path / "linked")) == 40


def test_frames_are_written_without_loss_under_their_numbers(pictures: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    write_frames(open_sequence(pictures), tmp_path / "a" / "b", seen.append)
    written = read_cdnet(tmp_path / "a" / "b")
    assert list(written.numbers) == [1, 2, 3, 4]
    assert [int(frame[0, 0, 0]) for _, frame in written.frames()] == [1, 2, 3, 4]
    assert seen == [1, 2, 3, 4]


def test_a_skipped_frame_leaves_a_gap_in_the_numbers(pictures: Path, tmp_path: Path) -> None:
    (pictures / "2.png").write_bytes(b"broken")
    write_frames(open_sequence(pictures, on_corrupt="skip"), tmp_path / "out")
    written = read_cdnet(tmp_path / "out")
    assert list(written.numbers) == [1, 3, 4]
    assert written.defects == ["input: 1 frames missing between 1 and 4"]


def test_checking_tells_what_was_survived(pictures: Path) -> None:
    (pictures / "2.png").write_bytes(b"broken")
    sequence = open_sequence(pictures)
    sequence.defects.append("ROI.bmp: cannot be decoded")
    with pytest.raises(DataError, match=r"2\.png"):
        check_frames(sequence, "error")
    told = check_frames(sequence, "skip")
    assert told == ["ROI.bmp: cannot be decoded", f"skipped, cannot be decoded: {pictures / '2.png'}"]


def test_a_link_is_told_with_the_file_it_leads_to(pictures: Path, tmp_path: Path) -> None:
    (pictures / "2.png").write_bytes(b"broken")
    link_tree(pictures, tmp_path / "linked")
    told = check_frames(open_sequence(tmp_path / "linked", on_corrupt="skip"), "skip", threads=4)
    assert told == [f"skipped, cannot be decoded: {tmp_path / 'linked/2.png'} ({(pictures / '2.png').resolve()})"]


def test_checking_finds_a_frame_of_another_size(pictures: Path) -> None:
    write_image(pictures / "4.png", np.zeros((9, 10, 3), np.uint8))
    with pytest.raises(DataError, match=r"4\.png: is 10×9"):
        check_frames(open_sequence(pictures), "skip")
