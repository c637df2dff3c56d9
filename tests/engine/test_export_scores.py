"""Every registered model on a real sequence: its file scores as it does itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.engine.test_export_models import WITHOUT

import cleanplate
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.metrics.functional.cdnet import cdnet_metrics, count_pixels
from cleanplate.models import BackgroundModel, available
from cleanplate.models.learned import LearnedModel
from export_scene import exported, quiet_openvino
from in_memory import in_memory
from needed import needed

pytest.importorskip("onnx", reason="needs cleanplate[export]")
pytest.importorskip("onnxruntime", reason="needs cleanplate[export]")
quiet_openvino()

pytestmark = [pytest.mark.slow, pytest.mark.realdata]

# A little learning: what counts is not how good the model is, but that its file is exactly as good.
SHORT: dict[str, Any] = {"steps": 20, "epoch_steps": 20, "batch_size": 4, "frames": 60, "workers": 0}
NEEDS: dict[str, dict[str, Any]] = {
    "bgsnet": {"examples": 12, "side": 64},
    "pairnet": {"crop": 96},
    "unet": {"side": 96, "width": 8, "widest": 16, "stages": 3, "threshold": 0.3},
}


@pytest.fixture(autouse=True)
def in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exported networks compute in 32 bits; what they are compared with must not compute in 16."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)


@pytest.fixture(scope="module")
def sequence(real_data: Path) -> FrameSequence:
    return read_cdnet(real_data / "cdnet/baseline/pedestrians")


@pytest.fixture(scope="module")
def shown(sequence: FrameSequence) -> list[tuple[np.ndarray, np.ndarray]]:
    """Frames and their truth."""
    assert sequence.truth is not None
    places = [index for index in range(0, len(sequence), 20) if sequence.numbers[index] >= 300]
    found = [(sequence[index], sequence.truth.read(sequence.numbers[index])) for index in places]
    return [(frame, truth) for frame, truth in found if truth is not None][:20]


def made(name: str, sequence: FrameSequence) -> BackgroundModel:
    kind = available()[name]
    known = set(kind.Options.model_fields)
    learns = issubclass(kind, LearnedModel) or kind.labelled
    short = {key: value for key, value in (SHORT | NEEDS.get(name, {})).items() if learns and key in known}
    model = cleanplate.create(name, **(short | needed(name)))
    if kind.labelled:
        model.learn([LabelledFrames.of(sequence)])
    # The first frames, one after the other: the motion between two is looked at, too.
    return model.fit(in_memory([sequence[index] for index in range(300, 400)]))


def f_measure(model: BackgroundModel, shown: list[tuple[np.ndarray, np.ndarray]]) -> float:
    counts = [count_pixels(model.apply(frame), truth) for frame, truth in shown]
    return float(cdnet_metrics(sum(counts[1:], counts[0]))["f_measure"])


@pytest.mark.parametrize("name", sorted(set(available()) - set(WITHOUT)))
def test_the_file_scores_as_the_model_does(name: str, sequence: FrameSequence, shown, tmp_path: Path) -> None:
    model = made(name, sequence)
    scored = f_measure(model, shown)
    for to in ("onnx", "openvino"):
        model.reset()
        assert f_measure(exported(model, tmp_path, to), shown) == pytest.approx(scored, abs=5e-4, nan_ok=True)
    print(f"{name}: F {scored:.4f}")
