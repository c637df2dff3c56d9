"""What every model that learns from labels must do: learn, keep, resume, share its training, and say what it lacks.

A new model is tested by being registered.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.engine.trainer import build_trainer
from cleanplate.engine.training import fit
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models import available
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.scenes import SceneSpec, write_scene

LABELLED = sorted(name for name, model in available().items() if model.labelled)
SHORT: dict[str, Any] = {"steps": 6, "epoch_steps": 2, "batch_size": 2, "workers": 0}
LEARNING: dict[str, Any] = {"steps": 24, "epoch_steps": 24, "batch_size": 4, "ema_decay": 0.5}
# What makes each of them small, and start from nothing.
NEEDS: dict[str, dict[str, Any]] = {
    "bgsnet": {"side": 32, "examples": 6, "initial_weights": "random", "base": "median"},
    "pairnet": {"crop": 48, "working": 48, "frames": 12},
    "unet": {"side": 48, "width": 4, "widest": 8, "stages": 3, "pasted": 1.0},
}
CPU: dict[str, Any] = {
    "accelerator": "cpu",
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "precision": "32-true",
    "progress": False,
}


def made(name: str, **options: Any) -> SupervisedModel:
    """The model with those of the options that it knows."""
    known = set(available()[name].Options.model_fields)
    wanted = SHORT | NEEDS.get(name, {}) | options
    model = cleanplate.create(name, **{key: value for key, value in wanted.items() if key in known})
    assert isinstance(model, SupervisedModel)
    return model


def material(root: Path) -> list[LabelledFrames]:
    return [LabelledFrames.of(cleanplate.open_sequence(folder)) for folder in sorted(root.glob("*/*"))]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny labelled scenes."""
    root = tmp_path_factory.mktemp("labelled")
    for seed, scene in enumerate(("baseline/street", "shadow/plaza")):
        write_scene(SceneSpec(*scene.split("/"), height=48, width=64, frames=24, seed=seed), root / scene)
    return root


@pytest.fixture(scope="module")
def labelled(places: Path) -> list[LabelledFrames]:
    return material(places)


@pytest.fixture(scope="module")
def scene(labelled: list[LabelledFrames]) -> FrameSequence:
    return labelled[0].sequence


@pytest.fixture(scope="module")
def learnt(labelled: list[LabelledFrames]) -> Callable[[str], SupervisedModel]:
    """Models that have learnt and met a scene, made once each."""
    known: dict[str, SupervisedModel] = {}

    def model(name: str) -> SupervisedModel:
        if name not in known:
            known[name] = made(name, **LEARNING).learn(labelled)
        return known[name].fit(labelled[0].sequence)

    return model


def loss_of(model: SupervisedModel, labelled: list[LabelledFrames]) -> float:
    """Over the examples that are held out."""
    task = model.task(labelled)
    model.network.eval()
    with torch.no_grad():
        return float(np.mean([float(task._loss(*batch)[0]) for batch in task.val_dataloader()]))


# Learning and keeping


@pytest.mark.parametrize("name", LABELLED)
def test_it_learns(name: str, learnt: Callable[[str], SupervisedModel], labelled: list[LabelledFrames]) -> None:
    assert loss_of(learnt(name), labelled) < 0.95 * loss_of(made(name), labelled)
    assert learnt(name).parameters > 1000


@pytest.mark.parametrize("name", LABELLED)
def test_mask_score_and_background_have_the_promised_form(
    name: str, learnt: Callable[[str], SupervisedModel], scene: FrameSequence
) -> None:
    model, frames = learnt(name), [scene[index] for index in range(15, 19)]
    for frame, prediction in zip(frames, model.predict(frames), strict=True):
        assert prediction.mask.dtype == np.uint8
        assert prediction.mask.shape == prediction.score.shape == frame.shape[:2]
        assert set(np.unique(prediction.mask)) <= {0, 127, 255}
        assert prediction.score.dtype == np.float32
        assert np.isfinite(prediction.score).all()
        assert 0 <= prediction.score.min() <= prediction.score.max() <= 255
        assert (prediction.background.dtype, prediction.background.shape) == (np.uint8, frame.shape)
    assert model.background.shape == frames[0].shape


@pytest.mark.parametrize("name", LABELLED)
def test_a_checkpoint_gives_the_same_predictions(
    name: str, learnt: Callable[[str], SupervisedModel], scene: FrameSequence, tmp_path: Path
) -> None:
    model, frames = learnt(name), [scene[index] for index in range(15, 19)]
    league = model.league
    model.league = "scene"  # what a protocol says stays with the weights
    cleanplate.save(model, tmp_path / "model.ckpt")
    model.league = league
    loaded = cleanplate.load(tmp_path / "model.ckpt")
    assert loaded.describe() == model.describe()
    assert loaded.league == "scene"
    for one in (model, loaded):
        one.reset()
    for one, other in zip(model.predict(frames), loaded.predict(frames), strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.background, other.background)


@pytest.mark.parametrize("name", LABELLED)
def test_what_it_learnt_elsewhere_meets_a_scene_after_loading(
    name: str, learnt: Callable[[str], SupervisedModel], labelled: list[LabelledFrames], tmp_path: Path
) -> None:
    cleanplate.save(learnt(name), tmp_path / "model.ckpt")
    other = labelled[1].sequence
    results = [
        model.fit(other).predict([other[3]])[0] for model in (learnt(name), cleanplate.load(tmp_path / "model.ckpt"))
    ]
    np.testing.assert_array_equal(results[0].score, results[1].score)
    np.testing.assert_array_equal(results[0].background, results[1].background)


@pytest.mark.parametrize("name", LABELLED)
def test_a_batch_equals_single_frames(
    name: str, learnt: Callable[[str], SupervisedModel], scene: FrameSequence
) -> None:
    model, frames = learnt(name), [scene[index] for index in range(15, 19)]
    model.reset()
    together = model.predict(frames)
    model.reset()
    for frame, one in zip(frames, together, strict=True):
        np.testing.assert_allclose(model.predict([frame])[0].score, one.score, atol=1)


# What is wrong is said


@pytest.mark.parametrize("name", LABELLED)
def test_before_it_has_learnt_it_says_so(name: str, scene: FrameSequence) -> None:
    for use in (lambda model: model.apply(scene[0]), lambda model: model.fit(scene)):
        with pytest.raises(ModelError, match=f"^{name}: has not learnt yet; call learn"):
            use(made(name))


@pytest.mark.parametrize("name", LABELLED)
def test_a_scene_without_labels_is_no_material(name: str, scene: FrameSequence, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"^{name}: learns from labels, not from a scene"):
        fit(made(name), scene, CPU, tmp_path, {})


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((48, 64, 2), np.uint8),
        np.zeros((48, 64, 3), np.float32),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((32, 32, 3), np.uint8),
        None,
    ],
    ids=["two channels", "float", "four channels", "another size than the scene's", "nothing"],
)
def test_a_wrong_frame_is_refused(name: str, frame: Any, learnt: Callable[[str], SupervisedModel]) -> None:
    with pytest.raises(ModelError, match=f"^{name}: "):
        learnt(name).apply(frame)


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ema_decay": 1.0}, r"^model\.ema_decay: 1\.0 is outside 0 … 1"),
        ({"weight_decay": -1.0}, r"^model\.weight_decay: -1\.0 is negative"),
        ({"workers": -1}, r"^model\.workers: -1 is negative"),
        ({"loss": {"mse": 1.0}}, r"^model\.loss\.mse: no such loss; choose from bce, dice, focal, lovasz"),
        ({"loss": [1.0]}, r"^model\.loss: \[1\.0\] is not "),
    ],
)
def test_a_wrong_option_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made(name, **options)


# Resuming


class PowerCutError(Exception):
    pass


class PullPlug(pl.Callback):
    """Ends the training when the second epoch starts."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            raise PowerCutError


@pytest.fixture(scope="module")
def resumed(places: Path, labelled: list[LabelledFrames], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each model with its training, which was interrupted and went on in another process.

    The second part draws its examples in a process of its own, which must not matter either. It is forked, so that it
    has no place in a process in which other tests have left threads.
    """
    folder = tmp_path_factory.mktemp("resumed")
    for name in LABELLED:
        with pytest.raises(PowerCutError):
            trained(name, labelled, folder / name, PullPlug())
    subprocess.run([sys.executable, __file__, "resume", places, folder], check=True)
    return folder


@pytest.mark.parametrize("name", LABELLED)
def test_a_training_that_was_interrupted_ends_where_the_uninterrupted_one_ends(
    name: str, resumed: Path, labelled: list[LabelledFrames], tmp_path: Path
) -> None:
    whole = trained(name, labelled, tmp_path)
    latest = (torch.load(folder / "last.ckpt", weights_only=False) for folder in (tmp_path, resumed / name))
    assert_equal(*(content["state_dict"] for content in latest))  # the averages among them
    assert_equal(whole.network.state_dict(), torch.load(resumed / name / "resumed.pt"))
    before = made(name).network.state_dict()
    assert any(not torch.equal(weight, before[key]) for key, weight in whole.network.state_dict().items())


def trained(
    name: str, labelled: list[LabelledFrames], folder: Path, *callbacks: pl.Callback, workers: int = 0
) -> SupervisedModel:
    model = made(name, workers=workers)
    resumes = (folder / "last.ckpt").is_file()
    fitted = fit(model, labelled, CPU, folder, {"model": name}, callbacks=lambda: callbacks)
    assert fitted.steps == SHORT["steps"]
    assert fitted.resumed == resumes
    return model


def resume(places: Path, folder: Path) -> None:
    """What the process does that ends the interrupted trainings."""
    torch.set_num_threads(1)
    for name in LABELLED:
        model = trained(name, material(places), folder / name, workers=1)
        torch.save(model.network.state_dict(), folder / name / "resumed.pt")


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, other[key], rtol=0, atol=0, msg=lambda text, key=key: f"{key}: {text}")


@pytest.mark.parametrize("name", LABELLED)
def test_the_average_of_the_weights_is_what_is_handed_over(
    name: str, labelled: list[LabelledFrames], tmp_path: Path
) -> None:
    model = made(name, ema_decay=0.9, steps=2)
    fit(model, labelled, CPU, tmp_path, {})
    kept = torch.load(tmp_path / "best.ckpt", weights_only=False)["state_dict"]
    for key, weight in model.network.state_dict().items():
        torch.testing.assert_close(weight, kept[f"averaged.module.{key}"], rtol=0, atol=0)
    assert any(not torch.equal(weight, kept[f"network.{key}"]) for key, weight in model.network.state_dict().items())


# Sharing: two processes train all models in turn, so that the cost of starting them is paid once


@pytest.fixture(scope="module")
def shared(places: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, str]]]:
    """What each of the two processes says of each model."""
    from waiting import HUNG  # here, for the two processes do not find it

    folder = tmp_path_factory.mktemp("shared")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "share", places, folder],
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


@pytest.mark.parametrize("name", LABELLED)
def test_two_processes_end_with_the_same_weights(name: str, shared: list[dict[str, dict[str, str]]]) -> None:
    said = [report.get(name, {"error": "not reached"}) for report in shared]
    assert not [one["error"] for one in said if "error" in one]
    assert said[0]["after"] == said[1]["after"]
    assert said[0]["before"] == said[1]["before"] != said[0]["after"]
    assert said[0]["drawn"] != said[1]["drawn"]  # each has examples of its own


class Seen(pl.Callback):
    """Remembers what was learnt from."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, index: int) -> None:
        self.digest.update(batch[0].numpy().tobytes())


def share(places: Path, folder: Path) -> None:
    """What one of the two processes does."""
    torch.set_num_threads(1)
    labelled = material(places)
    rank = int(os.environ["RANK"])
    report: dict[str, dict[str, str]] = {}
    for name in LABELLED:
        try:
            task, seen = made(name, steps=2).task(labelled), Seen()
            before = digest(task)
            machine = CPU | {"devices": 2, "strategy": "ddp"}
            build_trainer(task.options, machine, folder / name, callbacks=[seen]).fit(task)
            report[name] = {"before": before, "after": digest(task), "drawn": seen.digest.hexdigest()}
        except Exception as error:  # told by name; the others are still tried
            report[name] = {"error": f"{type(error).__name__}: {error}"}
        (folder / f"report{rank}.json").write_text(json.dumps(report))
    os._exit(0)  # a process group that met an error may wait for ever to be taken down


def digest(task: pl.LightningModule) -> str:
    """Of all weights, averages included; not of running statistics, which each process takes over its own examples."""
    whole = hashlib.sha256()
    for name, weight in sorted(task.named_parameters()):
        whole.update(name.encode() + weight.detach().numpy().tobytes())
    return whole.hexdigest()


if __name__ == "__main__":
    if sys.argv[1] == "share":
        share(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        resume(Path(sys.argv[2]), Path(sys.argv[3]))
