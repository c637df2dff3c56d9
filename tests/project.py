"""A project folder as a user has it after cloning, with a set of scenes so small that it runs in seconds."""

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from waiting import HUNG

ROOT = Path(__file__).parent.parent
SMALL = [
    "data.height=48",
    "data.width=64",
    "data.frames=24",
    "data.scenes=[baseline/street,shadow/plaza]",
    "tracking=disabled",
]
SHORT = ["model.steps=8", "model.epoch_steps=2", "model.batch_size=4"]


def clone(folder: Path) -> Path:
    """A git clone of what is here now, without git identity: tracked files and new ones, nothing that is ignored."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "test")
    return folder


def configure(folder: Path, *overrides: str) -> dict[str, Any]:
    """Writes the params.yaml that `dvc exp run -S …` would compose."""
    from cleanplate.config import compose

    values = compose(overrides, ROOT / "conf")
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return values


def run(folder: Path, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in `folder` as a user would who has activated the environment; output is captured."""
    result = subprocess.run(
        command, cwd=folder, env=_environment(folder) | environment, capture_output=True, text=True, timeout=HUNG
    )
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result


def stage(folder: Path, name: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs one stage in a process of its own."""
    return run(folder, sys.executable, "-m", f"cleanplate.pipeline.{name}", *arguments, **options)


def stage_here(folder: Path, name: str, *overrides: str) -> None:
    """Runs one stage in this process."""
    from cleanplate.config import load

    module = importlib.import_module(f"cleanplate.pipeline.{name}")
    with contextlib.chdir(folder):
        config = load(overrides=list(overrides))
        if name in ("train", "predict"):
            for each in config.runs:
                module.run(config, each)
        else:
            module.run(config)


def walk(config: Any) -> None:
    """All stages, one after the other, in the current folder."""
    from cleanplate.pipeline import acquire, evaluate, predict, prepare, report, train

    acquire.run(config)
    prepare.run(config)
    for name in config.runs:
        train.run(config, name)
        predict.run(config, name)
    evaluate.run(config)
    report.run(config)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DVC_", "WANDB_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "HOME": str(folder),  # no git identity, no login, no cache of whoever runs the tests
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
