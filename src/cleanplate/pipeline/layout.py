"""Where each stage of the pipeline leaves its files, below the project's folder."""

from pathlib import Path
from typing import Any

from cleanplate.config import Config
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.flow import FlowFile
from cleanplate.data.sequence import FrameSequence
from cleanplate.pipeline import layout

ACQUIRED = Path("data/acquired")
SEQUENCES = Path("data/sequences")
FLOW = Path("data/flow")
PREPARED = Path("data/prepared")
RUNS = Path("data/runs")
MODELS = Path("data/models")
PREDICTIONS = Path("data/predictions")
REPORTS = Path("reports")
WORK = Path("outputs/work")
"""Checkpoints of trainings under way; no stage's output, so that DVC leaves them to be taken up."""


def scene_flow(scene: str) -> Path:
    """Optical flow of one scene, in one file."""
    return FLOW / f"{scene}.npz"


def scene_predictions(run: str, scene: str) -> Path:
    """Predictions of one scene: the run's own folder where a run is a scene, else `<category>/<video>` below it."""
    return PREDICTIONS / run if run == scene else PREDICTIONS / run / scene


def opened(config: Config, entry: dict[str, Any]) -> FrameSequence:
    """The sequence of an entry of a run's plan; with its optical flow where the plan has any.

    The plan bears the flow's digest: what depends on the plan depends on the flow, and where there is none, nothing
    does.
    """
    scene = entry["scene"]
    sequence = read_cdnet(layout.SEQUENCES / scene, scene, config.data.on_corrupt)
    if "flow" in entry:
        sequence.flow = FlowFile(layout.scene_flow(scene))
    return sequence
