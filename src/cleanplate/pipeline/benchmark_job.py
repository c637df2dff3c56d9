"""Measures one model on one scene in a process of its own, so that a crash or a leak ends this row only.

Started by `benchmark` with the job as JSON; answers with one line of JSON.
"""

import importlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.datasets.layout import link_tree
from cleanplate.data.io.images import write_image
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.stream import batched
from cleanplate.errors import CleanplateError
from cleanplate.models import BackgroundModel, create
from cleanplate.pipeline.scoring import score_results

DERIVED = "background_derived.png"
"""A true background worked out from labelled frames, for scenes that come without one."""
_BATCH = 16
_MACHINE = {
    "accelerator": "auto",
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "precision": "auto",
    "progress": False,
}


@dataclass(frozen=True)
class Job:
    """What to measure: a model with its options on the scene `<root>/<scene>`; plugins bring models along."""

    model: str
    options: Mapping[str, Any]
    root: str
    scene: str
    plugins: tuple[str, ...] = ()


def measure(job: Job) -> dict[str, Any]:
    """Trains, predicts the frames that are scored and scores them, as the stages of the pipeline do.

    Returns:
        Columns of `Row`: the scores as far as there is a truth, times, weights.

    Raises:
        CleanplateError: for whatever a user can mend; anything else if the model is broken.
    """
    from cleanplate.engine.provenance import hardware
    from cleanplate.engine.training import fit

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        root = _with_true_background(Path(job.root), job.scene, place / "data")
        sequence = read_cdnet(root / job.scene, job.scene, on_corrupt="skip")
        model = create(job.model, **job.options)
        begin = _clock()
        fit(model, sequence, _MACHINE, place / "training", asdict(job))
        trained = _clock() - begin
        speed = _predict(model, sequence, place / "results" / job.scene)
        facts = {
            "train_seconds": trained,
            "frames_per_second": speed,
            "parameters": model.parameters,
            "hardware": hardware(),
        }
        return facts | _scores(sequence, root, place / "results")


def _with_true_background(root: Path, scene: str, copy: Path) -> Path:
    """The data set, or, where the scene only has a derived background, one of links in which it is the true one."""
    folder = root / scene
    if not (folder / DERIVED).is_file() or (folder / "background.png").is_file() or (folder / "background").is_dir():
        return root
    link_tree(folder, copy / scene)
    (copy / scene / DERIVED).rename(copy / scene / "background.png")
    return copy


def _predict(model: BackgroundModel, sequence: FrameSequence, folder: Path) -> float:
    """Writes masks, and backgrounds where there is a true one; returns frames per second, decoding not counted."""
    if _has_cuda():
        model.to("cuda")
    first, last = sequence.temporal_roi or (sequence.numbers[0], sequence.numbers[-1])
    # A model that learns online has seen what came before; any other is shown what is scored.
    start = sequence.numbers[0] if model.streaming else first
    wanted = [index for index, number in enumerate(sequence.numbers) if start <= number <= last]
    seconds, frames, shown = 0.0, 0, None
    for batch in batched(sequence.frames(wanted, threads=0), _BATCH):
        begin = _clock()
        predictions = model.predict([frame for _, frame in batch])
        seconds += _clock() - begin
        frames += len(batch)
        for (index, _), prediction in zip(batch, predictions, strict=True):
            number = sequence.numbers[index]
            if number < first:
                continue
            write_image(folder / f"bin{number:06d}.png", prediction.mask)
            if sequence.plates and (shown is None or not np.array_equal(shown, prediction.background)):
                write_image(folder / "background" / f"bg{number:06d}.png", prediction.background)
                shown = prediction.background
    return frames / seconds if seconds else 0.0


def _clock() -> float:
    """Seconds of the processor, which other work on the machine does not lengthen; of the clock where a GPU works."""
    return time.perf_counter() if _has_cuda() else time.process_time()


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _scores(sequence: FrameSequence, root: Path, results: Path) -> dict[str, float]:
    if sequence.truth is None and sequence.plates is None:
        return {}
    scores = score_results(root, results, scenes=[sequence.name], threads=0).to_dict()
    found: dict[str, float] = {}
    if sequence.name in scores["videos"]:
        video = scores["videos"][sequence.name]
        found = {key: video[key] for key in ("f_measure", "precision", "recall")}
    if "background" in scores:
        found["age"] = scores["background"]["videos"][sequence.name]["age"]
    return found


def one_line(error: BaseException) -> str:
    """What went wrong, in a line: the message alone where it is made for users."""
    text = " ".join(str(error).split())
    if isinstance(error, CleanplateError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def main() -> None:
    """Measures the job given as the only argument; ends when the process that started it ends."""
    # Whatever a library prints goes to the log: standard output carries the answer.
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        job = Job(**json.loads(sys.argv[1]))
        try:
            _limit_threads()
            sys.path.insert(0, os.getcwd())  # plugins may lie in the current folder  # noqa: PTH109
            for plugin in job.plugins:
                importlib.import_module(plugin)
            result = measure(job)
        except Exception as error:  # whatever it is, it is this row's and goes into it
            result = {"error": one_line(error)}
        answer.write(json.dumps(result) + "\n")


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing is written to it: it ends when the parent does, however that is
    os._exit(1)


def _limit_threads() -> None:
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


if __name__ == "__main__":
    main()
