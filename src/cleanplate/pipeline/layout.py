"""Where each arrow of the pipeline leaves its files, below the project's folder."""

from pathlib import Path

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
