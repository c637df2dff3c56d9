"""Does training on this machine's accelerator work, agree with the CPU, and keep the device busy?

Needs torch, Lightning, torchmetrics, OpenCV and the package, nothing more:

    PYTHONPATH=src python benchmarks/gpu_check.py

Trains `ae` and `aae` on a generated scene (on CUDA in bf16, elsewhere on the CPU), predicts it on the device and on the
CPU, and prints what it measured. Exits with 1 if masks agree on less than 99.9 % of the pixels or a CUDA device was
busy for less than 95 % of the measured steps.
"""

import argparse
import platform
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from cleanplate.data import open_sequence
from cleanplate.engine.trainer import build_trainer
from cleanplate.models import create
from cleanplate.models.learned import LearnedModel
from cleanplate.scenes import SceneSpec, write_scene

AGREEMENT, BUSY = 0.999, 0.95
MACHINE = {
    "accelerator": "auto",
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "precision": "auto",
    "progress": False,
}


class Stopwatch(pl.Callback):
    """Times the steps after `warm_up`, and on CUDA how much of that time a kernel or a copy was running."""

    def __init__(self, warm_up: int, steps: int) -> None:
        self.warm_up = warm_up
        self.last = warm_up + steps
        self.steps_per_second = float("nan")
        self.busy = float("nan")
        self._profile: profile | None = None
        self._batches = 0

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        if self._batches == self.warm_up:
            self._synchronize()
            if torch.cuda.is_available():
                self._profile = profile(activities=[ProfilerActivity.CUDA])
                self._profile.start()
            self._start = time.perf_counter()
        self._batches += 1

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if self._batches != self.last:
            return
        self._synchronize()
        seconds = time.perf_counter() - self._start
        self.steps_per_second = (self.last - self.warm_up) / seconds
        if self._profile is not None:
            self._profile.stop()
            # The profile also holds the host's calls into CUDA; what counts is what ran on the device.
            on_device = [event for event in self._profile.events() or [] if event.device_type == DeviceType.CUDA]
            spans = sorted((event.time_range.start, event.time_range.end) for event in on_device)
            self.busy = covered(spans) / 1e6 / seconds

    @staticmethod
    def _synchronize() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()


def covered(spans: list[tuple[float, float]]) -> float:
    """The length of the union of sorted spans: kernels on several streams count once."""
    total, reached = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def measure(name: str, folder: Path, batch_size: int, steps: int, scale: int) -> dict[str, float]:
    """Trains, predicts on the device and on the CPU, and measures both."""
    sequence = open_sequence(folder)
    warm_up = max(2, steps // 5)
    model = create(
        name, steps=warm_up + steps, epoch_steps=warm_up + steps, batch_size=batch_size, scale=scale, width=32
    )
    assert isinstance(model, LearnedModel)
    task = model.task(sequence)
    watch = Stopwatch(warm_up, steps)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as checkpoints:
        by_hand = not task.automatic_optimization
        build_trainer(model.options, MACHINE, Path(checkpoints), by_hand=by_hand, callbacks=[watch]).fit(task)
    memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else float("nan")
    model.to("cpu").finish(sequence)

    frames = list(sequence.stack(64))
    on_cpu = [prediction.mask for prediction in model.predict(frames)]
    if torch.cuda.is_available():
        model.to("cuda")
    model.predict(frames[:16])  # the first batch chooses its kernels
    start = time.perf_counter()
    on_device = [p.mask for first in range(0, len(frames), 16) for p in model.predict(frames[first : first + 16])]
    seconds = time.perf_counter() - start
    return {
        "steps/s": watch.steps_per_second,
        "training frames/s": watch.steps_per_second * batch_size,
        "predicted frames/s": len(frames) / seconds,
        "peak memory GiB": memory,
        "agreement": float(np.mean(np.stack(on_cpu) == np.stack(on_device))),
        "busy": watch.busy,
    }


def main() -> int:
    """See the module."""
    on_cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batch-size", type=int, default=64 if on_cuda else 16)
    parser.add_argument("--steps", type=int, default=200 if on_cuda else 20)
    parser.add_argument("--scale", type=int, default=1 if on_cuda else 4, help="frames are this many times smaller")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)  # more wait for each other on a shared machine, and feed a GPU no faster
    device = torch.cuda.get_device_name(0) if on_cuda else f"CPU {platform.machine()}, one thread"
    print(f"{device}; torch {torch.__version__}, lightning {pl.__version__}; {options}")
    well = True
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "baseline" / "street"
        write_scene(SceneSpec("baseline", "street", frames=120), folder)
        for name in ("ae", "aae"):
            found = measure(name, folder, options.batch_size, options.steps, options.scale)
            print(name.ljust(4), "  ".join(f"{key} {value:.4g}" for key, value in found.items()))
            well &= found["agreement"] >= AGREEMENT and not (on_cuda and found["busy"] < BUSY)
    print("well" if well else f"BAD: agreement must be at least {AGREEMENT}, on CUDA busy at least {BUSY}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
