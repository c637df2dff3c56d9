"""Training that is killed, resumed, or shared between processes ends where plain training ends."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cleanplate.models.checkpoint import read
from project import ROOT, SHORT, configure, run, stage

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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has gone as far as `prepare`, for others to copy."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(ROOT / "conf", folder / "conf")
    configure(folder, "model=ae", *SCENE, *SHORT)
    stage(folder, "acquire")
    stage(folder, "prepare")
    return folder


@pytest.fixture
def project(prepared: Path, tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, model: str, *overrides: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(prepared, folder)
        (folder / "killer.py").write_text(KILLER)
        configure(folder, *SCENE, f"model={model}", *SHORT, *overrides)
        return folder

    return make


def weights(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = read(folder / "data/models" / RUN / "model.ckpt")["state"]["network"]
    return state


def assert_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], rtol=0, atol=0, msg=key)


@pytest.mark.parametrize("model", ["ae", "aae"])
def test_a_killed_training_goes_on_and_ends_where_the_uninterrupted_one_ends(
    model: str, project: Callable[..., Path]
) -> None:
    whole = project("whole", model)
    stage(whole, "train")
    broken = project("broken", model, "plugins=[killer]")
    assert stage(broken, "train", check=False).returncode == -9
    assert not (broken / "data/models" / RUN).exists()
    assert "resumed" in stage(broken, "train").stdout
    assert_equal(weights(whole), weights(broken))
    curves = [folder / "data/models" / RUN / "curves.csv" for folder in (whole, broken)]
    assert curves[0].read_text() == curves[1].read_text()


@pytest.mark.parametrize("model", ["ae", "aae"])
def test_two_processes_train_one_network_however_they_are_started(model: str, project: Callable[..., Path]) -> None:
    launched = project("launched", model)
    stage(launched, "train", *TWO)
    torchrun = project("torchrun", model)
    module = ["-m", "cleanplate.pipeline.train"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run(torchrun, *launcher, *module, *TWO)
    assert_equal(weights(launched), weights(torchrun))


def test_checkpoints_of_another_configuration_are_not_taken_up(project: Callable[..., Path]) -> None:
    folder = project("project", "ae", "plugins=[killer]")
    assert stage(folder, "train", check=False).returncode == -9
    assert "resumed" not in stage(folder, "train", "model.latent_dim=8").stdout
