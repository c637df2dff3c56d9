"""What the stages share: how each starts, and where each leaves its files below the project's folder."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cleanplate.config import Config, load
from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.flow import FlowFile
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import CleanplateError


def main(run: Callable[[Config], None]) -> None:
    """Runs a stage with params.yaml of the current folder; `key=value` arguments override it."""
    parser = _parser(run)
    options = parser.parse_args()
    _guarded(lambda: run(_configured(options.override)))


def main_per_run(run: Callable[[Config, str], None]) -> None:
    """Runs a stage for one training run, or, where none is named, for all of them in turn."""
    parser = _parser(run)
    parser.add_argument("--run", help="one of runs in params.yaml; all of them if left out")
    options = parser.parse_args()

    def work() -> None:
        config = _configured(options.override)
        if options.run is not None and options.run not in config.runs:
            raise CleanplateError(f"--run: {options.run!r} is not in runs; choose {', '.join(config.runs)}")
        for name in [options.run] if options.run else config.runs:
            run(config, name)

    _guarded(work)


def _parser(run: Callable[..., None]) -> argparse.ArgumentParser:
    summary = (sys.modules[run.__module__].__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("override", nargs="*", metavar="key=value", help="takes the place of a value of params.yaml")
    return parser


def _configured(overrides: list[str]) -> Config:
    sys.path.insert(0, os.getcwd())  # plugins may lie in the project's folder  # noqa: PTH109
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config = load(overrides=overrides)
    _limit_threads(config.trainer.threads)
    return config


def _limit_threads(threads: int) -> None:
    import cv2
    import torch

    cv2.setNumThreads(threads)
    torch.set_num_threads(threads)


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except CleanplateError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


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
    sequence = read_cdnet(SEQUENCES / scene, scene, config.data.on_corrupt)
    if "flow" in entry:
        sequence.flow = FlowFile(scene_flow(scene))
    return sequence
