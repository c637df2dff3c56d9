"""What can be wrong with what `apply` is given: one line that says what to do, exit code 2, nothing half-written."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.apps.clips import COUNT, HEIGHT, decoded, folder, run, stream_of, video

import cleanplate
from cleanplate.data.io.images import write_image
from in_memory import in_memory
from waiting import HUNG

SOURCES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda here: here / "away.mp4", r"away\.mp4: no such file or folder; check the name"),
    "a text named mp4": (lambda here: text(here / "a.mp4"), r"a\.mp4: not a video that can be opened; it is damaged"),
    "a text named gif": (lambda here: text(here / "a.gif"), r"a\.gif: (not a video|holds no frame)"),
    "an empty mp4": (lambda here: text(here / "a.mp4", b""), r"a\.mp4: the file is empty; copy or record it again"),
    "an empty gif": (lambda here: text(here / "a.gif", b""), r"a\.gif: the file is empty"),
    "half an mp4": (lambda here: cut(here / "a.mp4"), r"a\.mp4: (not a video|holds no frame|breaks off)"),
    "another kind": (lambda here: text(here / "talk.pdf"), r"talk\.pdf: neither a folder nor a video; .* \.avi"),
    "a single picture": (lambda here: picture(here / "a.png"), r"a\.png: a single picture; give its folder"),
    "an empty folder": (lambda here: made(here / "empty"), r"empty: no pictures in it \(looked for \.bmp"),
    "a folder of texts": (lambda here: text(here / "notes/a.txt").parent, r"notes: no pictures in it"),
    "a broken picture first": (lambda here: broken(here / "set", 1), r"shot 1\.png: not a picture, or a damaged one"),
    "an empty picture first": (lambda here: broken(here / "set", 1, b""), r"shot 1\.png: the file is empty"),
    "a glob of nothing": (lambda here: here / "*.jpg", r"\*\.jpg: fits no file \(looked for"),
    "a glob of texts": (lambda here: text(here / "a.txt").parent / "*.txt", "none of the 1 files it fits is a picture"),
    "no such webcam": (lambda here: 93, r"camera 93: cannot be opened; check that it is plugged in"),
    "nobody at http": (lambda here: "http://127.0.0.1:9/a.mjpg", r"http://127\.0\.0\.1:9/a\.mjpg: cannot be opened"),
    "nobody at rtsp": (
        lambda here: "rtsp://127.0.0.1:9/live",
        "cannot be opened; check the address, user and password",
    ),
    "a terminal address": (lambda here: "gopher://a/b", r"gopher://a/b: no such file or folder"),
    "raw of a file": (
        lambda here: [video(here / "a.mp4"), "--raw", "4x4"],
        r"--raw 4x4: is for raw pictures on standard",
    ),
}

STDIN: dict[str, tuple[list[str], Callable[[], bytes], str]] = {
    "nothing": ([], lambda: b"", r"-: what came on standard input is empty or no video"),
    "a text": ([], lambda: b"this is a text\n" * 99, r"no video that can be read forwards; pipe MJPEG"),
    "raw of no form": (["--raw", "640"], lambda: b"", r"--raw 640: not the size of a picture; say WIDTHxHEIGHT"),
    "raw of no size": (["--raw", "0x480"], lambda: b"", r"--raw 0x480: not the size of a picture"),
    "raw beyond all size": (["--raw", "99999x99999"], lambda: b"", r"--raw 99999x99999: not the size of a picture"),
    "no raw picture": (["--raw", "4x4"], lambda: b"", "standard input: gave no frame"),
    "less than a raw picture": (["--raw", "8x8"], lambda: b"12345", r"ends within picture 1: 5 of 192 bytes"),
    "to be resumed": (["--resume"], lambda: stream_of("mjpeg", "mjpeg", 4), "--resume: a camera or pipe does not show"),
}

MODELS: dict[str, tuple[Callable[[Path], list[Any]], str]] = {
    "unknown": (lambda here: ["-m", "medina"], r"-m medina: no model of that name and no such file; .* median, "),
    "missing": (lambda here: ["-m", here / "a.ckpt"], r"a\.ckpt: no model of that name and no such file"),
    "a text": (lambda here: ["-m", text(here / "a.ckpt")], r"a\.ckpt: damaged, or no checkpoint of cleanplate's"),
    "empty": (lambda here: ["-m", text(here / "a.ckpt", b"")], r"a\.ckpt: damaged, or no checkpoint"),
    "a folder": (lambda here: ["-m", made(here / "a.ckpt")], r"a\.ckpt: cannot be read: Is a directory"),
    "cut": (lambda here: ["-m", shortened(checkpoint(here))], r"a\.ckpt: damaged, or no checkpoint"),
    "code": (
        lambda here: ["-m", with_code(here)],
        r"a\.ckpt: damaged, or it holds more than arrays .*; refused unread",
    ),
    "newer": (lambda here: ["-m", newer(here)], r"a\.ckpt: written by cleanplate 9\.1, .* update cleanplate"),
    "another size": (
        lambda here: ["-m", checkpoint(here, 24)],
        r"frame 1: median: learnt 64×24 frames, this one is 64×48",
    ),
    "of labels, not taught": (lambda here: ["-m", "pairnet"], r"pairnet: has not learnt yet; .* load a checkpoint"),
    "lacking its semantics": (lambda here: ["-m", "fusion"], r"fusion: semantics: no checkpoint given; train one"),
    "no such option": (lambda here: ["-m", "median", "--set", "frame=3"], r"model\.frame"),
    "a value out of range": (lambda here: ["-m", "median", "--set", "frames=1"], r"frames: 1 is too few"),
    "a value of another kind": (lambda here: ["-m", "median", "--set", "frames=lots"], r"frames"),
    "no value": (lambda here: ["-m", "median", "--set", "frames"], r"--set frames: must be key=value, such as"),
    "no yaml": (lambda here: ["-m", "median", "--set", "frames=[1"], r"--set frames=\[1: its value is no YAML"),
    "options of a checkpoint": (
        lambda here: ["-m", checkpoint(here), "--set", "frames=9"],
        r"--set frames=9: a checkpoint brings its options",
    ),
}

OUTS: dict[str, tuple[Callable[[Path], list[Any]], str]] = {
    "unknown suffix": (
        lambda here: ["-o", here / "out.xyz"],
        r"out\.xyz: unknown suffix \.xyz; give a folder, or a file",
    ),
    "two in one": (
        lambda here: ["-o", here / "out.mp4", "--write", "csv", "--write", "overlay"],
        r"out\.mp4: is one file, but 2 outputs are asked for; give a folder",
    ),
    "pictures in a file": (lambda here: ["-o", here / "out.mp4", "--write", "masks"], "makes a picture per frame"),
    "a table in a video": (
        lambda here: ["-o", here / "out.mp4", "--write", "csv"],
        r"csv cannot be a \.mp4; choose \.csv",
    ),
    "a file where the folder goes": (
        lambda here: ["-o", text(here / "out")],
        r"out: a file that is no folder lies there",
    ),
    "a file on the way": (
        lambda here: ["-o", text(here / "way") / "out.csv"],
        r"way: cannot be written: (File exists|Not a directory); free some space",
    ),
    "no such device": (lambda here: ["-o", "/proc/cleanplate/out"], r"/proc/cleanplate/out: cannot be written"),
    "the source": (lambda here: ["-o", here / "clip.mp4", "--overwrite"], r"clip\.mp4: is the source itself"),
    "lying there": (lambda here: ["-o", text(here / "out.csv")], r"out\.csv: lies there already; say --overwrite"),
    "no video to be resumed": (
        lambda here: ["-o", here / "out", "--resume", "--write", "overlay", "--write", "csv"],
        "--resume: overlay cannot be gone on with, only pictures and tables can",
    ),
    "resumed without a note": (
        lambda here: ["-o", text(here / "out.csv"), "--resume"],
        r"out\.csv: lies there already; no note of how far it was",
    ),
    "no background": (lambda here: ["-o", here / "out", "--write", "replaced"], "--background PICTURE"),
    "a background for nothing": (
        lambda here: ["-o", here / "out", "--background", picture(here / "a.png")],
        r"a\.png: is for --write replaced only",
    ),
    "a background that is not there": (
        lambda here: ["-o", here / "out", "--write", "replaced", "--background", here / "a.png"],
        r"a\.png: cannot be read: No such file",
    ),
    "a background that is none": (
        lambda here: ["-o", here / "out", "--write", "replaced", "--background", text(here / "a.png")],
        r"a\.png: not a picture, or a damaged one",
    ),
}


def text(path: Path, content: bytes = b"this is a text\n" * 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def made(path: Path) -> Path:
    path.mkdir()
    return path


def cut(path: Path) -> Path:
    return shortened(video(path))


def shortened(path: Path, share: float = 0.5) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def picture(path: Path, height: int = 40, width: int = 50) -> Path:
    write_image(path, np.full((height, width, 3), 90, np.uint8))
    return path


def broken(path: Path, number: int, content: bytes = b"no picture") -> Path:
    folder(path, 6)
    (path / f"shot {number}.png").write_bytes(content)
    return path


def checkpoint(here: Path, height: int = HEIGHT) -> Path:
    from tests.apps.clips import frames

    model = cleanplate.create("median", frames=10).fit(in_memory(frames(12, height)))
    cleanplate.save(model, here / "a.ckpt")
    return here / "a.ckpt"


class _Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path(os.environ["CLEANPLATE_TRACE"]),))


def with_code(here: Path) -> Path:
    os.environ["CLEANPLATE_TRACE"] = str(here / "trace")
    torch.save({"cleanplate": {"format": 1}, "model": _Code()}, here / "a.ckpt")
    return here / "a.ckpt"


def newer(here: Path) -> Path:
    torch.save({"cleanplate": {"format": 99, "version": "9.1"}}, here / "a.ckpt")
    return here / "a.ckpt"


def refused(here: Path, message: str, *arguments: object, stdin: bytes | None = None) -> str:
    """Runs, and looks for one line, exit code 2, and no new file."""

    before = files(here)
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 2, result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    assert re.search(message, lines[0]), lines[0]
    assert result.stdout == ""
    assert files(here) == before
    return lines[0]


def files(here: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", SOURCES)
def test_a_wrong_source(case: str, tmp_path: Path) -> None:
    make, message = SOURCES[case]
    source = make(tmp_path)
    arguments = source if isinstance(source, list) else [source]
    refused(tmp_path, message, *arguments, "-m", "median", "-o", tmp_path / "out")


@pytest.mark.parametrize("case", STDIN)
def test_wrong_standard_input(case: str, tmp_path: Path) -> None:
    further, make, message = STDIN[case]
    refused(tmp_path, message, "-", *further, "-m", "mog2", "-o", tmp_path / "out.csv", stdin=make())


@pytest.mark.parametrize("case", MODELS)
def test_a_wrong_model(case: str, tmp_path: Path) -> None:
    make, message = MODELS[case]
    refused(tmp_path, message, video(tmp_path / "clip.mp4", 4), *make(tmp_path), "-o", tmp_path / "out")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("case", OUTS)
def test_a_wrong_out(case: str, tmp_path: Path) -> None:
    make, message = OUTS[case]
    refused(tmp_path, message, video(tmp_path / "clip.mp4", 4), "-m", "mog2", *make(tmp_path))


def test_pictures_are_not_written_among_those_they_are_made_of(tmp_path: Path) -> None:
    source = folder(tmp_path / "set", 4)
    refused(tmp_path, "set: is the source itself", source, "-m", "mog2", "-o", source)


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    line = refused(
        tmp_path, r"rtsp://\*\*\*@127", "rtsp://me:secret@127.0.0.1:9/a", "-m", "mog2", "-o", tmp_path / "out.csv"
    )
    assert "secret" not in line
    assert "me:" not in line


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_no_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = video(tmp_path / "clip.mp4", 4)
    for display, message in (("", "DISPLAY is not set"), (":93", "no window can be opened on this display")):
        monkeypatch.setenv("DISPLAY", display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        refused(tmp_path, message, clip, "-m", "mog2", "-o", tmp_path / "out.csv", "--show")


# What was written before it went wrong stays, and is valid


def broke_off(here: Path, message: str, *arguments: object, stdin: bytes | None = None) -> int:
    """Runs into an error in the middle; gives how many frames are said to be written."""

    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 2, result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert re.search(message, lines[0]), lines[0]
    assert not [path for path in here.rglob("*") if ".part" in path.name]
    found = re.search(r"; (\d+) frames before that are written and valid", lines[0])
    assert found, lines[0]
    return int(found[1])


def test_a_truncated_video_is_written_as_far_as_it_goes(tmp_path: Path) -> None:
    clip = shortened(video(tmp_path / "clip.avi"), 0.6)
    out = tmp_path / "out"
    count = broke_off(
        tmp_path,
        rf"clip\.avi: breaks off after frame \d+ of {COUNT}",
        *(clip, "-m", "mog2", "-o", out, "--write", "masks", "--write", "overlay", "--write", "csv"),
    )
    assert 0 < count < COUNT
    assert len(decoded(out / "overlay.mp4")) == len(list(out.glob("bin*.png"))) == count
    assert len((out / "frames.csv").read_text().splitlines()) == count + 1


def test_a_broken_picture_among_many(tmp_path: Path) -> None:
    count = broke_off(
        tmp_path, r"shot 4\.png: not a picture", broken(tmp_path / "set", 4), "-m", "mog2", "-o", tmp_path / "out.mp4"
    )
    assert len(decoded(tmp_path / "out.mp4")) == count == 3


def test_frames_that_change_their_size(tmp_path: Path) -> None:
    source = folder(tmp_path / "set", 5)
    picture(source / "shot 6.png")
    message = r"shot 6\.png: is 50×40, the frames before it are 64×48"
    assert broke_off(tmp_path, message, source, "-m", "mog2", "-o", tmp_path / "out.csv") == 5


def test_a_pipe_that_breaks_off_within_a_picture(tmp_path: Path) -> None:
    message = "ends within picture 3: 3 of 192 bytes"
    arguments = ("-", "--raw", "8x8", "-m", "mog2", "-o", tmp_path / "out.csv")
    assert broke_off(tmp_path, message, *arguments, stdin=bytes(2 * 192 + 3)) == 2


@pytest.mark.parametrize("out", ["out.csv", "out.mp4", "out.gif", "masks", "cut", "out.png"])
def test_a_full_disk(out: str, tmp_path: Path) -> None:
    """A limit of the operating system on files' sizes stands for it: the same calls fail, for a similar reason."""
    write = {"masks": ["--write", "masks"], "cut": ["--write", "cutout"]}.get(out, [])
    most = {"masks": 120, "cut": 200}.get(out, 600)
    clip = video(tmp_path / "clip.mp4")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        done = run(clip, "-m", "mog2", "-o", tmp_path / out, *write)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.exit_code == 2, done.output
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert re.fullmatch(rf"error: .*{out}.*: cannot be (written|encoded): .*File too large.*", lines[0]), lines[0]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "clip.mp4"]
    assert all(path.stat().st_size <= most for path in left), left
    if out == "out.csv":
        rows = (tmp_path / out).read_text()
        assert rows.endswith("\n")
        assert rows.startswith("frame,seconds")
    else:
        assert [path for path in left if path.suffix in {".mp4", ".gif"} or ".part" in path.name] == []


@pytest.fixture
def someone_else() -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder that anybody may write to, and how a process is started that no longer is root, whom nothing stops."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        here.chmod(0o777)
        yield here, ({"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {})


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize(
    ("forbidden", "message"),
    [
        ("clip.mp4", r"clip\.mp4: cannot be read: Permission denied; check the name and its permissions"),
        ("set", r"set: .*Permission denied; check"),
        ("out", r"out: cannot be written: Permission denied; free some space, mend the permissions"),
    ],
)
def test_what_may_not_be_read_or_written(
    forbidden: str, message: str, someone_else: tuple[Path, dict[str, Any]]
) -> None:
    here, other = someone_else
    clip, pictures = video(here / "clip.mp4", 4), folder(here / "set", 4)
    (here / "out").mkdir()
    (here / forbidden).chmod(0)
    # In a process forked from this one: another user may not find the environment that the tests run in.
    code = f"""
import sys
from tests.apps.clips import run
import cleanplate.apps.apply.command, cleanplate.models, os
cleanplate.models.available()
user = {other.get("user")}
if user is not None:
    os.setgroups([]); os.setgid(user); os.setuid(user)
result = run({str(pictures if forbidden == "set" else clip)!r}, "-m", "mog2", "-o", {str(here / "out")!r})
sys.stderr.write(result.stderr)
sys.exit(result.exit_code)
"""
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), str(root / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=HUNG,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )
    (here / forbidden).chmod(0o777)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(rf"error: .*{message}.*\n", done.stderr), done.stderr
    assert list((here / "out").iterdir()) == []


# What is odd, but not wrong


@pytest.mark.parametrize("model", ["median", "mog2", "knn"])
def test_frames_of_one_pixel(model: str, tmp_path: Path) -> None:
    for index in range(4):
        write_image(tmp_path / "set" / f"{index}.png", np.full((1, 1, 3), 40 + index, np.uint8))
    result = run(tmp_path / "set", "-m", model, "-o", tmp_path / "out", "--write", "masks", "--write", "csv")
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "out").glob("bin*.png"))) == 4


@pytest.mark.parametrize("model", ["ae", "plate", "lowmotion", "unet_ae", "gmm"])
def test_a_model_that_cannot_take_frames_of_one_pixel_says_so_or_does(model: str, tmp_path: Path) -> None:
    for index in range(4):
        write_image(tmp_path / "set" / f"{index}.png", np.full((1, 1, 3), 40 + index, np.uint8))
    short = ["--set", "steps=2"] if model.endswith("ae") else []
    result = run(tmp_path / "set", "-m", model, *short, "-o", tmp_path / "out")
    assert result.exit_code in {0, 2}, result.output
    if result.exit_code:
        assert "cannot" in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert list((tmp_path / "out").rglob("*.png")) == []


@pytest.mark.slow
def test_frames_of_8k(tmp_path: Path) -> None:
    for index in range(2):
        write_image(tmp_path / "set" / f"{index}.jpg", np.full((4320, 7680, 3), 90 + index, np.uint8))
    result = run(tmp_path / "set", "-m", "mog2", "-o", tmp_path / "out", "--write", "masks", "--write", "csv")
    assert result.exit_code == 0, result.output
    shutil.rmtree(tmp_path)


def test_the_terminal_sees_one_line_and_nothing_of_the_decoders(tmp_path: Path) -> None:
    clip = cut(tmp_path / "a.mp4")
    command = [sys.executable, "-m", "cleanplate.cli", "apply", clip, "-m", "mog2", "-o", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HUNG, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
