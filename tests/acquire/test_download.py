"""`cleanplate download`, from the command line to the layout on disk, against a server on loopback."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from acquire.archives import cdnet_video, coco_annotations, picture, zipped
from acquire.server import Fault, Server
from cleanplate.acquire.catalogue import load_catalogue
from cleanplate.acquire.transfer import TransferOptions
from cleanplate.cli import main
from cleanplate.data.datasets.cdnet import find_scenes, read_cdnet
from cleanplate.errors import DataError
from cleanplate.pipeline import download
from cleanplate.pipeline.download import download_command
from waiting import HUNG, wait_until

ABOUT = {"title": "a set", "page": "http://localhost/page", "licence": "to test with", "terms": "cite nobody"}
WHOLE = {"required": ["input", "groundtruth", "ROI.bmp", "temporalROI.txt"]}
NAMES = [f"{number:012d}.jpg" for number in range(3)]


def archive(server: Server, name: str, content: bytes, *, checked: bool = True, **more: Any) -> dict[str, Any]:
    entry = {"name": name, "urls": [server.serve(f"/{name}", content)], **more}
    return entry | ({"bytes": len(content), "md5": hashlib.md5(content).hexdigest()} if checked else {})


@pytest.fixture
def catalogue(server: Server, tmp_path: Path) -> Path:
    """Small sets of the real layouts, on the server."""
    videos = {"baseline": ["highway", "office"], "shadow": ["cubicle"]}
    scenes = [f"{category}/{video}" for category, names in videos.items() for video in names]
    every = {f"dataset/{name}": content for scene in scenes for name, content in cdnet_video(f"{scene}/").items()}
    for scene in scenes:
        video = scene.split("/")[1]
        server.serve(f"/{scene}.zip", zipped(cdnet_video(f"{video}/")))
    cdnet = ABOUT | WHOLE | {
        "manual": False, "layout": "cdnet", "videos": videos, "video_archives": server.url("/{category}/{video}.zip"),
        "parts": {"all": {"archives": [archive(server, "dataset2014.zip", zipped(every))]}},
    }  # fmt: skip
    annotations = {f"annotations/instances_{split}.json": coco_annotations(NAMES) for split in ("train2017", "val2017")}
    pictures = {f"val2017/{name}": picture(".jpg") for name in NAMES}
    coco = ABOUT | {
        "manual": False, "layout": "coco",
        "parts": {"val2017": {"contents": ["annotations", "val2017"], "archives": [
            archive(server, "annotations.zip", zipped(annotations), contents="annotations"),
            archive(server, "val2017.zip", zipped(pictures), contents="val2017"),
        ]}},
    }  # fmt: skip
    sbm = {f"SBMnet_dataset/basic/{name}/input/in000001.jpg": picture(".jpg") for name in ("511", "Blurred")}
    sbm |= {f"SBMnet_dataset/basic/{name}/GT/GT_background.jpg": picture(".jpg") for name in ("511", "Blurred")}
    sbmnet = ABOUT | {
        "manual": False, "layout": "cdnet", "required": ["input"], "converter": "sbmnet", "counts": {"basic": 2},
        "parts": {"all": {"archives": [archive(server, "SBMnet_dataset.zip", zipped(sbm), checked=False)]}},
    }  # fmt: skip
    lasiesta = ABOUT | {
        "manual": True, "layout": "cdnet", "required": ["input", "groundtruth"], "converter": "lasiesta",
        "videos": {"I_SI": ["I_SI_01"]}, "parts": {"all": {}},
    }  # fmt: skip
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump({"cdnet": cdnet, "coco": coco, "sbmnet": sbmnet, "lasiesta": lasiesta}))
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def run(catalogue: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the command line with the small catalogue in place of the package's."""
    monkeypatch.setattr(download, "load_catalogue", lambda path=None: load_catalogue(catalogue))

    def runs(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, ["download", *(str(argument) for argument in arguments)])

    return runs


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


def video_files(scene: str) -> set[str]:
    return set(cdnet_video(f"{scene}/"))


def test_the_whole_set_comes_in_the_layout_and_nothing_else_is_left(run, root: Path) -> None:
    result = run("cdnet", "--to", root)
    assert result.exit_code == 0, result.output
    assert find_scenes(root) == ["baseline/highway", "baseline/office", "shadow/cubicle"]
    scenes = video_files("baseline/highway") | video_files("baseline/office") | video_files("shadow/cubicle")
    assert everything(root) == scenes | {"cleanplate-download.json"}
    assert {path.name for path in root.iterdir()} == {"baseline", "shadow", "cleanplate-download.json"}
    assert read_cdnet(root / "shadow/cubicle").temporal_roi == (2, 6)
    assert "verified by md5" in result.output
    assert "licence: to test with" in result.output


def test_what_was_fetched_is_noted_with_its_checksums(run, root: Path, server: Server) -> None:
    run("cdnet", "--to", root, "--part", "shadow")
    noted = json.loads((root / "cleanplate-download.json").read_text())["shadow-cubicle.zip"]
    content = server.content["/shadow/cubicle.zip"]
    assert noted["sha256"] == hashlib.sha256(content).hexdigest()
    assert noted["bytes"] == len(content)
    assert noted["urls"] == [server.url("/shadow/cubicle.zip")]
    assert noted["lacks"] == []


def test_the_same_command_again_fetches_nothing(run, root: Path, server: Server) -> None:
    run("cdnet", "--to", root)
    count = len(server.requests)
    result = run("cdnet", "--to", root)
    assert result.exit_code == 0
    assert "lies in" in result.output
    assert len(server.requests) == count


def test_a_category_and_a_video_can_be_had_alone_and_the_rest_later(run, root: Path, server: Server) -> None:
    assert run("cdnet", "--to", root, "--part", "shadow").exit_code == 0
    assert find_scenes(root) == ["shadow/cubicle"]
    assert run("cdnet", "--to", root, "--part", "baseline/office").exit_code == 0
    assert find_scenes(root) == ["baseline/office", "shadow/cubicle"]
    assert run("cdnet", "--to", root, "--part", "baseline").exit_code == 0
    assert find_scenes(root) == ["baseline/highway", "baseline/office", "shadow/cubicle"]
    paths = [request.path for request in server.fetched()]
    assert paths == ["/shadow/cubicle.zip", "/baseline/office.zip", "/baseline/highway.zip"]


def test_the_archive_stays_if_asked_for(run, root: Path, server: Server) -> None:
    run("cdnet", "--to", root, "--part", "shadow", "--keep-archive")
    kept = root / "archives" / "shadow-cubicle.zip"
    assert kept.read_bytes() == server.content["/shadow/cubicle.zip"]


def test_a_damaged_copy_is_mended_and_what_else_lies_there_stays(run, root: Path) -> None:
    run("cdnet", "--to", root)
    (root / "baseline/highway/input/in000003.jpg").unlink()
    (root / "baseline/highway/my-notes.txt").write_text("mine")
    checked = run("cdnet", "--to", root, "--check")
    assert checked.exit_code == 1
    assert "missing: baseline/highway/input/in000003" in checked.output
    assert "extra: baseline/highway/my-notes.txt" in checked.output
    assert run("cdnet", "--to", root, "--part", "baseline/highway").exit_code == 0
    assert (root / "baseline/highway/input/in000003.jpg").stat().st_size > 0
    assert (root / "baseline/highway/my-notes.txt").read_text() == "mine"


def test_a_check_fetches_nothing(run, root: Path, server: Server) -> None:
    root.mkdir()
    result = run("cdnet", "--to", root, "--check")
    assert result.exit_code == 1
    assert "missing: shadow/cubicle" in result.output
    assert server.requests == []
    assert list(root.iterdir()) == []


def test_what_the_archive_lacks_itself_is_told_but_not_fetched_for_ever(run, root: Path, server: Server) -> None:
    files = cdnet_video("cubicle/")
    del files["cubicle/groundtruth/gt000004.png"]
    server.serve("/shadow/cubicle.zip", zipped(files))
    first = run("cdnet", "--to", root, "--part", "shadow")
    assert first.exit_code == 0
    assert "not in the archive either: shadow/cubicle/groundtruth/gt000004" in first.output
    count = len(server.requests)
    assert run("cdnet", "--to", root, "--part", "shadow").exit_code == 0
    assert len(server.requests) == count


def test_coco_comes_with_its_annotations(run, root: Path) -> None:
    result = run("coco", "--to", root)
    assert result.exit_code == 0, result.output
    assert everything(root) == {
        "annotations/instances_train2017.json", "annotations/instances_val2017.json", "cleanplate-download.json",
        *(f"val2017/{name}" for name in NAMES),
    }  # fmt: skip


def test_a_set_in_another_layout_is_brought_into_ours(run, root: Path) -> None:
    result = run("sbmnet", "--to", root)
    assert result.exit_code == 0, result.output
    assert find_scenes(root) == ["basic/511", "basic/Blurred"]
    assert read_cdnet(root / "basic/511").plates is not None
    assert "no" not in result.output.split("verified by")[0].splitlines()[-1]
    assert run("sbmnet", "--to", root, "--check").exit_code == 0


def test_a_set_that_wants_a_person_says_so_and_stops(run, root: Path, server: Server) -> None:
    result = run("lasiesta", "--to", root)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "error: lasiesta is not fetched by a program: its page, http://localhost/page, wants a person"
    )
    assert str(root / "originals" / "lasiesta") in line
    assert server.requests == []
    assert not root.exists()


def test_and_reads_what_the_person_put_there(run, root: Path) -> None:
    truth = picture(".png", (128, 128, 128))
    files = {"I_SI_01/I_SI_01-1.bmp": picture(".bmp"), "I_SI_01-GT/I_SI_01-GT_1.png": truth}
    (root / "originals" / "lasiesta").mkdir(parents=True)
    (root / "originals" / "lasiesta" / "I_SI_01.zip").write_bytes(zipped(files))
    for _ in range(2):
        result = run("lasiesta", "--to", root)
        assert result.exit_code == 0, result.output
    assert (read_cdnet(root / "I_SI/I_SI_01").truth.read(1) == 170).all()


def test_a_rar_is_asked_to_be_unpacked(run, root: Path) -> None:
    files = {"I_SI_01/I_SI_01-1.bmp": picture(".bmp"), "I_SI_01-GT/I_SI_01-GT_1.png": picture(".png", 0)}
    home = root / "originals" / "lasiesta"
    home.mkdir(parents=True)
    (home / "I_SI_01.rar").write_bytes(b"Rar!")
    result = run("lasiesta", "--to", root)
    assert result.exit_code == 2
    assert f"I_SI_01.rar: unpack it there by hand, to {home / 'I_SI_01'}" in result.stderr
    for name, content in files.items():
        (home / "I_SI_01" / name).parent.mkdir(parents=True)
        (home / "I_SI_01" / name).write_bytes(content)
    assert run("lasiesta", "--to", root).exit_code == 0


def test_a_hostile_archive_leaves_nothing(run, root: Path, server: Server, tmp_path: Path) -> None:
    evil = zipped(cdnet_video("cubicle/") | {"../../../evil.txt": b"evil"})
    server.serve("/shadow/cubicle.zip", evil)
    result = run("cdnet", "--to", root, "--part", "shadow")
    assert result.exit_code == 2
    assert "leads out of the folder" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("evil.txt"))
    assert find_scenes(root) == []
    assert everything(root) == set()


def test_an_archive_of_something_else_is_told(run, root: Path, server: Server) -> None:
    server.serve("/shadow/cubicle.zip", zipped({"readme/read.me": b"moved"}))
    result = run("cdnet", "--to", root, "--part", "shadow")
    assert result.exit_code == 2
    assert "shadow-cubicle.zip: holds nothing of cdnet; found readme" in result.stderr
    assert find_scenes(root) == []


def test_a_full_disk_while_unpacking_leaves_the_archive_and_no_video(
    run, root: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    from cleanplate.acquire import archive_members

    really = archive_members.MemberWriter.file
    with monkeypatch.context() as full:

        def fails(self: archive_members.MemberWriter, name: str, *rest: Any) -> None:
            if name.endswith("gt000003.png"):
                raise OSError(28, os.strerror(28))
            really(self, name, *rest)

        full.setattr(archive_members.MemberWriter, "file", fails)
        result = run("cdnet", "--to", root, "--part", "shadow")
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert everything(root) == {"archives/shadow-cubicle.zip"}
    count = len(server.requests)
    assert run("cdnet", "--to", root, "--part", "shadow").exit_code == 0
    assert len(server.requests) == count  # the archive is there and verified
    assert everything(root) == video_files("shadow/cubicle") | {"cleanplate-download.json"}


def test_not_enough_room_is_told_before_anything_is_fetched(
    run, root: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**9, 10**9, 0))
    result = run("cdnet", "--to", root)
    assert result.exit_code == 2
    assert "make room, or choose another folder with --to" in result.stderr
    assert server.requests == []


def test_sets_and_parts_are_listed(run) -> None:
    short = run("--list").output
    assert "cdnet: a set\n" in short
    assert "lasiesta: a set (fetched by hand)" in short
    assert "--part baseline: 2 archives, size not published, no checksum published" in short
    assert "--part <category>/<video>: 3 of them" in short
    assert "baseline/highway" not in short
    assert "--part baseline/highway: 1 archive" in run("cdnet", "--list").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say which set: cleanplate download cdnet|coco"),
        (["cdnt"], "no dataset 'cdnt'"),
        (["cdnet", "--part", "shado"], "no part 'shado'"),
        (["cdnet", "--to", "/nowhere/at/all", "--check"], "/nowhere/at/all: no such folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(run, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def _child(catalogue: Path, root: Path) -> "subprocess.Popen[str]":
    """The program itself, with the small catalogue; Ctrl-C is heard as at a terminal."""
    code = (
        "import signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from cleanplate.acquire.catalogue import load_catalogue\n"
        "from cleanplate.pipeline import download\n"
        f"download.load_catalogue = lambda path=None: load_catalogue(Path({str(catalogue)!r}))\n"
        "from cleanplate.cli import main\n"
        f"main(['download', 'cdnet', '--to', {str(root)!r}])\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_program_that_is_stopped_goes_on_where_it_was(
    run, catalogue: Path, root: Path, server: Server, end: signal.Signals
) -> None:
    big = server.content["/dataset2014.zip"]
    server.behave = lambda request: None if request.is_look else Fault(stall=len(big) // 2)
    child = _child(catalogue, root)
    state = root / "archives" / "dataset2014.zip.part.json"

    def half_way() -> bool:
        assert child.poll() is None, child.communicate()
        return server.stalled.is_set() and state.is_file() and json.loads(state.read_text())["segments"][0]["done"]

    wait_until(half_way)
    child.send_signal(end)
    out, err = child.communicate(timeout=HUNG)
    server.release.set()
    if end == signal.SIGINT:
        assert child.returncode == 130
        assert "the same command goes on from here" in out
        assert "Traceback" not in err
    assert find_scenes(root) == []
    assert everything(root) == {"archives/dataset2014.zip.part", "archives/dataset2014.zip.part.json"}
    before = len(server.requests)
    server.behave = lambda request: None
    result = run("cdnet", "--to", root)
    assert result.exit_code == 0, result.output
    assert len(find_scenes(root)) == 3
    again = [request for request in server.requests[before:] if not request.is_look]
    assert [request.start for request in again] == [len(big) // 2]


def test_a_program_that_was_killed_while_placing_goes_on(run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the first of three videos was moved: the archive and the other two are still there."""
    from cleanplate.acquire import install

    class KilledError(BaseException):
        pass

    really, moved = install.move_into, []

    def dies(source: Path, target: Path) -> None:
        if moved:
            raise KilledError
        moved.append(target)
        really(source, target)

    with monkeypatch.context() as context:
        context.setattr(install, "move_into", dies)
        with pytest.raises(KilledError):
            run("cdnet", "--to", root)
    assert find_scenes(root) == ["baseline/highway"]
    assert run("cdnet", "--to", root).exit_code == 0
    assert len(find_scenes(root)) == 3
    assert not (root / "originals").exists()
    assert not (root / "archives").exists()


def test_the_pipeline_can_call_it_too(catalogue: Path, root: Path, server: Server) -> None:
    assert download_command("cdnet", ["shadow"], root, catalogue=catalogue, options=TransferOptions(connections=1))
    with pytest.raises(DataError, match="no part"):
        download_command("cdnet", ["x"], root, catalogue=catalogue)


def test_listing_and_checking_do_without_the_client() -> None:
    code = (
        "import sys, cleanplate.pipeline.download; print([n for n in ('httpx', 'torch', 'rich') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=HUNG)
    assert done.stdout.strip() == "[]"
