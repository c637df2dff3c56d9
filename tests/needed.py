"""What some models cannot be fitted without."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import cleanplate
from cleanplate.data.training import LabelledFrames
from cleanplate.scenes import SceneSpec, write_scene

TINY_UNET: dict[str, Any] = {
    "side": 32,
    "width": 4,
    "stages": 2,
    "blocks": 1,
    "steps": 2,
    "epoch_steps": 2,
    "batch_size": 2,
    "workers": 0,
}


def needed(name: str) -> dict[str, Any]:
    """Options that a model of this name needs before it can be fitted."""
    return {"semantics": str(tiny_unet())} if name == "fusion" else {}


@cache
def tiny_unet() -> Path:
    """A checkpoint of a `unet` that has learnt next to nothing, made once per process."""
    folder = Path(tempfile.mkdtemp(prefix="cleanplate-unet-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_scene(SceneSpec("baseline", "street", height=48, width=64, frames=24, seed=1), folder / "baseline/street")
    labelled = LabelledFrames.of(cleanplate.open_sequence(folder / "baseline/street"))
    cleanplate.save(cleanplate.create("unet", **TINY_UNET).learn([labelled]), folder / "unet.ckpt")
    return folder / "unet.ckpt"
