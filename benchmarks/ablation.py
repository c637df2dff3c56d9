"""What each part of `lowmotion` and `plate` brings: F with the part left out, scene by scene.

Run: `CLEANPLATE_DATA=<folder that holds cdnet/ and sbi/> python -m benchmarks.ablation [every
[label,…]]`. Every `every`-th scored frame is looked at (10 unless told), so F differs a little from that of a whole
sequence; labels choose rows. Two generated scenes
stand for the cameras that shake and pan. The last rows put the flagship's network on top of other models.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import cleanplate
from cleanplate.data import FrameSequence
from cleanplate.models import BackgroundModel
from cleanplate.scenes import SceneSpec, write_scene

REAL = (
    "cdnet/baseline/highway",
    "cdnet/baseline/pedestrians",
    "cdnet/dynamicBackground/canoe",
    "sbi/Board",
    "sbi/CAVIAR2",
    "sbi/Foliage",
    "sbi/Toscana",
)
GENERATED = ("cameraJitter", "PTZ")
Variant = tuple[str, dict[str, Any], dict[str, Any]]
VARIANTS: dict[str, Variant] = {
    "lowmotion": ("lowmotion", {}, {}),
    "– stabilization": ("lowmotion", {"stabilization": False, "mosaic": False}, {}),
    "– mosaic": ("lowmotion", {"mosaic": False}, {}),
    "– residual subspace": ("lowmotion", {"residual_subspace": False}, {}),
    "– noise": ("lowmotion", {"noise": False}, {}),
    "– support": ("lowmotion", {}, {"support": 0.0}),
    "median": ("median", {}, {}),
    "ae": ("ae", {}, {}),
    "gmm": ("gmm", {}, {}),
    "plate": ("plate", {}, {}),
    "the network alone": ("plate", {"difference_clip": 0.0, "network_weight": 80.0}, {"threshold": 1.0}),
    "plate on median": ("plate", {"base": "median"}, {}),
    "plate on ae": ("plate", {"base": "ae"}, {}),
    "plate on gmm": ("plate", {"base": "gmm"}, {}),
}


def scenes(data: Path, work: Path) -> Iterator[FrameSequence]:
    """The real scenes that are there, and the generated ones."""
    for name in REAL:
        if (data / name).is_dir():
            yield cleanplate.open_sequence(data / name)
    for category in GENERATED:
        folder = work / category / "scene"
        write_scene(SceneSpec(category, "scene", height=240, width=320, frames=200, seed=3), folder)
        yield cleanplate.open_sequence(folder)


def f_measure(model: BackgroundModel, sequence: FrameSequence, every: int) -> float:
    """Official counting on every `every`-th frame with truth in the temporal ROI."""
    assert sequence.truth is not None
    first, last = sequence.temporal_roi or (sequence.numbers[0], sequence.numbers[-1])
    scored = [
        index
        for index, number in enumerate(sequence.numbers)
        if first <= number <= last and sequence.truth.path(number) is not None
    ]
    hits = misses = alarms = 0
    for index in scored[:: every if len(scored) > 2 * every else 1]:
        truth = sequence.truth.read(sequence.numbers[index])
        assert truth is not None
        found = model.predict([sequence[index]])[0].mask == 255
        counted = (truth != 170) & (True if sequence.roi is None else sequence.roi > 0)
        moving = truth == 255
        hits += int((found & moving & counted).sum())
        alarms += int((found & ~moving & counted).sum())
        misses += int((~found & moving & counted).sum())
    return 2 * hits / max(1, 2 * hits + alarms + misses)


def main() -> None:
    """Prints a table, a column at a time being worked out."""
    place = os.environ.get("CLEANPLATE_DATA")
    if not place:
        print("CLEANPLATE_DATA is not set: no real sequences to measure on")
        return
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    chosen = sys.argv[2].split(",") if len(sys.argv) > 2 else list(VARIANTS)
    rows: dict[str, list[float]] = {label: [] for label in chosen}
    names = []
    with tempfile.TemporaryDirectory() as work:
        for sequence in scenes(Path(place), Path(work)):
            names.append(sequence.name.split("/")[-1] if "scene" not in sequence.name else sequence.name.split("/")[0])
            for label in chosen:
                model, options, foreground = VARIANTS[label]
                made = cleanplate.create(model, foreground, **options).fit(sequence)
                rows[label].append(f_measure(made, sequence, every))
                print(f"{names[-1]}: {label} {rows[label][-1]:.3f}", file=sys.stderr, flush=True)
    print("| |", " | ".join(names), "| mean |")
    print("|---|" + "---|" * (len(names) + 1))
    for label, scores in rows.items():
        print(f"| {label} |", " | ".join(f"{score:.3f}" for score in scores), f"| {np.mean(scores):.3f} |")


if __name__ == "__main__":
    main()
