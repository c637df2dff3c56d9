"""A small scene for exported models, and what it means that one answers as the model it comes from."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cleanplate
from cleanplate.engine.export import export
from cleanplate.models import BackgroundModel
from cleanplate.models.exported.runtimes import openvino
from in_memory import in_memory, textured

HEIGHT, WIDTH = 75, 101


def passing_box(count: int = 60) -> list[np.ndarray]:
    """A place whose light changes, noise, and a box that passes."""
    random, place = np.random.default_rng(0), textured(HEIGHT, WIDTH)
    seen = []
    for index in range(count):
        frame = place * (1 + 0.15 * np.sin(index / 7)) + random.normal(0, 4, place.shape)
        left = index * 3 % WIDTH
        box = frame[18:56, left : left + 17]
        box[:] = np.add((30, 200, 120), random.normal(0, 5, box.shape))
        seen.append(np.clip(frame, 0, 255).astype(np.uint8))
    return seen


def fitted(name: str, frames: list[np.ndarray], foreground: Any = None, **options: Any) -> BackgroundModel:
    """A model of that name that knows the scene."""
    model = cleanplate.create(name, foreground, **options)
    if name == "pairnet":
        model.finish()  # weights as they were drawn: they amplify what differs more than learnt ones
    return model.fit(in_memory(frames))


def exported(model: BackgroundModel, folder: Path, to: str = "onnx", **how: Any) -> BackgroundModel:
    """The model, written to a file of that format and read back."""
    cleanplate.save(model, folder / "model.ckpt", run="r", data=["a/one", "b/two"])
    return cleanplate.load(export(folder / "model.ckpt", to, **how))


def assert_alike(model: BackgroundModel, other: BackgroundModel, frames: list[np.ndarray]) -> None:
    """Scores and backgrounds within a grey level on 99.9 % of the pixels, masks the same on as many."""
    wanted, found = model.predict(frames), other.predict(frames)
    assert any(0 < (one.mask == 255).mean() < 0.9 for one in wanted)
    scores = np.stack([one.score for one in wanted]) - np.stack([one.score for one in found])
    assert (np.abs(scores) <= 1).mean() >= 0.999
    plates = np.stack([one.background for one in wanted]).astype(int) - np.stack([one.background for one in found])
    assert (np.abs(plates) <= 1).mean() >= 0.999
    assert np.mean([(one.mask == two.mask).mean() for one, two in zip(wanted, found, strict=True)]) >= 0.999
    assert {(one.mask.dtype, one.score.dtype, one.background.dtype) for one in found} == {
        (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.uint8))
    }


def quiet_openvino() -> Any:
    """OpenVINO, without the telemetry of a plain import; skips the module's tests where it is not installed."""
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed: pip install 'cleanplate[export]'", allow_module_level=True)
    return openvino(Path("tests"))
