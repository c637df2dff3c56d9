"""The benchmark: a row at a time, taken up where it stopped, and the numbers that the pipeline gives."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import cleanplate
from cleanplate.cli import main
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.io.images import read_color, write_image
from cleanplate.errors import ConfigError, DataError
from cleanplate.models import BackgroundModel, Estimate, registry
from cleanplate.pipeline import benchmark, benchmark_job
from cleanplate.pipeline.benchmark import benchmark_command, planned
from cleanplate.pipeline.benchmark_job import Job, measure, one_line
from cleanplate.pipeline.benchmark_rows import Row, append_row, latest, read_rows, write_rows
from cleanplate.pipeline.benchmark_table import markdown_of, table_of
from cleanplate.pipeline.scoring import score_results
from cleanplate.scenes import SceneSpec, write_scene
from waiting import HUNG, wait_until

# A model that fails on one scene, dies on another, and takes its time on a third.
PLUGIN = """
import os, time
from pathlib import Path
import cleanplate
from cleanplate.models import BackgroundModel, Estimate

@cleanplate.register
class Moody(BackgroundModel):
    name = "moody"
    family = "statistical"
    streaming = True

    def _fit(self, sequence):
        Path("pid").write_text(str(os.getpid()))
        if sequence.name == "baseline/failing":
            raise ValueError("not today,\\nnot tomorrow")
        if sequence.name == "baseline/dying":
            os._exit(7)
        if Path("slow").exists():
            time.sleep(3600)
        return self

    def _estimate(self, frames, learning_rate):
        return [Estimate(frame) for frame in frames]
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small scenes; the second without masks."""
    root = tmp_path_factory.mktemp("data")
    for number, scene in enumerate(("baseline/street", "shadow/plaza")):
        write_scene(SceneSpec(*scene.split("/"), height=48, width=64, frames=24, seed=4 + number), root / scene)
    for path in (root / "shadow/plaza/groundtruth").iterdir():
        path.unlink()
    return root


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Runs jobs in this process and tells which."""
    done: list[Job] = []

    def run(job: Job, *_: Any) -> dict[str, Any]:
        done.append(job)
        try:
            return measure(job)
        except Exception as error:
            return {"error": one_line(error)}

    monkeypatch.setattr(benchmark, "run_job", run)
    return done


class Echo(BackgroundModel):
    """Every frame is its own background; remembers what it was shown, and fails if told to."""

    name = "echo"
    family = "statistical"
    shown: list[int] = []  # noqa: RUF012  # of the class, for models are made anew
    fails = False

    def _fit(self, sequence):
        self._size = sequence.size
        if self.fails:
            raise ValueError("no,\nnot today")

    def _estimate(self, frames, learning_rate):
        Echo.shown.append(len(frames))
        return [Estimate(frame) for frame in frames]


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Echo]]:
    registry.available()
    registry.register(Echo)
    Echo.shown, Echo.fails = [], False
    yield Echo
    del registry._MODELS["echo"]


def test_the_numbers_are_those_of_the_pipeline(data: Path, tmp_path: Path) -> None:
    sequence = read_cdnet(data / "baseline/street")
    model = cleanplate.create("median", frames=20).fit(sequence)
    for index, frame in sequence.frames():
        prediction = model.predict([frame])[0]
        folder = tmp_path / "baseline/street"
        write_image(folder / f"bin{sequence.numbers[index]:06d}.png", prediction.mask)
        write_image(folder / "background.png", prediction.background)
    expected = score_results(data, tmp_path).to_dict()
    measured = measure(Job("median", {"frames": 20}, str(data), "baseline/street"))
    for key in ("f_measure", "precision", "recall"):
        assert measured[key] == expected["videos"]["baseline/street"][key]
    assert 0 < measured["f_measure"] < 1
    assert measured["age"] == expected["background"]["videos"]["baseline/street"]["age"] > 0
    assert measured["train_seconds"] > 0
    assert measured["frames_per_second"] > 0
    assert measured["parameters"] == 0


def test_a_learned_model_tells_its_weights(data: Path) -> None:
    options = {"steps": 2, "epoch_steps": 2, "batch_size": 2, "frames": 8}
    measured = measure(Job("ae", options, str(data), "baseline/street"))
    assert measured["parameters"] > 1000
    assert 0 <= measured["f_measure"] <= 1


def test_only_what_is_scored_is_predicted_unless_a_model_learns_online(
    data: Path, echo: type[Echo], monkeypatch: pytest.MonkeyPatch
) -> None:
    sequence = read_cdnet(data / "baseline/street")
    assert sequence.temporal_roi is not None
    first, last = sequence.temporal_roi
    assert first > 1
    measure(Job("echo", {}, str(data), "baseline/street"))
    assert sum(echo.shown) == last - first + 1
    echo.shown = []
    monkeypatch.setattr(echo, "streaming", True)
    measure(Job("echo", {}, str(data), "baseline/street"))
    assert sum(echo.shown) == last


def test_without_masks_only_the_background_is_judged(data: Path) -> None:
    measured = measure(Job("median", {}, str(data), "shadow/plaza"))
    assert "f_measure" not in measured
    assert measured["age"] > 0


def test_a_derived_background_serves_where_there_is_no_other(data: Path, tmp_path: Path) -> None:
    scene = tmp_path / "sbi/Board"
    (scene / "input").mkdir(parents=True)
    for path in sorted((data / "baseline/street/input").iterdir())[:6]:
        (scene / "input" / path.name).write_bytes(path.read_bytes())
    job = Job("median", {}, str(tmp_path), "sbi/Board")
    assert "age" not in measure(job)
    plate = read_color(data / "baseline/street/background/bg000001.png")
    write_image(scene / "background_derived.png", plate)
    before = measure(job)["age"]
    assert before > 0
    write_image(scene / "background_derived.png", plate // 2)
    assert measure(job)["age"] > before + 20


def test_a_second_start_does_only_what_is_missing(data: Path, tmp_path: Path, here: list[Job]) -> None:
    to = tmp_path / "reports/benchmark.csv"
    assert benchmark_command([data], to, models=["median"], scenes=["baseline/street"])
    assert benchmark_command([data], to, models=["median", "mean"])
    assert [(job.model, job.scene) for job in here] == [
        ("median", "baseline/street"),
        ("median", "shadow/plaza"),
        ("mean", "baseline/street"),
        ("mean", "shadow/plaza"),
    ]
    before = to.read_text()
    assert benchmark_command([data], to, models=["mean", "median"])
    assert len(here) == 4
    assert to.read_text() == before
    assert benchmark_command([data], to, models=["mean"], scenes=["shadow/plaza"], again=True)
    assert len(here) == 5
    assert len(read_rows(to)) == 4
    assert "| median | statistical |" in to.with_suffix(".md").read_text()


def test_other_options_another_scene_and_another_version_are_measured_anew(
    data: Path, tmp_path: Path, here: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "benchmark.csv"
    chosen: dict[str, Any] = {"models": ["median"], "scenes": ["baseline/street"]}
    benchmark_command([data], to, **chosen)
    benchmark_command([data], to, **chosen, settings=["median.frames=9"])
    assert here[-1].options == {"frames": 9}
    assert [row.label for row in read_rows(to)] == ["median", "median (frames=9)"]
    scene = tmp_path / "data/baseline/street"
    write_scene(SceneSpec("baseline", "street", height=48, width=64, frames=25), scene)
    benchmark_command([tmp_path / "data"], to, **chosen)
    monkeypatch.setattr(cleanplate, "__version__", "99")
    benchmark_command([tmp_path / "data"], to, **chosen)
    assert len(here) == 4
    assert [row.version for row in read_rows(to)].count("99") == 1


def test_a_run_that_fails_is_told_does_not_stop_the_rest_and_is_tried_again(
    data: Path, tmp_path: Path, here: list[Job], echo: type[Echo], capsys: pytest.CaptureFixture[str]
) -> None:
    echo.fails = True
    to = tmp_path / "benchmark.csv"
    assert not benchmark_command([data], to, models=["echo", "median"], scenes=["baseline/street"])
    rows = {row.model: row for row in read_rows(to)}
    assert rows["echo"].error == "ValueError: no, not today"
    assert rows["echo"].f_measure is None
    assert rows["median"].f_measure is not None
    assert "failed: ValueError: no, not today" in capsys.readouterr().out
    assert "`echo` on baseline/street: ValueError" in to.with_suffix(".md").read_text()
    echo.fails = False
    assert benchmark_command([data], to, models=["echo", "median"], scenes=["baseline/street"])
    assert [job.model for job in here] == ["echo", "median", "echo"]
    assert not any(row.error for row in read_rows(to))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"models": ["medain"]}, r"model\.name: 'medain' is unknown; choose one of .*median"),
        ({"scenes": ["baseline/lane"]}, "--scene: 'baseline/lane' is not there; choose from baseline/street"),
        ({"models": ["median"], "settings": ["median.frames=1"]}, r"model\.frames: 1 is too few"),
        ({"models": ["median"], "settings": ["median.framse=9"]}, r"model\.framse: no such option"),
        ({"models": ["median"], "settings": ["mean.frames=9"]}, "'mean' is not measured; choose from median"),
        ({"settings": ["frames=9"]}, r"must be model\.key=value"),
        ({"models": ["unet"]}, "--model: unet learns from labels"),
        ({"plugins": ["no_such_module"]}, "--plugin: 'no_such_module' cannot be imported"),
    ],
)
def test_a_wrong_choice_is_refused_before_anything_is_measured(
    chosen: dict[str, Any], message: str, data: Path, tmp_path: Path, here: list[Job]
) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        benchmark_command([data], tmp_path / "benchmark.csv", **chosen)
    assert here == []
    assert not (tmp_path / "benchmark.csv").exists()


def test_a_folder_without_scenes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no scenes"):
        benchmark_command([tmp_path], tmp_path / "benchmark.csv")
    with pytest.raises(DataError, match="no such folder"):
        benchmark_command([tmp_path / "away"], tmp_path / "benchmark.csv")


def test_all_unsupervised_models_and_all_scenes_are_measured_unless_some_are_named(data: Path) -> None:
    places = {"baseline/street": data, "shadow/plaza": data}
    plans = planned(places, [], [])
    names = [name for name, model in cleanplate.available().items() if model.league == "unsupervised"]
    assert "unet" not in names
    assert [(plan.job.model, plan.job.scene) for plan in plans] == [(name, scene) for name in names for scene in places]
    assert len({plan.row.key for plan in plans}) == len(plans)


# Rows


ROW = Row("ae", "autoencoder", "width=8", "a/b", 0.5, 0.25, None, 1.5, 2.0, 30.0, 7, 9, "x", "y", "1")


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, model="vae", f_measure=None, parameters=None, error='it said "no, never"')]
    for row in rows:
        append_row(tmp_path / "deep/rows.csv", row)
    assert read_rows(tmp_path / "deep/rows.csv") == rows
    write_rows(tmp_path / "again.csv", rows)
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "deep/rows.csv").read_text()


def test_every_cut_of_the_file_keeps_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [replace(ROW, scene=f"a/{index}") for index in range(3)]
    write_rows(path, rows)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        left = read_rows(path)
        assert left == rows[: len(left)]
        assert len(left) == max(0, whole[:length].count(b"\n") - 1)
        append_row(path, ROW)
        assert read_rows(path) == [*left, ROW]


@pytest.mark.parametrize("content", ["model,f\nae,1\n", "\n", b"\xff\xfe\n"])
def test_another_file_is_refused_by_name_and_left_alone(tmp_path: Path, content: str | bytes, data: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"rows\.csv: "):
        benchmark_command([data], path, models=["median"])
    assert path.read_bytes() == before


def test_the_latest_row_of_a_run_counts_and_a_failure_displaces_no_result_of_the_same() -> None:
    newer = replace(ROW, f_measure=0.75)
    assert latest([ROW, newer]) == [newer]
    failed = replace(ROW, f_measure=None, error="no")
    assert latest([ROW, failed]) == [ROW]
    assert latest([failed, ROW]) == [ROW]
    other = replace(failed, options_digest="z")
    assert latest([ROW, other]) == [other]


# Table


def test_the_best_mean_comes_first_and_stands_only_where_every_scene_has_one() -> None:
    rows = [
        Row("a", "statistical", "", "x/one", f_measure=0.5, age=2.0, train_seconds=1.0, frames_per_second=10.0),
        Row("a", "statistical", "", "x/two", f_measure=0.7, age=4.0, train_seconds=3.0, frames_per_second=30.0),
        Row("b", "autoencoder", "", "x/one", f_measure=0.9, parameters=12345),
        Row("b", "autoencoder", "", "x/two", error="no | never"),
        Row("c", "statistical", "", "x/one", f_measure=0.8),
        Row("c", "statistical", "", "x/two", f_measure=0.8),
    ]
    headings, lines = table_of(rows)
    assert headings == ["model", "family", "one", "two", "mean F", "AGE", "training s", "frames/s", "parameters"]
    assert lines == [
        ["c", "statistical", "0.8000", "0.8000", "0.8000", "–", "–", "–", "0"],
        ["a", "statistical", "0.5000", "0.7000", "0.6000", "3.00", "2.0", "20", "0"],
        ["b", "autoencoder", "0.9000", "failed", "–", "–", "–", "–", "12,345"],
    ]
    markdown = markdown_of(rows).splitlines()
    assert markdown[0] == f"| {' | '.join(headings)} |"
    assert len({line.count(" | ") for line in markdown[:5]}) == 1
    assert "- `b` on x/two: no \\| never" in markdown


def test_scenes_of_one_name_are_told_apart() -> None:
    rows = [Row("a", "statistical", "", scene) for scene in ("x/one", "y/one", "y/two")]
    assert table_of(rows)[0][2:5] == ["x/one", "y/one", "two"]


# Processes


@pytest.fixture
def project(data: Path, tmp_path: Path) -> Path:
    """A folder with the plugin, and three scenes on which it fails, dies and works."""
    (tmp_path / "moody.py").write_text(PLUGIN)
    (tmp_path / "data/baseline").mkdir(parents=True)
    for name in ("dying", "failing", "street"):
        (tmp_path / "data/baseline" / name).symlink_to(data / "baseline/street")
    return tmp_path


def command(*arguments: str) -> list[str]:
    chosen = ["--data", "data", "--to", "rows.csv", "--plugin", "moody", "--model", "moody", *arguments]
    return [sys.executable, "-m", "cleanplate.cli", "benchmark", *chosen]


def test_a_crash_is_a_row_and_so_is_an_exception(project: Path) -> None:
    done = subprocess.run(command("--jobs", "2"), cwd=project, capture_output=True, text=True, timeout=HUNG)
    assert done.returncode == 1, done.stderr
    rows = {row.scene: row for row in read_rows(project / "rows.csv")}
    assert rows["baseline/failing"].error == "ValueError: not today, not tomorrow"
    assert rows["baseline/dying"].error.startswith("ended with code 7")
    assert rows["baseline/street"].f_measure is not None


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_a_benchmark_that_is_stopped_leaves_whole_rows_and_no_process(project: Path, sent: signal.Signals) -> None:
    (project / "slow").touch()
    # A job that a script started in the background ignores Ctrl-C, and hands that on: here it must be heard.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    scenes = ["--scene", "baseline/failing", "--scene", "baseline/street"]
    first = subprocess.Popen(command(*scenes), cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    signal.signal(signal.SIGINT, before)
    pid = project / "pid"
    try:
        # The first scene ends by itself; at the second it waits.
        wait_until(lambda: first.poll() is not None or (pid.exists() and len(read_rows(project / "rows.csv")) == 1))
        assert first.poll() is None
        wait_until(lambda: alive(int(pid.read_text() or 0)))
        child = int(pid.read_text())
        os.kill(first.pid, sent)
        output = first.communicate(timeout=HUNG)[0]
    finally:
        first.kill()
    if sent == signal.SIGINT:
        assert first.returncode == 130
        assert "stopped; the same command goes on from here" in output
        assert "Traceback" not in output
    wait_until(lambda: not alive(child))
    assert len(read_rows(project / "rows.csv")) == 1
    assert not any(path.name.endswith(".part") for path in project.iterdir())


def test_a_run_that_takes_too_long_is_ended(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / "slow").touch()
    job = Job("moody", {}, str(project / "data"), "baseline/street", ("moody",))
    assert benchmark.run_job(job, limit=1.0) == {"error": "took longer than 1 s"}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return pid > 0 and state != "Z"


def test_the_command_asks_for_its_data_and_tells_a_mistake_in_one_line(data: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["benchmark"]).exit_code == 2
    asked = ["benchmark", "--data", str(data), "--to", str(tmp_path / "rows.csv"), "--model", "medain"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: model.name: 'medain' is unknown")


def test_a_job_survives_json() -> None:
    job = Job("ae", {"loss": {"mse": 1.0}}, "/data", "a/b", ("plugin",))
    assert benchmark_job.Job(**asdict(job)) == job
