"""Completion by the shell: the right words, at once, and in a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from cleanplate.cli import main
from cleanplate.cli.apply import _WRITTEN
from cleanplate.cli.completion import SHELLS, model_names
from cleanplate.models import available
from waiting import HUNG


def completed(*words: str) -> list[str]:
    """What is offered for the last word."""
    complete = ShellComplete(main, {}, "cleanplate", "_CLEANPLATE_COMPLETE")
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def test_the_names_read_from_the_sources_are_those_of_the_registry() -> None:
    assert model_names() == sorted(available())


def test_names_of_models_are_offered() -> None:
    assert {"mog2", "median", "mode"} <= set(completed("apply", "my.mp4", "-m", "mo") + completed("apply", "-m", "med"))
    assert completed("apply", "my.mp4", "-m", "plat") == ["plate"]
    assert completed("recommend", "my.mp4", "--model", "lowm") == ["lowmotion"]
    assert completed("benchmark", "--model", "") == sorted(available())


def test_a_checkpoint_is_left_to_the_shell() -> None:
    complete = ShellComplete(main, {}, "cleanplate", "_CLEANPLATE_COMPLETE")
    (item,) = complete.get_completions(["apply", "my.mp4", "-m"], "./runs/")
    assert (item.value, item.type) == ("./runs/", "file")


def test_outputs_commands_and_shells_are_offered() -> None:
    assert completed("apply", "my.mp4", "-m", "plate", "--write", "") == list(_WRITTEN)
    assert completed("apply", "my.mp4", "--write", "cut") == ["cutout", "cutout-video"]
    assert {"recommend"} <= set(completed("reco"))
    assert completed("completion", "") == list(SHELLS)


@pytest.mark.parametrize("words", [["evaluate", "{root}", "results"], ["benchmark", "--data", "{root}"]])
def test_scenes_of_the_data_set_on_the_line_are_offered(words: list[str], scene_folder: Path) -> None:
    line = [word.format(root=scene_folder.parent.parent) for word in words]
    assert completed(*line, "--scene", "base") == ["baseline/street"]
    assert completed(*line, "--scene", "shad") == []


@pytest.mark.parametrize("words", ["apply x.mp4 -m m", "apply x.mp4 -m m --write c", "evaluate a b --scene c"])
def test_nothing_slow_is_imported_for_it(words: str) -> None:
    code = (
        "import sys\n"
        "from click.shell_completion import ShellComplete\n"
        "from cleanplate.cli import main\n"
        "*before, last = sys.argv[1].split()\n"
        "ShellComplete(main, {}, 'cleanplate', '_C').get_completions(before, last)\n"
        "print(sorted({'torch', 'cv2', 'numpy', 'pytorch_lightning', 'rich', 'hydra'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, words], capture_output=True, text=True, check=True, timeout=HUNG)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_and_help_shows_the_line_that_reads_it(shell: str) -> None:
    script = CliRunner().invoke(main, ["completion", shell])
    assert script.exit_code == 0
    assert f"_CLEANPLATE_COMPLETE={shell}_complete" in script.output
    assert f"cleanplate completion {shell}" in CliRunner().invoke(main, ["completion", "-h"]).output


def test_another_shell_is_refused_by_name() -> None:
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "bash" in result.stderr


def _bash() -> str:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    return bash


def test_a_real_bash_completes(tmp_path: Path) -> None:
    program = tmp_path / "cleanplate"
    code = "from cleanplate.cli import main; main(prog_name='cleanplate')"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
    program.chmod(0o755)
    lines = (
        'eval "$(cleanplate completion bash)"\n'
        "COMP_WORDS=(cleanplate apply my.mp4 -m plat) COMP_CWORD=4\n"
        "_cleanplate_completion cleanplate plat -m\n"
        'echo "model: ${COMPREPLY[*]}"\n'
        "COMP_WORDS=(cleanplate apply my.mp4 --write cutout) COMP_CWORD=4 COMPREPLY=()\n"
        "_cleanplate_completion cleanplate cutout --write\n"
        'echo "kinds: ${COMPREPLY[*]}"\n'
        "complete -p cleanplate\n"
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [_bash(), "--norc", "-e", "-c", lines],
        capture_output=True, text=True, check=False, timeout=HUNG, env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines()[:2] == ["model: plate", "kinds: cutout cutout-video"]
    assert "-F _cleanplate_completion cleanplate" in done.stdout


@pytest.mark.parametrize("command", sorted(set(main.commands) - {"completion"}))
def test_every_command_shows_an_example(command: str) -> None:
    lines = CliRunner().invoke(main, [command, "-h"]).output.splitlines()
    assert any(line.startswith(f"    cleanplate {command}") for line in lines), lines
