"""Pictures of held-out examples reach W&B, and the training goes on as if nothing had been."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from tests.wandb_file import only_run

import cleanplate
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.engine.callbacks import HeldOutPictures
from cleanplate.engine.tracking import RunInfo, tracked
from cleanplate.engine.training import fit

pytest.importorskip("wandb")

INFO = RunInfo("unet-all", "train", "all", ("supervised", "semantic"), {"model": {"name": "unet"}})
SMALL: dict[str, Any] = {
    "side": 32,
    "width": 4,
    "widest": 8,
    "stages": 3,
    "steps": 8,
    "epoch_steps": 2,
    "batch_size": 2,
}
CPU: dict[str, Any] = {
    "accelerator": "cpu",
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "precision": "32-true",
    "progress": False,
}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.setenv(name, "")  # so that what a test sets is taken back
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))


def trained(scene: FrameSequence, folder: Path, logger: Any, *callbacks: pl.Callback) -> dict[str, torch.Tensor]:
    model = cleanplate.create("unet", **SMALL, workers=0)
    fit(model, [LabelledFrames.of(scene)], CPU, folder, {}, logger=logger, callbacks=lambda: callbacks)
    return torch.load(folder / "last.ckpt", weights_only=False)["state_dict"]  # type: ignore[no-any-return]


def test_held_out_examples_are_shown_with_prediction_and_labels(scene: FrameSequence, tmp_path: Path) -> None:
    with tracked("offline", "people", None, tmp_path, INFO) as logger:
        watched = trained(scene, tmp_path / "watched", logger, HeldOutPictures(every=3, count=2))
    run = only_run(tmp_path / "wandb")
    pictured = [row for row in run.history if "pictures/frame/count" in row]
    assert [row["trainer/global_step"] for row in pictured] == [5, 7]  # after the third epoch, and after the last
    assert pictured[0]["pictures/frame/captions"] == ["held out, 1", "held out, 2"]
    for masks in pictured[0]["pictures/frame/all_masks"]:
        assert set(masks) == {"prediction", "ground_truth"}
        assert all((run.folder / "files" / mask["path"]).is_file() for mask in masks.values())
    for kind in ("frame", "score", "mask"):
        assert pictured[0][f"pictures/{kind}/count"] == 2
        assert all((run.folder / "files" / name).is_file() for name in pictured[0][f"pictures/{kind}/filenames"])
    alone = trained(scene, tmp_path / "alone", None)
    assert watched.keys() == alone.keys()
    for key, weight in watched.items():
        torch.testing.assert_close(weight, alone[key], rtol=0, atol=0, msg=key)


def test_without_a_listener_nothing_is_computed(scene: FrameSequence, tmp_path: Path) -> None:
    pictures = HeldOutPictures(every=1)
    trained(scene, tmp_path, None, pictures)
    assert pictures._examples is None
