"""Unpacking archives that nobody has looked into: whatever is refused leaves no folder, and nothing outside it."""

import errno
import io
import os
import stat
import struct
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from acquire.archives import noise, tarred, zipped
from cleanplate.acquire import archive_members
from cleanplate.acquire.unpacking import Limits, unpack
from cleanplate.errors import ConfigError, DataError

GOOD = {"dataset/a/1.txt": b"one", "dataset/a/2.txt": b"two" * 1000, "dataset/b.bin": noise(5000)}
HOSTILE_NAMES = [
    "../out.txt", "dataset/../../out.txt", "/tmp/out.txt", "..\\out.txt", "C:\\out.txt", "c:out.txt", "\\\\host\\out",
    "dataset/..", "a/\0b" if os.name == "nt" else "a/../..",
]  # fmt: skip


def write(tmp_path: Path, content: bytes, name: str = "set.zip") -> Path:
    folder = tmp_path / "archives"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def refused(archive: Path, message: str, limits: Limits | None = None) -> None:
    """Refused with that message, and nothing is left of it, anywhere."""
    folder = archive.parent.parent
    before = set(folder.rglob("*"))
    with pytest.raises(DataError, match=message) as caught:
        unpack(archive, folder / "unpacked", limits)
    assert archive.name in str(caught.value)
    assert set(folder.rglob("*")) == before


def zip_entry(name: str, content: bytes, mode: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("dataset/first.txt", b"fine")
        info = zipfile.ZipInfo("placeholder")
        info.filename = name  # as it is: the constructor would tidy it up
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return buffer.getvalue()


def tar_entry(name: str, kind: bytes, target: str = "", **more: Any) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        first = tarfile.TarInfo("dataset/first.txt")
        first.size = 4
        archive.addfile(first, io.BytesIO(b"fine"))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        for key, value in more.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(b""))
    return buffer.getvalue()


@pytest.mark.parametrize(("pack", "name"), [(zipped, "set.zip"), (tarred, "set.tar.gz"), (tarred, "set.tgz")])
def test_an_honest_archive_is_unpacked_whole(pack: Any, name: str, tmp_path: Path) -> None:
    told: list[int] = []
    unpack(write(tmp_path, pack(GOOD), name), tmp_path / "out", progress=lambda done, total: told.append(done))
    files = {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
             for path in (tmp_path / "out").rglob("*") if path.is_file()}  # fmt: skip
    assert files == GOOD
    assert told[-1] == sum(map(len, GOOD.values()))
    assert {path.name for path in tmp_path.iterdir()} == {"archives", "out"}


def test_what_a_real_program_packs_is_unpacked(tmp_path: Path) -> None:
    for name, content in GOOD.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_bytes(content)
    (tmp_path / "source" / "dataset" / "link").symlink_to("a/1.txt")
    (tmp_path / "archives").mkdir()
    archive = tmp_path / "archives" / "set.tar.gz"
    subprocess.run(["tar", "czf", archive, "-C", tmp_path / "source", "."], check=True)
    unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "dataset" / "link").read_bytes() == b"one"
    assert (tmp_path / "out" / "dataset" / "b.bin").read_bytes() == GOOD["dataset/b.bin"]


def test_what_lay_there_is_replaced_and_what_a_killed_one_left_is_cleared(tmp_path: Path) -> None:
    archive = write(tmp_path, zipped(GOOD))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    (tmp_path / ".out.part").mkdir()  # of an attempt that was killed
    (tmp_path / ".out.part" / "half.txt").write_text("half")
    unpack(archive, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"archives", "out"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"dataset"}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    refused(write(tmp_path, zip_entry(name, b"evil", stat.S_IFREG | 0o644)), "leads out of the folder")
    refused(write(tmp_path, tar_entry(name, tarfile.REGTYPE), "set.tar.gz"), "leads out of the folder")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "..", "C:\\windows", "a/../../../x"])
def test_links_that_lead_out_are_refused(target: str, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    link = zip_entry("dataset/link", target.encode(), stat.S_IFLNK | 0o777)
    inside = target == ".."  # of dataset/link: the folder itself
    if inside:
        unpack(write(tmp_path, link), tmp_path / "unpacked")
        assert (tmp_path / "unpacked" / "dataset" / "link").resolve() == (tmp_path / "unpacked").resolve()
        return
    refused(write(tmp_path, link), "link that leads out")
    refused(write(tmp_path, tar_entry("dataset/link", tarfile.SYMTYPE, target), "set.tar.gz"), "link that leads out")


def test_links_that_lead_out_over_another_link_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, target in (("deep/here", ".."), ("deep/there", "here/../..")):  # deep/there, read as text, is inside
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
    refused(write(tmp_path, buffer.getvalue()), "'deep/there' in it is a link that leads out")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        link = tarfile.TarInfo("dataset")
        link.type, link.linkname = tarfile.SYMTYPE, "../outside"
        archive.addfile(link)
        file = tarfile.TarInfo("dataset/evil.txt")
        file.size = 4
        archive.addfile(file, io.BytesIO(b"evil"))
    refused(write(tmp_path, buffer.getvalue(), "set.tar.gz"), "occurs twice")
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.LNKTYPE])
def test_devices_pipes_and_hard_links_are_refused(kind: bytes, tmp_path: Path) -> None:
    refused(write(tmp_path, tar_entry("dataset/x", kind, "dataset/first.txt"), "set.tar.gz"), "a device|a hard link")


def test_a_device_in_a_zip_is_refused(tmp_path: Path) -> None:
    refused(write(tmp_path, zip_entry("dataset/null", b"", stat.S_IFCHR | 0o666)), "a device or a pipe")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "names", [("a.txt", "a.txt"), ("a/b.txt", "./a//b.txt"), ("a", "a/b.txt"), ("a/b.txt", "a"), ("a\\b", "a/b")]
)
def test_names_that_occur_twice_are_refused(names: tuple[str, str], tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            archive.writestr(info, b"x")
    refused(write(tmp_path, buffer.getvalue()), "occurs twice")


@pytest.mark.parametrize(("pack", "name"), [(zipped, "set.zip"), (tarred, "set.tar.gz")])
def test_a_bomb_is_refused(pack: Any, name: str, tmp_path: Path) -> None:
    bomb = pack({f"zeros{index}": bytes(8 << 20) for index in range(6)})
    assert len(bomb) * 500 < 48 << 20
    refused(write(tmp_path, bomb, name), "no honest archive")


@pytest.mark.parametrize(("pack", "name"), [(zipped, "set.zip"), (tarred, "set.tar.gz")])
def test_more_than_the_catalogue_says_is_refused(pack: Any, name: str, tmp_path: Path) -> None:
    refused(write(tmp_path, pack(GOOD), name), "unpacks to more than 8.0 kB", Limits(total=8000))
    unpack(tmp_path / "archives" / name, tmp_path / "unpacked", Limits(total=8003))


def test_a_tar_whose_headers_are_the_bomb_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.txt")
        info.pax_headers = {"comment": "x" * (40 << 20)}
        archive.addfile(info)
    refused(write(tmp_path, buffer.getvalue(), "set.tar.gz"), "no honest archive")


def test_more_entries_than_any_set_has_are_refused(tmp_path: Path) -> None:
    many = zipped({f"{index}.txt": b"" for index in range(50)})
    refused(write(tmp_path, many), "more than 40 entries", Limits(entries=40))


def test_a_header_that_lies_about_the_size_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.bin": bytes(100_000)}))
    central = content.index(b"PK\x01\x02")
    content[central + 24 : central + 28] = struct.pack("<I", 10)
    refused(write(tmp_path, bytes(content)), "damaged|holds more than it says")


def test_a_damaged_entry_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.bin": noise(5000), "b.bin": noise(5000, 1)}, stored=True))
    content[content.index(noise(5000, 1)) + 99] ^= 1
    refused(write(tmp_path, bytes(content)), "damaged.*CRC.*fetch it again")


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz"])
def test_an_archive_cut_short_is_refused(name: str, tmp_path: Path) -> None:
    whole = (zipped if name.endswith("zip") else tarred)({"a.bin": noise(50_000)})
    for length in (0, 10, len(whole) // 2, len(whole) - 4):
        refused(write(tmp_path, whole[:length], name), "damaged|cut short")


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.bin": b"secret"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    refused(write(tmp_path, bytes(content)), "encrypted")


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = 4000

    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            nonlocal room
            room -= len(data)
            if room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    archive = write(tmp_path, zipped(GOOD))
    really = Path.open
    with monkeypatch.context() as full:
        full.setattr(Path, "open", lambda self, mode="r", *rest, **named:
                     Full(self, "x") if mode == "xb" else really(self, mode, *rest, **named))  # fmt: skip
        refused(archive, "No space left on device.*run the same command again")
    unpack(archive, tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "dataset" / "b.bin").read_bytes() == GOOD["dataset/b.bin"]


def test_files_get_the_usual_rights_whatever_the_archive_says(tmp_path: Path) -> None:
    unpack(write(tmp_path, zip_entry("dataset/tool", b"#!", stat.S_IFREG | 0o6777)), tmp_path / "unpacked")
    mode = stat.S_IMODE((tmp_path / "unpacked" / "dataset" / "tool").stat().st_mode)
    assert mode & 0o6111 == 0


@pytest.mark.parametrize("wrong", [{"ratio": 0.5}, {"least": -1}, {"entries": 0}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        archive_members.Limits(**wrong)
