"""Checkpoints that cleanplate 0.1.0 wrote still load; the options that they name by former names are understood."""

import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import cleanplate
from cleanplate.scenes import SceneSpec, render
from in_memory import in_memory

PLACE = Path(__file__).with_name("checkpoints")
FRAMES = [frame.image for frame in render(SceneSpec("baseline", "corner", height=48, width=64, frames=40))]
SMALL = {"ae": {"width": 4, "latent_dim": 4, "steps": 4, "epoch_steps": 2, "batch_size": 4, "scale": 2}}


@pytest.mark.parametrize("path", sorted(PLACE.glob("*.ckpt")), ids=lambda path: path.stem)
def test_a_checkpoint_of_an_earlier_version_works(path: Path) -> None:
    """Each was fitted to these frames, so its background is near them, and its mask is that of a model fitted now."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        model = cleanplate.load(path)
    name = path.stem.removesuffix("-0.1.0")
    again = cleanplate.create(name, **SMALL.get(name, {})).fit(in_memory(FRAMES))
    mask, expected = model.apply(FRAMES[-1]), again.apply(FRAMES[-1])
    assert (mask == expected).mean() > 0.99
    assert cv2.absdiff(model.background, again.background).mean() < 1


def test_options_under_their_former_names_are_read(tmp_path: Path) -> None:
    model = cleanplate.create("plate", base="median", difference_clip=40.0, network_weight=30.0).fit(in_memory(FRAMES))
    cleanplate.save(model, tmp_path / "new.ckpt")
    content: dict[str, Any] = torch.load(tmp_path / "new.ckpt", weights_only=True)
    options = content["model"]["options"]
    options["cap"], options["vote"] = options.pop("difference_clip"), options.pop("network_weight")
    torch.save(content, tmp_path / "old.ckpt")
    loaded = cleanplate.load(tmp_path / "old.ckpt")
    assert (loaded.options.difference_clip, loaded.options.network_weight) == (40.0, 30.0)
    np.testing.assert_array_equal(loaded.apply(FRAMES[-1]), model.apply(FRAMES[-1]))
    model.load(tmp_path / "old.ckpt")


def test_a_former_name_given_by_a_user_warns() -> None:
    with pytest.warns(FutureWarning, match=r"model\.vote is called model\.network_weight now"):
        assert cleanplate.create("plate", base="median", vote=20.0).options.network_weight == 20.0
