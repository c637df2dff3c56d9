"""`cleanplate apply`: what comes out of every kind of source, and how it stops and goes on."""

import csv
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from tests.apps.clips import COUNT, HEIGHT, SIDE, WIDTH, decoded, folder, frames, run, square_at, stream_of, video
from tests.camera.screen import ends, program, virtual_screen

import cleanplate
from cleanplate.apps.apply.command import DEFAULT_MODEL, ApplyOptions, apply_command
from cleanplate.apps.apply.outputs import KINDS, default_folder
from cleanplate.cli import main
from cleanplate.data.io.images import read_color, read_gray, write_image
from waiting import HUNG, wait_until


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("source") / "clip.avi")


def masks_of(out: Path) -> list[np.ndarray]:
    return [read_gray(path) for path in sorted(out.glob("bin*.png"))]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def square_is_found(mask: np.ndarray, index: int) -> bool:
    truth = np.zeros((HEIGHT, WIDTH), bool)
    truth[HEIGHT // 3 : HEIGHT // 3 + SIDE, square_at(index) : square_at(index) + SIDE] = True
    found = mask == 255
    return bool((found & truth).sum() > 0.6 * (found | truth).sum())


def test_every_output_of_a_video(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_image(tmp_path / "beach.png", np.full((30, 90, 3), (200, 120, 10), np.uint8))
    wanted = [word for kind in KINDS for word in ("--write", kind)]
    result = run(clip, "-m", "median", "-o", out, *wanted, "--background", tmp_path / "beach.png")
    assert result.exit_code == 0, result.output
    assert f"{COUNT} frames, " in result.stderr
    assert " frames/s: " in result.stderr
    assert {path.name for path in out.iterdir()} == {
        *(f"bin{number:06d}.png" for number in range(1, COUNT + 1)),
        *("masks.mp4", "background", "overlay.mp4", "foreground.gif", "cutout", "cutout.webm", "replaced.mp4"),
        *("blurred.mp4", "sheet.png", "frames.csv", "model.ckpt", ".cleanplate-apply.json"),
    } - {".cleanplate-apply.json"}  # a run with a video in it cannot be gone on with, and leaves no note of it

    masks = masks_of(out)
    assert all(square_is_found(mask, index) for index, mask in enumerate(masks))
    for shown, mask in zip(decoded(out / "masks.mp4"), masks, strict=True):
        assert np.abs(shown.mean(axis=2) - mask).mean() < 6
    assert [path.name for path in (out / "background").iterdir()] == ["bg000001.png"]
    plate = read_color(out / "background/bg000001.png")
    source = decoded(clip)
    # Overlay: green rises where the square is, and nowhere else.
    overlay = decoded(out / "overlay.mp4")[10]
    assert overlay[masks[10] == 255][:, 2].mean() < source[10][masks[10] == 255][:, 2].mean() - 40
    # Cut out: its colours, and transparent black around it.
    cut = cv2.imread(str(out / "cutout/cut000011.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(cut[..., 3], masks[10])
    np.testing.assert_array_equal(cut[masks[10] == 255][:, :3], source[10][masks[10] == 255])
    assert not cut[masks[10] == 0].any()
    # Replaced: the beach around the square; blurred: the plate out of focus.
    replaced = decoded(out / "replaced.mp4")[10].astype(int)
    apart = cv2.erode((masks[10] == 0).astype(np.uint8), np.ones((9, 9))) > 0
    assert np.abs(replaced[apart] - (200, 120, 10)).mean() < 6
    blurred = decoded(out / "blurred.mp4")[10].astype(int)
    soft = cv2.GaussianBlur(plate, (0, 0), HEIGHT / 24)
    assert np.abs(blurred - soft)[apart].mean() < min(4, 0.5 * np.abs(blurred - plate)[apart].mean())
    with Pillow.open(out / "foreground.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"]) == (COUNT, (WIDTH, HEIGHT), 50)
    assert read_color(out / "sheet.png").shape[1] > 3 * 256
    table = rows(out / "frames.csv")
    assert [int(row["frame"]) for row in table] == list(range(1, COUNT + 1))
    assert [float(row["seconds"]) for row in table] == pytest.approx([index / 20 for index in range(COUNT)], abs=1e-3)
    for row, mask in zip(table, masks, strict=True):
        assert float(row["foreground"]) == pytest.approx((mask == 255).mean(), abs=1e-6)
        left, top, width, height = map(int, row["boxes"].split(";")[0].split())
        assert (mask[top : top + height, left : left + width] == 255).any(axis=0).all()
    again = cleanplate.load(out / "model.ckpt")
    np.testing.assert_array_equal(again.apply(source[7]), masks[7])


def test_the_cut_out_video_is_transparent(clip: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    assert run(clip, "-m", "median", "-o", tmp_path / "a.webm").exit_code == 0
    with av.open(str(tmp_path / "a.webm")) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"
        decoder = av.codec.CodecContext.create("libvpx-vp9", "r")  # FFmpeg's own decoder leaves alpha out
        shown = [
            frame.to_ndarray(format="rgba") for packet in container.demux(video=0) for frame in decoder.decode(packet)
        ]
    assert len(shown) == COUNT
    assert all(square_is_found(np.where(frame[..., 3] > 127, 255, 0), index) for index, frame in enumerate(shown))


@pytest.mark.parametrize(
    ("out", "count"), [("a.mp4", COUNT), ("a.mov", COUNT), ("a.mkv", COUNT), ("a.gif", COUNT), ("a.csv", COUNT)]
)
def test_the_suffix_says_what_a_file_is(clip: Path, tmp_path: Path, out: str, count: int) -> None:
    assert run(clip, "-m", "mog2", "-o", tmp_path / "deep" / out).exit_code == 0
    path = tmp_path / "deep" / out
    assert len(rows(path) if path.suffix == ".csv" else decoded(path)) == count


@pytest.mark.parametrize("kind", ["overlay", "foreground", "blurred"])
@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webm"])
def test_a_moving_picture_takes_any_moving_form(clip: Path, tmp_path: Path, kind: str, suffix: str) -> None:
    assert run(clip, "-m", "mog2", "-o", tmp_path / f"a{suffix}", "--write", kind).exit_code == 0
    assert len(decoded(tmp_path / f"a{suffix}")) == COUNT


def test_sources_that_show_the_same_give_the_same(tmp_path: Path) -> None:
    pictures = folder(tmp_path / "set")
    raw = b"".join(frame.tobytes() for frame in frames())
    (tmp_path / "deep" / "input").mkdir(parents=True)
    for index, frame in enumerate(frames(), 1):
        write_image(tmp_path / "deep" / "input" / f"in{index:06d}.png", frame)
    given: dict[str, tuple[list[Any], bytes | None]] = {
        "folder": ([pictures], None),
        "glob": ([pictures / "shot*.png"], None),
        "layout": ([tmp_path / "deep"], None),
        "pipe": (["-", "--raw", f"{WIDTH}x{HEIGHT}@20", "--fit", COUNT], raw),
    }
    found = {}
    for name, (source, stdin) in given.items():
        result = run(*source, "-m", "median", "-o", tmp_path / name, "--write", "masks", stdin=stdin)
        assert result.exit_code == 0, result.output
        found[name] = np.stack(masks_of(tmp_path / name))
        assert len(found[name]) == COUNT
    for masks in found.values():
        np.testing.assert_array_equal(masks, found["folder"])


@pytest.mark.parametrize(
    ("form", "codec"), [("mjpeg", "mjpeg"), ("matroska", "libx264"), ("mpegts", "libx264"), ("avi", "mjpeg")]
)
def test_a_video_on_standard_input(form: str, codec: str, tmp_path: Path) -> None:
    pytest.importorskip("av")
    result = run("-", "-m", "mog2", "-o", tmp_path / "out.csv", stdin=stream_of(form, codec))
    assert result.exit_code == 0, result.output
    assert len(rows(tmp_path / "out.csv")) == COUNT


@pytest.mark.parametrize("name", ["clip.mp4", "clip.avi", "clip.gif"])
def test_a_video_has_masks_of_all_its_frames(name: str, tmp_path: Path) -> None:
    assert run(video(tmp_path / name), "-m", "mog2", "-o", tmp_path / "out", "--write", "masks").exit_code == 0
    assert len(masks_of(tmp_path / "out")) == COUNT


def test_pictures_give_pictures_and_a_video_gives_a_video(clip: Path, tmp_path: Path) -> None:
    assert run(folder(tmp_path / "set", 4), "-m", "mog2", "-o", tmp_path / "a").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "a").glob("*.png")) == [f"bin00000{n}.png" for n in range(1, 5)]
    assert run(clip, "-m", "mog2", "-o", tmp_path / "b").exit_code == 0
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["masks.mp4"]


def test_the_first_frames_are_enough_for_a_model_that_is_told_so(clip: Path, tmp_path: Path) -> None:
    first, whole = tmp_path / "first", tmp_path / "whole"
    for out, further in ((first, ["--fit", "12"]), (whole, [])):
        assert run(clip, "-m", "median", "-o", out, *further, "--write", "model", "--write", "csv").exit_code == 0
    expected = np.median(np.stack(decoded(clip)[:12]), axis=0)
    assert np.abs(cleanplate.load(first / "model.ckpt").background - expected).max() <= 1
    assert np.abs(cleanplate.load(whole / "model.ckpt").background - expected).max() > 1


def test_a_checkpoint_and_options_are_taken(clip: Path, tmp_path: Path) -> None:
    model = cleanplate.create("median", frames=20).fit(cleanplate.open_sequence(clip))
    model.save(tmp_path / "median.ckpt")
    expected = [model.apply(frame) for frame in decoded(clip)]
    given = {"file": [tmp_path / "median.ckpt"], "name": ["median", "--set", "frames=20"]}
    for name, words in given.items():
        assert run(clip, "-m", *words, "-o", tmp_path / name, "--write", "masks").exit_code == 0
        np.testing.assert_array_equal(np.stack(masks_of(tmp_path / name)), np.stack(expected))
    strict = ["median", "--set", "foreground.threshold=250"]
    assert run(clip, "-m", *strict, "-o", tmp_path / "strict.csv").exit_code == 0
    assert all(float(row["foreground"]) == 0 for row in rows(tmp_path / "strict.csv"))


def test_a_model_that_takes_any_size_takes_pictures_of_many(tmp_path: Path) -> None:
    from needed import tiny_unet

    for index, (height, width) in enumerate([(40, 60), (50, 30), (40, 60)]):
        write_image(tmp_path / "set" / f"{index}.png", np.full((height, width, 3), 90, np.uint8))
    assert run(tmp_path / "set", "-m", tiny_unet(), "-o", tmp_path / "out").exit_code == 0
    assert [mask.shape for mask in masks_of(tmp_path / "out")] == [(40, 60), (50, 30), (40, 60)]


def test_what_lies_there_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(folder(tmp_path / "long", 6), "-m", "mog2", "-o", out).exit_code == 0
    (out / "notes.txt").write_text("mine")
    assert run(folder(tmp_path / "short", 4), "-m", "mog2", "-o", out, "--overwrite").exit_code == 0
    assert len(masks_of(out)) == 4
    assert (out / "notes.txt").read_text() == "mine"


# Stopping and going on


class _StopsAfter:
    """Sends Ctrl-C to this process while frame `count` is looked at."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self, model: Any, frame: np.ndarray) -> np.ndarray:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return frame


@pytest.fixture
def stopped_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from cleanplate.models import BackgroundModel

    admitted = BackgroundModel._checked_frame

    def set_up(count: int) -> None:
        stops = _StopsAfter(count)
        monkeypatch.setattr(BackgroundModel, "_checked_frame", lambda self, frame: stops(self, admitted(self, frame)))

    yield set_up
    monkeypatch.setattr(BackgroundModel, "_checked_frame", admitted)


def test_ctrl_c_leaves_everything_valid(clip: Path, tmp_path: Path, stopped_after: Any) -> None:
    stopped_after(12)
    before = signal.getsignal(signal.SIGINT)
    wanted = ("masks", "overlay", "foreground", "cutout-video", "csv", "sheet")
    words = [word for kind in wanted for word in ("--write", kind)]
    result = run(clip, "-m", "mog2", "-o", tmp_path, *words)
    assert result.exit_code == 130, result.output
    assert "12 frames, " in result.stderr
    assert "stopped before the end, all of it valid" in result.stderr
    assert signal.getsignal(signal.SIGINT) is before
    assert len(masks_of(tmp_path)) == len(rows(tmp_path / "frames.csv")) == 12
    for name in ("overlay.mp4", "foreground.gif", "cutout.webm"):
        assert len(decoded(tmp_path / name)) == 12
    assert [path.name for path in tmp_path.rglob("*") if "part" in path.name] == []


@pytest.mark.parametrize("model", ["median", "median that learns on", "mog2", "ae"])
def test_a_stopped_run_goes_on_to_the_same_result(
    model: str, clip: Path, tmp_path: Path, stopped_after: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, *learns_on = model.split(maxsplit=1)
    words = [clip, "-m", name, "--write", "masks", "--write", "backgrounds", "--write", "csv", "--write", "cutout"]
    words += ["--set", "steps=2", "--set", "epoch_steps=2"] if model == "ae" else []
    words += ["--rate", 0.1] if learns_on else []
    assert run(*words, "-o", tmp_path / "whole").exit_code == 0
    stopped_after(11)
    assert run(*words, "-o", tmp_path / "out").exit_code == 130
    monkeypatch.undo()
    some = masks_of(tmp_path / "out")
    assert 0 < len(some) < COUNT
    result = run(*words, "-o", tmp_path / "out", "--resume")
    assert result.exit_code == 0, result.output
    names = {path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file()}
    assert names == {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file()}
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert "nothing left to do" in run(*words, "-o", tmp_path / "out", "--resume").stderr


@pytest.mark.parametrize(
    ("further", "message"),
    [
        (["-m", "knn"], "--resume: the earlier run had another model (mog2, now knn)"),
        (["-m", "mog2", "--set", "history=9"], "another settings"),
        (["-m", "mog2", "--write", "masks"], "another write"),
        (["-m", "mog2", "--rate", "0"], "another rate"),
    ],
)
def test_another_run_is_not_gone_on_with(
    clip: Path, tmp_path: Path, stopped_after: Any, further: list[str], message: str
) -> None:
    stopped_after(5)
    assert run(clip, "-m", "mog2", "-o", tmp_path, "--write", "csv").exit_code == 130
    kept = (tmp_path / "frames.csv").read_bytes()
    result = run(clip, "-o", tmp_path, "--write", "csv", "--resume", *further)
    assert result.exit_code == 2
    assert message in result.stderr
    assert (tmp_path / "frames.csv").read_bytes() == kept


def test_a_killed_run_goes_on_too(tmp_path: Path) -> None:
    """Not Ctrl-C but the end of the process, in the midst of a pipe into which frames come slowly."""
    pictures = folder(tmp_path / "set")
    code = (
        "import os, sys\n"
        "from cleanplate.apps.apply import loop\n"
        "loop._NOTES = 0\n"
        "from cleanplate.models import BackgroundModel\n"
        "seen = BackgroundModel._checked_frame\n"
        "count = []\n"
        "def ends(self, frame):\n"
        "    count.append(1)\n"
        "    if len(count) == 20: os._exit(9)\n"
        "    return seen(self, frame)\n"
        "BackgroundModel._checked_frame = ends\n"
        "from cleanplate.cli import main\n"
        "main()\n"
    )
    words = ["apply", str(pictures), "-m", "mog2", "--write", "masks", "--write", "csv", "-o"]
    done = subprocess.run([sys.executable, "-c", code, *words, str(tmp_path / "out")], check=False, timeout=HUNG)
    assert done.returncode == 9
    assert run(*words[1:], tmp_path / "out", "--resume").exit_code == 0
    assert run(*words[1:], tmp_path / "whole").exit_code == 0
    assert (tmp_path / "out/frames.csv").read_bytes() == (tmp_path / "whole/frames.csv").read_bytes()
    np.testing.assert_array_equal(np.stack(masks_of(tmp_path / "out")), np.stack(masks_of(tmp_path / "whole")))


@pytest.fixture
def hearing() -> Iterator[None]:
    """A job that a script started in the background ignores Ctrl-C: here it must be heard."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hearing")
def test_ctrl_c_while_a_model_is_fitted_leaves_nothing(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cleanplate.models.statistical.temporal.model import Median

    def interrupted(self: Any, sequence: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: False)  # where the signal arrives

    monkeypatch.setattr(Median, "fit", interrupted)
    result = run(clip, "-m", "median", "-o", tmp_path / "out.mp4")
    assert result.exit_code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["no JSON", "{}", '{"done": "x", "asked": {}, "complete": false}', "[]"])
def test_a_note_that_was_damaged_is_said(clip: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / ".cleanplate-apply.json").write_text(content)
    result = run(clip, "-m", "mog2", "-o", tmp_path, "--write", "csv", "--resume")
    assert result.exit_code == 2
    assert ".cleanplate-apply.json: cannot be read" in result.stderr
    assert result.stderr.count("\n") == 1
    assert run(clip, "-m", "mog2", "-o", tmp_path, "--write", "csv", "--overwrite").exit_code == 0


@pytest.mark.parametrize("name", ["q", "esc"])
def test_the_window_shows_the_foreground_until_it_is_told_to_end(tmp_path: Path, name: str) -> None:
    film = video(tmp_path / "film.avi", 6000)
    with (
        virtual_screen() as screen,
        program(screen, "apply", film, "-m", "median", "--fit", 30, "-o", tmp_path / "out.csv", "--show") as process,
    ):
        window = screen.window("cleanplate apply")
        # The yellow square, half green now.
        window.shows(
            lambda seen: int(((seen[..., 1] > 200) & (abs(seen[..., 2] - 155.0) < 15)).sum()) > SIDE * SIDE // 2
        )
        window.key(name)
        code, _, told = ends(process)
    assert code == 0, told
    assert "stopped before the end, all of it valid" in told
    assert 0 < len(rows(tmp_path / "out.csv")) < 6000


# Learning online


def test_a_rate_lets_the_background_follow_and_0_freezes_it(tmp_path: Path) -> None:
    shots = frames(20)
    later = [np.clip(frame.astype(int) + 12, 0, 255).astype(np.uint8) for frame in frames(40)]
    for index, frame in enumerate([*shots, *later]):
        write_image(tmp_path / "shots" / f"{index:03}.png", frame)

    def plates(*options: object) -> list[np.ndarray]:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        result = run(tmp_path / "shots", "-m", "median", "--fit", 20, "-o", out, "--write", "backgrounds", *options)
        assert result.exit_code == 0, result.output
        return [read_color(path).astype(int) for path in sorted((out / "background").glob("*.png"))]

    frozen, following = plates("--rate", 0), plates("--rate", 0.2)
    assert len(frozen) == len(plates()) == 1
    assert 8 <= np.median(following[-1] - frozen[0]) <= 12


def test_a_rate_for_a_model_that_does_not_learn_online_is_refused(clip: Path, tmp_path: Path) -> None:
    result = run(clip, "-m", "ae", "-o", tmp_path / "out.mp4", "--rate", 0.1)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: --rate 0.1: ae does not learn online")


# Help


def test_help_shows_every_output_and_examples() -> None:
    from click.testing import CliRunner

    shown = CliRunner().invoke(main, ["apply", "-h"]).output
    for name, kind in KINDS.items():
        assert f"\n    {name} " in shown
        assert kind.default in shown
    for words in ("cleanplate apply my.mp4 -m plate -o masks.mp4", "rtsp://", "ffmpeg -i", "--resume", "exit code 130"):
        assert words in shown


def test_the_command_line_knows_all_kinds() -> None:
    from cleanplate.cli.apply import _WRITTEN

    assert list(_WRITTEN) == list(KINDS)
    assert next(option for option in main.commands["apply"].params if option.name == "model").default == DEFAULT_MODEL


# Without options


def test_a_video_alone_is_enough(clip: Path, tmp_path: Path) -> None:
    source = tmp_path / "my.walk.avi"
    source.write_bytes(clip.read_bytes())
    result = run(source)
    assert result.exit_code == 0, result.output
    out = tmp_path / "my_walk_cleanplate"
    assert {path.name for path in out.iterdir()} == {"overlay.mp4", "masks.mp4", "sheet.png"}
    assert result.stderr.rstrip().endswith(
        ", ".join(str(out / name) for name in ("masks.mp4", "overlay.mp4", "sheet.png"))
    )
    kept = {path: path.read_bytes() for path in out.iterdir()}
    again = run(source)
    assert again.exit_code == 2
    assert "lies there already; say --overwrite to replace it" in again.stderr
    assert {path: path.read_bytes() for path in out.iterdir()} == kept


def test_pictures_alone_are_enough_and_other_files_stay(tmp_path: Path) -> None:
    source = folder(tmp_path / "frames")
    out = tmp_path / "frames_cleanplate"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    result = run(source, "-m", "median", "--write", "masks", "--write", "csv")
    assert result.exit_code == 0, result.output
    assert len(masks_of(out)) == COUNT
    assert (out / "frames.csv").is_file() and (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("my.mp4", "my_cleanplate"),
        ("some/where/my.v2.mp4", "some/where/my_v2_cleanplate"),
        ("set/", "set_cleanplate"),
        ("set", "set_cleanplate"),
        ("frames/*.png", "frames_cleanplate"),
        ("0", "camera_cleanplate"),
        ("rtsp://user:secret@host/a.mp4", "camera_cleanplate"),
        ("-", "stdin_cleanplate"),
    ],
)
def test_the_folder_lies_beside_the_source(
    source: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some/where").mkdir(parents=True)
    (tmp_path / "set").mkdir()
    (tmp_path / "frames").mkdir()
    for name in ("my.mp4", "some/where/my.v2.mp4"):
        (tmp_path / name).touch()
    assert default_folder(source) == Path(expected)


def test_the_working_directory_gets_its_folder_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set").mkdir()
    monkeypatch.chdir(tmp_path / "set")
    assert default_folder(".").resolve() == (tmp_path / "set_cleanplate").resolve()


def test_a_log_gets_a_line_every_ten_seconds(clip: Path, tmp_path: Path) -> None:
    ticks = iter(range(0, 100_000, 3))
    lines: list[str] = []
    options = ApplyOptions(str(clip), "median", tmp_path / "frames.csv")
    assert apply_command(options, lines.append, clock=lambda: float(next(ticks)))
    assert len(lines) > 3
    assert re.fullmatch(rf"applying median: \d+ of {COUNT} frames, \d\.\d frames/s, \d+ s left", lines[0])
    assert lines[-1].startswith(f"{COUNT} frames, ")
