"""What exported models are worth, in F, frames per second and megabytes: `python -m benchmarks.exported [model …]`.

Each model is fitted to 120 frames of highway from CLEANPLATE_DATA (or of a generated scene), as they are and enlarged
to 640×480, and written as ONNX, as OpenVINO, and, where there is a network, as OpenVINO in 8 bits. Those that learn
from labels learn briefly, from pedestrians: their F is not what they can do, but the same in every format. F is over
labelled frames that were not fitted to; frames per second are 1 over the median time of a frame on one thread, all
formats by turns in one process per model. torch computes networks in bf16 where the processor does.
"""

import argparse
import csv
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import cleanplate
from cleanplate.data import open_sequence
from cleanplate.data.io.sources import FramesInMemory
from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.data.training import LabelledFrames, labelled_numbers
from cleanplate.engine.export import export
from cleanplate.errors import ModelError
from cleanplate.metrics.functional.cdnet import CdnetCounts, PixelCounter, cdnet_metrics
from cleanplate.models import BackgroundModel, create
from cleanplate.scenes import SceneSpec, write_scene

_STILL = {"stabilization": False, "mosaic": False}
_BRIEF = {"steps": 30, "epoch_steps": 30}
MODELS: dict[str, dict[str, Any]] = {
    "median": {},
    "lowmotion": _STILL,
    "plate": {"base_options": _STILL},
    "pairnet": _BRIEF,
    "ae": _BRIEF,
    "unet": _BRIEF,
    "bgsnet": {"base": "median", **_BRIEF},
}
FITTED, SCORED, CALIBRATED = 120, 60, 24
LARGE = (480, 640)
FORMS = ("torch", "onnx", "openvino", "int8")


def scenes(place: Path) -> tuple[FrameSequence, FrameSequence]:
    """The scene that is measured on, and another one with labels to learn from."""
    root = Path(os.environ.get("CLEANPLATE_DATA", "")) / "cdnet/baseline"
    if "CLEANPLATE_DATA" in os.environ and (root / "highway").is_dir():
        return open_sequence(root / "highway"), open_sequence(root / "pedestrians")
    for seed, name in enumerate(("street", "plaza")):
        write_scene(SceneSpec("baseline", name, height=240, width=320, frames=260, seed=seed), place / name)
    return open_sequence(place / "street"), open_sequence(place / "plaza")


def taken(sequence: FrameSequence, size: tuple[int, int]) -> tuple[FrameSequence, list[np.ndarray], list[np.ndarray]]:
    """Frames to fit to, in memory, and others with their ground truth, all of that size."""
    known = [place for place, number in enumerate(sequence.numbers) if number in set(labelled_numbers(sequence))]
    scored = evenly_spaced(known, SCORED)
    fitted = evenly_spaced([place for place in range(len(sequence)) if place not in set(scored)], FITTED)
    frames, shown = ([_sized(sequence[place], size) for place in places] for places in (fitted, scored))
    assert sequence.truth is not None
    truths = [sequence.truth.read(sequence.numbers[place]) for place in scored]
    sized = [cv2.resize(truth, size[::-1], interpolation=cv2.INTER_NEAREST) for truth in truths if truth is not None]
    kept = FrameSequence(sequence.name, FramesInMemory(frames, sequence.name), range(1, len(frames) + 1))
    return kept, shown, [np.asarray(truth, np.uint8) for truth in sized]


def _sized(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return frame if frame.shape[:2] == size else cv2.resize(frame, size[::-1], interpolation=cv2.INTER_CUBIC)


def written(model: BackgroundModel, frames: list[np.ndarray], folder: Path) -> dict[str, Path]:
    """The files of the model, by form."""
    checkpoint, pictures = folder / "model.ckpt", folder / "frames"
    cleanplate.save(model, checkpoint)
    pictures.mkdir()
    for number, frame in enumerate(evenly_spaced(frames, CALIBRATED)):
        cv2.imwrite(str(pictures / f"in{number:06d}.png"), frame)
    size = None if model.fitted_size else frames[0].shape[:2]
    files = {form: export(checkpoint, form, folder / f"model.{form}", size=size) for form in ("onnx", "openvino")}
    try:
        small = folder / "int8.openvino"
        files["int8"] = export(checkpoint, "openvino", small, size=size, int8=True, calibrate=str(pictures))
    except ModelError as error:
        if "no network" not in str(error):
            raise
    return files


def f_measure(model: BackgroundModel, frames: list[np.ndarray], truths: list[np.ndarray]) -> float:
    """F over frames, in order."""
    model.reset()
    counter = PixelCounter(None, truths[0].shape)
    counts = [counter.count(model.apply(frame), truth) for frame, truth in zip(frames, truths, strict=True)]
    return cdnet_metrics(sum(counts, CdnetCounts()))["f_measure"]


def rates(models: dict[str, BackgroundModel], frames: list[np.ndarray], rounds: int) -> dict[str, float]:
    """Frames per second of each, by turns."""
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(rounds + 2):
        for name, model in models.items():
            start = time.perf_counter()
            model.apply(frames[turn % len(frames)])
            if turn >= 2:  # the first ones prepare what the rest find prepared
                seconds[name].append(time.perf_counter() - start)
    return {name: 1 / float(np.median(times)) for name, times in seconds.items()}


def measure(name: str, rounds: int, place: Path) -> dict[str, Any]:
    """All numbers of one model."""
    scene, lesson = scenes(place)
    model = create(name, **MODELS[name])
    if hasattr(model, "learn"):
        model.learn([LabelledFrames.of(lesson)])
    row: dict[str, Any] = {"model": name}
    for size in (scene.size, LARGE):
        sequence, shown, truths = taken(scene, size)
        model.fit(sequence)
        folder = place / f"{name}-{size[1]}"
        folder.mkdir()
        files = written(model, list(sequence.stack()), folder)
        models = {"torch": model, **{form: cleanplate.load(file) for form, file in files.items()}}
        found = rates(models, shown, rounds)
        row |= {f"{form} frames/s at {size[1]}x{size[0]}": round(rate, 1) for form, rate in found.items()}
        if size == scene.size:
            row |= {f"F {form}": round(f_measure(each, shown, truths), 4) for form, each in models.items()}
            row |= {f"{form} MB": round(file.stat().st_size / 1e6, 2) for form, file in files.items()}
    return row


def heading() -> str:
    """Two lines above the table."""
    columns = "".join(f"{form:>9}" for form in FORMS)
    groups = "".join(f"{name:>36}" for name in ("F", "frames/s as it is", "frames/s at 640×480"))
    return f"{'':<11}{groups}{'MB':>27}\n{'':<11}{columns * 3}" + "".join(f"{form:>9}" for form in FORMS[1:])


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    (small, large) = [
        [row.get(key) for key in keys]
        for keys in zip(
            *[[k for k in row if k.startswith(f"{form} frames/s")] or ["", ""] for form in FORMS], strict=True
        )
    ]
    f_values = [row.get(f"F {form}") for form in FORMS]
    sizes = [row.get(f"{form} MB") for form in FORMS[1:]]
    cells = [*(_cell(value, 4) for value in f_values), *(_cell(value, 1) for value in (*small, *large))]
    return f"{row['model']:<11}{''.join(cells)}{''.join(_cell(value, 2) for value in sizes)}"


def _cell(value: float | None, digits: int) -> str:
    return f"{'':>9}" if value is None else f"{value:>9.{digits}f}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", choices=[[], *MODELS], help="all unless given")
    parser.add_argument("--rounds", type=int, default=30, help="frames that each format is timed on")
    parser.add_argument("--csv", type=Path, help="also write the numbers to this file")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # one model, in this process, as JSON
    options = parser.parse_args()
    if options.alone:
        warnings.filterwarnings("ignore")
        logging.disable(logging.WARNING)
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        with tempfile.TemporaryDirectory() as place:
            print(json.dumps(measure(options.models[0], options.rounds, Path(place))))
        return
    print(heading(), flush=True)
    rows = []
    for name in options.models or MODELS:
        asked = [sys.executable, "-m", "benchmarks.exported", name, "--alone", "--rounds", str(options.rounds)]
        told = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout
        rows.append(json.loads(told.splitlines()[-1]))
        print(line(rows[-1]), flush=True)
    if options.csv:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        with options.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
