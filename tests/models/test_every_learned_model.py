"""What every learned model must do beyond what every model must: resume, share its training, and learn.

A new model is tested by being registered.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.engine.trainer import build_trainer
from cleanplate.engine.training import fit
from cleanplate.metrics.functional.background import background_quality
from cleanplate.models import BackgroundModel, available
from cleanplate.models.learned import LearnedModel

LEARNED = sorted(name for name, model in available().items() if issubclass(model, LearnedModel))
OFFLINE = sorted(
    name
    for name, model in available().items()
    if model.family == "statistical" and not model.streaming and name != "mean"
)
SHORT: dict[str, Any] = {"steps": 6, "epoch_steps": 2, "batch_size": 3, "frames": 20}
CPU: dict[str, Any] = {
    "accelerator": "cpu",
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "precision": "32-true",
    "progress": False,
}
# From nothing, at full size: the picture itself must be learnt. What a model needs otherwise stands by its name.
FROM_NOTHING: dict[str, Any] = {
    "initial": "none",
    "scale": 1,
    "steps": 150,
    "epoch_steps": 50,
    "batch_size": 4,
    "width": 8,
    "latent_dim": 4,
    "learning_rate": 1e-2,
}
NEEDS: dict[str, dict[str, Any]] = {
    "rcae": {
        "foreground_suppression": 3.0
    },  # before there is a background, its sparse part cannot tell what foreground is
}


def learned(name: str, options: dict[str, Any]) -> LearnedModel:
    """The model with those of the options that it knows."""
    known = set(available()[name].Options.model_fields)
    model = cleanplate.create(name, **{key: value for key, value in options.items() if key in known})
    assert isinstance(model, LearnedModel)
    return model


# Resuming


class PowerCutError(Exception):
    pass


class PullPlug(pl.Callback):
    """Ends the training when the second epoch starts."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            raise PowerCutError


@pytest.mark.parametrize("name", LEARNED)
def test_a_training_that_was_interrupted_ends_where_the_uninterrupted_one_ends(
    name: str, scene: FrameSequence, tmp_path: Path
) -> None:
    def run(folder: str, *callbacks: pl.Callback) -> LearnedModel:
        model = learned(name, SHORT)
        fitted = fit(model, scene, CPU, tmp_path / folder, {"model": name}, callbacks=lambda: callbacks)
        assert fitted.steps == SHORT["steps"]
        assert fitted.resumed == (folder == "broken")
        return model

    whole = run("whole")
    with pytest.raises(PowerCutError):
        run("broken", PullPlug())
    resumed = run("broken")
    # Of the latest epoch, helpers (discriminators, averages) among them.
    latest = (torch.load(tmp_path / folder / "last.ckpt", weights_only=False) for folder in ("whole", "broken"))
    assert_equal(*(content["state_dict"] for content in latest))
    assert_equal(whole.network.state_dict(), resumed.network.state_dict())  # the best ones
    frames = [scene[3], scene[30]]
    for one, other in zip(whole.predict(frames), resumed.predict(frames), strict=True):
        np.testing.assert_array_equal(one.background, other.background)
        np.testing.assert_array_equal(one.mask, other.mask)


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], rtol=0, atol=0, msg=lambda text, key=key: f"{key}: {text}")


# Sharing: two processes train all models in turn, so that the cost of starting them is paid once


@pytest.fixture(scope="module")
def shared(scene_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, str]]]:
    """What each of the two processes says of each model."""
    from waiting import HUNG  # here, for the two processes do not find it

    folder = tmp_path_factory.mktemp("shared")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(scene_folder), str(folder)],
            env=os.environ
            | {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
            # Lightning then leaves starting processes to others.
            | {"MASTER_PORT": port, "GROUP_RANK": "0", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "test"},
            stdout=subprocess.DEVNULL,
            stderr=(folder / f"log{rank}").open("wb"),
        )
        for rank in ("0", "1")
    ]
    try:
        for process in processes:
            process.wait(timeout=HUNG)
    finally:
        for process in processes:
            process.kill()
    reports = [folder / f"report{rank}.json" for rank in (0, 1)]
    return [json.loads(path.read_text()) if path.is_file() else {} for path in reports]


@pytest.mark.parametrize("name", LEARNED)
def test_two_processes_end_with_the_same_weights(name: str, shared: list[dict[str, dict[str, str]]]) -> None:
    said = [report.get(name, {"error": "not reached"}) for report in shared]
    assert not [one["error"] for one in said if "error" in one]
    assert said[0]["after"] == said[1]["after"]
    assert said[0]["before"] == said[1]["before"] != said[0]["after"]


def share(scene: Path, folder: Path) -> None:
    """What one of the two processes does."""
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    sequence = cleanplate.open_sequence(scene)
    report: dict[str, dict[str, str]] = {}
    for name in LEARNED:
        try:
            task = learned(name, SHORT | {"steps": 2}).task(sequence)
            before = digest(task)
            machine = CPU | {"devices": 2, "strategy": "ddp"}
            by_hand = not task.automatic_optimization
            build_trainer(task.options, machine, folder / name, by_hand=by_hand).fit(task)
            report[name] = {"before": before, "after": digest(task)}
        except Exception as error:  # told by name; the others are still tried
            report[name] = {"error": f"{type(error).__name__}: {error}"}
        (folder / f"report{rank}.json").write_text(json.dumps(report))
    os._exit(0)  # a process group that met an error may wait for ever to be taken down


def digest(task: pl.LightningModule) -> str:
    """Of all weights, helpers' included; not of running statistics, which each process takes over its own frames."""
    whole = hashlib.sha256()
    for name, weight in sorted(task.named_parameters()):
        whole.update(name.encode() + weight.detach().numpy().tobytes())
    return whole.hexdigest()


# Learning


@pytest.fixture(scope="module")
def ghosts(busy: FrameSequence) -> float:
    """Error of the temporal mean, in which everything that passed leaves a ghost."""
    return error_of(cleanplate.create("mean").fit(busy), busy)


def error_of(model: BackgroundModel, sequence: FrameSequence) -> float:
    """AGE over a few frames."""
    assert sequence.plates is not None
    indices = range(2, len(sequence), 6)
    backgrounds = [prediction.background for prediction in model.predict([sequence[index] for index in indices])]
    plates = [sequence.plates.read(sequence.numbers[index]) for index in indices]
    return float(np.mean([background_quality(*pair)["age"] for pair in zip(backgrounds, plates, strict=True)]))


@pytest.mark.parametrize("name", LEARNED)
def test_a_model_that_starts_from_nothing_learns_more_than_the_mean(
    name: str, busy: FrameSequence, ghosts: float
) -> None:
    model = learned(name, FROM_NOTHING | NEEDS.get(name, {}))
    model.fit(busy)
    assert error_of(model, busy) < ghosts


@pytest.mark.parametrize("name", OFFLINE)
def test_an_offline_statistic_is_nearer_to_the_plate_than_the_mean(
    name: str, busy: FrameSequence, ghosts: float
) -> None:
    assert error_of(cleanplate.create(name).fit(busy), busy) < ghosts


if __name__ == "__main__":
    share(Path(sys.argv[1]), Path(sys.argv[2]))
