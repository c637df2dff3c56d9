"""Outputs appear whole or not at all."""

from pathlib import Path

import pytest

from cleanplate.utils.files import remove, replacing


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make(path: Path, kind: str, text: str) -> None:
    if kind == "folder":
        path.mkdir()
        (path / "a").write_text(text)
    else:
        path.write_text(text)


def read(path: Path) -> str:
    return (path / "a").read_text() if path.is_dir() else path.read_text()


@pytest.mark.parametrize("new", ["file", "folder"])
@pytest.mark.parametrize("old", [None, "file", "folder", "link"])
def test_the_new_takes_the_place_of_the_old(tmp_path: Path, old: str | None, new: str) -> None:
    place = tmp_path / "work"
    place.mkdir()
    if old == "link":
        make(tmp_path / "elsewhere", "folder", "kept")
        (place / "out").symlink_to(tmp_path / "elsewhere")
    elif old:
        make(place / "out", old, "old")
    if (old, new) == ("folder", "file"):
        with pytest.raises(IsADirectoryError), replacing(place / "out") as temporary:
            make(temporary, new, "new")
        assert read(place / "out") == "old"
        return
    with replacing(place / "out") as temporary:
        assert temporary.parent == place
        make(temporary, new, "new")
    assert read(place / "out") == "new"
    assert names(place) == ["out"]
    if old == "link":
        assert read(tmp_path / "elsewhere") == "kept"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_fails_leaves_the_old_as_it_was(tmp_path: Path, kind: str) -> None:
    make(tmp_path / "out", kind, "old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "out") as temporary:
        make(temporary, kind, "half")
        raise KeyboardInterrupt
    assert read(tmp_path / "out") == "old"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_where_nothing_was_written_the_old_stays(tmp_path: Path, kind: str) -> None:
    make(tmp_path / "out", kind, "old")
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "out"):
        pass
    assert read(tmp_path / "out") == "old"
    assert names(tmp_path) == ["out"]


def test_missing_folders_above_are_made(tmp_path: Path) -> None:
    with replacing(tmp_path / "a" / "b" / "out") as temporary:
        temporary.write_text("new")
    assert read(tmp_path / "a" / "b" / "out") == "new"


def test_removing_a_link_leaves_what_it_points_at(tmp_path: Path) -> None:
    make(tmp_path / "kept", "folder", "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove(tmp_path / "link")
    assert names(tmp_path) == ["kept"]
    remove(tmp_path / "link")
    remove(tmp_path / "kept")
    assert names(tmp_path) == []
