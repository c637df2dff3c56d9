"""Training that is killed, resumed, or shared between processes ends where plain training ends."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cleanplate.models.checkpoint_file import read
from project import ROOT, SHORT, configure, run, stage, stage_here

RUN = "baseline/street"
SCENE = ["data.height=48", "data.width=64", "data.frames=24", f"data.scenes=[{RUN}]", "tracking=disabled"]
TWO = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
# Ends the process as `kill -9` does, at the start of the third epoch, once.
KILLER = """
import os, pathlib, signal
from cleanplate.models.training import FramesTask

def kill(self):
    marker = pathlib.Path("killed")
    if self.current_epoch == 2 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)

FramesTask.on_train_epoch_start = kill
"""


# One model stands for all here, the one whose optimisers take turns: in one process, every model is tested
# in tests/models/test_every_learned_model.py.
MODELS = ["aae", pytest.param("ae", marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has gone as far as `prepare`, for others to copy."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(ROOT / "conf", folder / "conf")
    configure(folder, "model=ae", *SCENE, *SHORT)
    stage_here(folder, "acquire")
    stage_here(folder, "prepare")
    return folder


@pytest.fixture(scope="module")
def killed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes, once per model, a project whose training was killed."""
    made: dict[str, Path] = {}

    def of(model: str) -> Path:
        if model not in made:
            folder = made[model] = tmp_path_factory.mktemp("killed") / model
            copied(prepared, folder, model, "plugins=[killer]")
            (folder / "killer.py").write_text(KILLER)
            assert stage(folder, "train", check=False).returncode == -9
            assert not (folder / "data/models" / RUN).exists()
        return made[model]

    return of


def copied(project: Path, folder: Path, model: str, *overrides: str) -> Path:
    """A copy of a project, set up for another model."""
    shutil.copytree(project, folder)
    configure(folder, *SCENE, f"model={model}", *SHORT, *overrides)
    return folder


def weights(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = read(folder / "data/models" / RUN / "model.ckpt")["state"]["network"]
    return state


def assert_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], rtol=0, atol=0, msg=key)


@pytest.mark.parametrize("model", MODELS)
def test_a_killed_training_goes_on_and_ends_where_the_uninterrupted_one_ends(
    model: str, prepared: Path, killed: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = copied(prepared, tmp_path / "whole", model)
    stage_here(whole, "train")
    assert "resumed" not in capsys.readouterr().out
    broken = copied(killed(model), tmp_path / "broken", model)
    stage_here(broken, "train")
    assert "resumed" in capsys.readouterr().out
    assert_equal(weights(whole), weights(broken))
    curves = [folder / "data/models" / RUN / "curves.csv" for folder in (whole, broken)]
    assert curves[0].read_text() == curves[1].read_text()


@pytest.mark.parametrize("model", MODELS)
def test_two_processes_train_one_network_however_they_are_started(model: str, prepared: Path, tmp_path: Path) -> None:
    launched = copied(prepared, tmp_path / "launched", model)
    stage(launched, "train", *TWO)
    torchrun = copied(prepared, tmp_path / "torchrun", model)
    module = ["-m", "cleanplate.pipeline.train"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run(torchrun, *launcher, *module, *TWO)
    assert_equal(weights(launched), weights(torchrun))


def test_checkpoints_of_another_configuration_are_not_taken_up(
    killed: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage_here(copied(killed("aae"), tmp_path / "project", "aae"), "train", "model.latent_dim=8")
    printed = capsys.readouterr().out
    assert "fitted" in printed
    assert "resumed" not in printed
