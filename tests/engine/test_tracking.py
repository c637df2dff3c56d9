"""W&B runs on disk hold what was logged; nothing that goes wrong with W&B stops the work."""

import builtins
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from tests.wandb_file import only_run
from torch import nn

from cleanplate.engine import tracking
from cleanplate.engine.artifacts import artifact_name, checkpoint_lineage, log_checkpoint, log_predictions
from cleanplate.engine.callbacks import Pictures, Throughput
from cleanplate.engine.callbacks.pictures import prediction_classes, truth_classes, undisturbed
from cleanplate.engine.provenance import dvc_digests, provenance, sha256
from cleanplate.engine.tracking import RunInfo, run_name, start_logger, tracked
from cleanplate.models.base import BackgroundModel
from cleanplate.models.types import Estimate

pytest.importorskip("wandb")

INFO = RunInfo("aae-street", "train", "baseline/street", ("autoencoder", "unsupervised"), {"model": {"name": "aae"}})


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.setenv(name, "")  # so that what a test sets is taken back
        monkeypatch.delenv(name)
    for name in ("WANDB_MODE", "WANDB_DIR", "DVC_EXP_NAME", "RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))


class Plate(BackgroundModel):
    """One grey level for the whole picture, learnt."""

    name = "plate"
    family = "autoencoder"

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 1))
        self._size = (24, 32)

    def _estimate(self, frames: Any, learning_rate: float) -> list[Estimate]:
        assert not any(part.training for part in self.network.modules())
        torch.rand(1), np.random.rand()
        level = float(self.network(torch.ones(1, 1)).detach())
        return [Estimate(np.full_like(frame, np.clip(level, 0, 255))) for frame in frames]


class Task(pl.LightningModule):
    def __init__(self, network: nn.Module, fail_at: int | None = None) -> None:
        super().__init__()
        self.network = network
        self.fail_at = fail_at

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        loss = self.network(batch).square().mean()
        self.log("train/loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.01)

    def train_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(torch.ones(12, 1), batch_size=4)


def frames() -> list[np.ndarray]:
    frame = np.zeros((24, 32, 3), np.uint8)
    frame[8:16, 8:16] = (20, 200, 120)
    return [frame, frame]


def trained(logger: Any, folder: Path, *callbacks: pl.Callback, model: Plate | None = None) -> Task:
    torch.manual_seed(0)
    task = Task((model or Plate()).network)
    trainer = pl.Trainer(
        max_epochs=2, logger=logger or False, callbacks=list(callbacks), accelerator="cpu", log_every_n_steps=1,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(task)
    return task


def test_an_offline_run_holds_everything(tmp_path: Path) -> None:
    model = Plate()
    truth = np.zeros((24, 32), np.uint8)
    truth[8:16, 8:16] = 255
    truth[0] = 85
    checkpoint = tmp_path / "model.ckpt"
    checkpoint.write_bytes(b"weights")
    masks = tmp_path / "predictions"
    (masks / "background").mkdir(parents=True)
    for name in ("bin000001.png", "bin000002.png", "background/bg000001.png"):
        (masks / name).write_bytes(name.encode())
    with tracked("offline", "plates", None, tmp_path, INFO) as logger:
        assert logger is not None
        pictures = Pictures(model, frames(), ["one", "two"], [truth, None], every=1)
        trained(logger, tmp_path, pictures, Throughput(), model=model)
        log_checkpoint(logger, checkpoint, {"step": 6})
        log_predictions(logger, masks, "baseline/street", {"r": checkpoint_lineage(checkpoint, "r")}, {"d": "1"})
        import wandb

        logger.attempt(lambda run: run.log({"videos": wandb.Table(columns=["video", "f"], data=[["a/b", 0.5]])}))
    run = only_run(tmp_path / "wandb")
    assert (run.run.display_name, run.run.job_type, run.run.run_group) == ("aae-street", "train", "baseline/street")
    assert list(run.run.tags) == ["autoencoder", "unsupervised"]
    assert run.config["model"] == {"name": "aae"}
    assert run.exit_code == 0
    assert len(run.column("train/loss")) == 6
    assert run.column("train/learning_rate") == [0.01] * 6
    assert all(0 <= share <= 1 for share in run.column("speed/waiting_share"))
    assert min(run.column("speed/frames_per_second")) > 0

    pictured = [row for row in run.history if "pictures/frame/count" in row]
    assert [row["trainer/global_step"] for row in pictured] == [2, 5]
    assert pictured[0]["pictures/frame/captions"] == ["one", "two"]
    first, second = pictured[0]["pictures/frame/all_masks"]
    assert set(first) == {"prediction", "ground_truth"} and set(second) == {"prediction"}
    for kind in ("frame", "background", "score", "mask"):
        assert pictured[0][f"pictures/{kind}/count"] == 2
        assert all((run.folder / "files" / name).is_file() for name in pictured[0][f"pictures/{kind}/filenames"])
    assert all((run.folder / "files" / first[kind]["path"]).is_file() for kind in first)

    stored = run.artifacts["model-baseline-street"]
    assert json.loads(stored.metadata)["sha256"] == sha256(checkpoint)
    predictions = run.artifacts["predictions-baseline-street"]
    assert {entry.path for entry in predictions.manifest.contents} == {"bin000001.png", "bin000002.png"}
    lineage = json.loads(predictions.metadata)
    assert lineage["checkpoints"]["r"]["sha256"] == sha256(checkpoint) and lineage["data"] == {"d": "1"}
    assert run.column("videos/nrows") == [1]


def test_runs_of_one_process_are_apart_and_a_failure_is_marked(tmp_path: Path) -> None:
    with tracked("offline", "plates", None, tmp_path / "a", INFO) as logger:
        assert logger is not None
        logger.log_metrics({"x": 1.0}, 0)
    with pytest.raises(RuntimeError), tracked("offline", "plates", None, tmp_path / "b", INFO) as logger:
        assert logger is not None
        logger.log_metrics({"y": 2.0}, 0)
        raise RuntimeError
    one, two = only_run(tmp_path / "a"), only_run(tmp_path / "b")
    assert one.column("x") == [1.0] and not one.column("y") and one.exit_code == 0
    assert two.column("y") == [2.0] and not two.column("x") and two.exit_code == 1
    assert one.run.run_id != two.run.run_id
    assert "WANDB_MODE" not in os.environ


def test_wandb_keeps_its_files_in_the_folder(tmp_path: Path) -> None:
    with tracked("offline", "plates", None, tmp_path / "outputs", INFO):
        for name in ("DATA", "CACHE", "CONFIG"):
            assert Path(os.environ[f"WANDB_{name}_DIR"]).is_relative_to(tmp_path / "outputs/wandb")


def test_disabled_is_none(tmp_path: Path) -> None:
    assert start_logger("disabled", "plates", None, tmp_path, INFO) is None
    assert not list(tmp_path.iterdir())
    log_checkpoint(None, tmp_path / "no.ckpt", {})
    log_predictions(None, tmp_path, "x", {}, {})


def test_without_wandb_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = builtins.__import__

    def blocked(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "wandb":
            raise ModuleNotFoundError("No module named 'wandb'", name="wandb")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", blocked)
    logger = start_logger("offline", "plates", None, tmp_path, INFO)
    assert logger is None
    assert "cleanplate[tracking]" in caplog.text
    trained(logger, tmp_path, Pictures(Plate(), frames(), ["", ""]), Throughput())


@pytest.mark.parametrize("key", [None, pytest.param("0" * 40, marks=pytest.mark.slow)], ids=["no login", "no network"])
def test_online_falls_back_to_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    monkeypatch.setattr(tracking, "_CONNECT_SECONDS", 1)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    if key:
        monkeypatch.setenv("WANDB_API_KEY", key)
    with tracked("online", "plates", None, tmp_path, INFO) as logger:
        assert logger is not None and not logger.online
        logger.log_metrics({"x": 1.0}, 0)
    warnings = [record for record in caplog.records if record.name.startswith("cleanplate")]
    assert len(warnings) == 1 and "offline" in warnings[0].getMessage()
    (path,) = (tmp_path / "wandb").glob("offline-run-*")
    assert only_run(path).column("x") == [1.0]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("service gone")])
def test_an_error_while_logging_silences_tracking_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Broken:
        id = "x"
        calls = 0

        def __getattr__(self, name: str) -> Any:
            def fail(*_: Any, **__: Any) -> None:
                Broken.calls += 1
                raise error

            return fail

    Broken.calls = 0
    monkeypatch.setattr(tracking, "_started", lambda *_: Broken())
    with tracked("offline", "plates", None, tmp_path, INFO) as logger:
        assert logger is not None
        trained(logger, tmp_path, Pictures(Plate(), frames(), ["", ""], every=1), Throughput())
        log_checkpoint(logger, tmp_path / "model.ckpt", {})
    assert Broken.calls == 2  # the first logging, and the attempt to finish
    assert [record.getMessage() for record in caplog.records if "silent" in record.getMessage()] == [
        f"tracking falls silent, the work goes on: {type(error).__name__}: {error}"
    ]


def test_a_service_that_does_not_start_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stubborn(*_: Any) -> Any:
        raise ConnectionResetError("the service is gone")

    monkeypatch.setattr(tracking, "_started", stubborn)
    assert start_logger("offline", "plates", None, tmp_path, INFO) is None


def test_other_processes_hold_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_RANK", "1")
    logger = start_logger("offline", "plates", None, tmp_path, INFO)
    assert logger is not None
    logger.log_metrics({"x": 1.0}, 0)
    logger.finish()
    assert not list(tmp_path.rglob("*.wandb"))


def test_pictures_leave_no_trace() -> None:
    network = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2))
    network[1].eval()
    torch.manual_seed(3), np.random.seed(3)
    before = torch.get_rng_state().clone(), np.random.get_state()[1].copy()
    with undisturbed(network):
        assert not network[0].training
        torch.rand(5), np.random.rand(5)
    assert network[0].training and not network[1].training
    assert torch.equal(before[0], torch.get_rng_state()) and (before[1] == np.random.get_state()[1]).all()


def test_pictures_do_not_change_the_training(tmp_path: Path) -> None:
    weights = []
    for every in (1, None):
        torch.manual_seed(1)
        model = Plate()
        with tracked("offline", "plates", None, tmp_path / str(every), INFO) as logger:
            callbacks = [Pictures(model, frames(), ["", ""], every=every)] if every else []
            trained(logger, tmp_path, *callbacks, model=model)
        weights.append([parameter.detach().clone() for parameter in model.network.parameters()])
        assert model._background is None
    assert all(torch.equal(left, right) for left, right in zip(*weights, strict=True))


def test_classes_of_overlays() -> None:
    assert prediction_classes(np.array([[0, 127, 255]], np.uint8)).tolist() == [[0, 2, 1]]
    assert truth_classes(np.array([[0, 50, 85, 170, 255]], np.uint8)).tolist() == [[0, 2, 3, 3, 1]]


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_name("aae", "baseline/street") == "aae-baseline-street"
    monkeypatch.setenv("DVC_EXP_NAME", "tidy-owls")
    assert run_name("aae", "baseline/street") == "tidy-owls-baseline-street"
    assert artifact_name("model", "a/b c") == "model-a-b-c"


def test_provenance(tmp_path: Path) -> None:
    found = provenance(tmp_path)
    assert found["git_sha"] is None and found["git_dirty"] is None and found["dvc_lock"] is None
    assert found["torch"] == torch.__version__ or found["torch"].startswith("2")
    assert found["hardware"] and os.uname().nodename not in found["hardware"]
    (tmp_path / "dvc.lock").write_text(
        "stages: {prepare: {outs: [{path: data/sequences/a/b, md5: 12ab.dir}, {path: x, md5: c}]}}"
    )
    assert provenance(tmp_path)["dvc_lock"] == sha256(tmp_path / "dvc.lock")
    assert dvc_digests(tmp_path, "data/sequences") == {"data/sequences/a/b": "12ab.dir"}
