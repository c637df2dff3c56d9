"""The command line: help that teaches, one line for what a user can mend."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cleanplate
from cleanplate.cli import main
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.io.images import write_image
from cleanplate.models import available
from cleanplate.models.learned import LearnedModel
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.report.tables import parameter_count
from project import SMALL, configure
from waiting import HUNG


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def dataset(scene_folder: Path) -> Path:
    return scene_folder.parent.parent


@pytest.fixture
def results(scene_folder: Path, tmp_path: Path) -> Path:
    """Masks as good as the ground truth."""
    sequence = read_cdnet(scene_folder)
    for number in sequence.numbers:
        mask = (sequence.truth.read(number) == 255).astype("uint8") * 255
        write_image(tmp_path / "results" / "baseline" / "street" / f"bin{number:06d}.png", mask)
    return tmp_path / "results"


def test_help_teaches_the_commands_and_the_pipeline() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cleanplate.cli", "--help"], capture_output=True, text=True, check=True, timeout=HUNG
    )
    for word in (
        "apply",
        "evaluate",
        "benchmark",
        "download",
        "models",
        "doctor",
        "dvc repro",
        "dvc exp run -S model=aae",
        "-S data=cdnet",
    ):
        assert word in done.stdout
    assert "\n    dvc repro   " in done.stdout  # a list stays a list
    assert done.stderr == ""


@pytest.mark.parametrize("command", sorted(main.commands))
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help(command: str, flag: str) -> None:
    result = run(command, flag)
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert "\\b" not in result.output


def test_the_help_of_evaluate_has_an_example_to_copy() -> None:
    assert "\n    cleanplate evaluate /data/cdnet2014 results --json scores.json\n" in run("evaluate", "-h").output


def test_the_version_is_told() -> None:
    assert cleanplate.__version__ in run("--version").output


def test_the_help_of_benchmark_has_an_example_to_copy() -> None:
    output = run("benchmark", "-h").output
    assert "\n    cleanplate benchmark --data /data/cdnet2014 --model median --model ae\n" in output


@pytest.mark.parametrize(
    "example",
    [
        "cleanplate download --list",
        "cleanplate download cdnet --part baseline --part shadow/cubicle",
        "cleanplate download coco --part val2017 --to /data/coco",
        "cleanplate download cdnet --to /data/cdnet2014 --check",
    ],
)
def test_the_help_of_download_has_examples_to_copy(example: str) -> None:
    assert f"\n    {example}\n" in run("download", "-h").output


def test_the_sets_that_can_be_fetched_are_listed_with_page_and_licence() -> None:
    output = run("download", "--list").output
    for name in ("cdnet", "coco", "sbmnet", "sbi", "lasiesta"):
        assert f"\n{name}: " in f"\n{output}"
        assert f"{name}, " in run("download", "-h").output or name == "lasiesta"
    assert output.count("  page: http") == output.count("  licence: ") == 5


def test_a_set_that_is_not_in_the_catalogue_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    assert "cdnet, coco, sbmnet, sbi, lasiesta" in one_error(run("download", "cdnt"))
    assert "has no part" in one_error(run("download", "coco", "--part", "test2017"))
    assert "wants a person" in one_error(run("download", "sbi", "--to", tmp_path))


def test_the_options_of_a_model_are_listed_with_value_choices_and_meaning(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    output = run("models", "plate").output
    for option in ("difference_clip", "network_weight", "threshold", "score_median"):
        assert option in output
    assert "28.0" in output and "a number, 0 or more" in output and "Default values." in output
    assert "unknown; choose one of" in one_error(run("models", "plat"))


def test_in_a_project_the_values_are_those_of_its_params(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, *SMALL, "model=median", "model.frames=77")
    assert "77" in run("models", "median").output
    assert "Default values." in run("models", "mean").output


def test_models_are_listed_with_family_league_weights_and_paper() -> None:
    lines = {line.split()[0]: line for line in run("models").output.splitlines() if line.strip()}
    for name, model in available().items():
        words = lines[name].split()
        assert words[1:4] == [model.family, model.league, "online" if model.streaming else "offline"]
        weights = parameter_count(model)
        assert words[4] == (f"{weights:,}" if weights else "–")
        assert (weights > 1000) == (issubclass(model, LearnedModel | SupervisedModel) or model.family == "hybrid")
        assert model.paper[:40] in lines[name]


def test_the_weights_listed_are_those_of_a_trained_model_on_such_frames() -> None:
    model = cleanplate.create("ae")
    assert isinstance(model, LearnedModel)
    model.build((240, 320))
    assert parameter_count(type(model)) == model.parameters


def test_scoring_a_folder_does_not_wait_for_torch() -> None:
    code = "import sys, cleanplate.pipeline.scoring; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=HUNG)
    assert done.stdout.strip() == "False"


def test_perfect_masks_score_one_on_the_terminal_and_in_the_file(dataset: Path, results: Path, tmp_path: Path) -> None:
    result = run("evaluate", dataset, results, "--json", tmp_path / "out" / "scores.json", "--threads", "1")
    assert result.exit_code == 0, result.output
    assert "street" in result.output
    assert "overall" in result.output
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert scores["overall"]["f_measure"] == pytest.approx(1.0)
    assert list(scores["videos"]) == ["baseline/street"]


def test_no_file_is_written_unless_asked_for(dataset: Path, results: Path, tmp_path: Path) -> None:
    assert run("evaluate", dataset, results, "--scene", "baseline/street").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def one_error(result: Result) -> str:
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert "Traceback" not in lines[0]
    return lines[0]


def test_a_folder_that_is_not_there_is_one_line_and_exit_code_2(dataset: Path, results: Path, tmp_path: Path) -> None:
    assert str(tmp_path / "away") in one_error(run("evaluate", dataset, tmp_path / "away"))
    assert str(tmp_path / "away") in one_error(run("evaluate", tmp_path / "away", results))


def test_an_unknown_scene_is_one_line_and_exit_code_2(dataset: Path, results: Path) -> None:
    assert "baseline/lane" in one_error(run("evaluate", dataset, results, "--scene", "baseline/lane"))


def test_a_missing_mask_is_one_line_and_exit_code_2(dataset: Path, results: Path) -> None:
    (results / "baseline" / "street" / "bin000030.png").unlink()
    assert "bin000030.png" in one_error(run("evaluate", dataset, results))


def test_a_broken_mask_is_one_line_and_exit_code_2(dataset: Path, results: Path) -> None:
    (results / "baseline" / "street" / "bin000030.png").write_bytes(b"broken")
    assert "bin000030.png" in one_error(run("evaluate", dataset, results))


def test_results_without_a_mask_are_one_line_and_exit_code_2(dataset: Path, results: Path) -> None:
    shutil.rmtree(results / "baseline")
    one_error(run("evaluate", dataset, results))


@pytest.mark.parametrize("arguments", [["evaluate"], ["evalute"], ["evaluate", "a", "b", "--threads", "0"]])
def test_wrong_usage_is_exit_code_2_as_everywhere(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_the_program_itself_ends_with_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cleanplate.cli", "evaluate", str(tmp_path / "a"), str(tmp_path / "b")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HUNG)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
