"""How fast training is, and where its time goes, beside others: `python -m benchmarks.throughput [model]`.

- a learned model of this project with its default options, frames held in memory at its working size;
- an autoencoder as large as that of AE-NE (Sauvalle and de La Fortelle, WACV 2023: latent 16, an encoder of 1.2 M and a
  decoder of 2.8 M parameters) on full frames, 32 at a time, from memory;
- both once more with each picture read and decoded from disk again in every step, as a plain data loader does it.

Takes highway from CLEANPLATE_DATA, or a generated scene. The time of a step is split into input, forward pass with the
loss, backward pass, and the rest: the optimiser and what is logged as metrics.
"""

import argparse
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.data import open_sequence
from cleanplate.data.sequence import FrameSequence
from cleanplate.models import create
from cleanplate.models.learned import LearnedModel
from cleanplate.scenes import SceneSpec, write_scene

PARTS = ("input", "forward", "backward", "metrics")
LARGE_BATCH = 32
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Split:
    """Seconds by part; each `to` ends the part that was running and starts another."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._part: str | None = None
        self._start = 0.0

    def to(self, part: str | None) -> None:
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        now = time.perf_counter()
        if self._part is not None:
            self.seconds[self._part] += now - self._start
        self._part, self._start = part, now


class Clock(pl.Callback):
    """Splits the steps of a Lightning training after the first `warm_up`."""

    def __init__(self, warm_up: int) -> None:
        self.split = Split()
        self.steps = 0
        self._left = warm_up

    def to(self, part: str | None) -> None:
        if self._left == 0:
            self.split.to(part)

    def on_train_batch_start(self, *_: Any) -> None:
        self.to("forward")

    def on_before_backward(self, *_: Any) -> None:
        self.to("backward")

    def on_after_backward(self, *_: Any) -> None:
        self.to("metrics")

    def on_train_batch_end(self, *_: Any) -> None:
        self.steps += self._left == 0
        self._left = max(0, self._left - 1)
        self.to("input")

    def on_train_epoch_end(self, *_: Any) -> None:
        self.to(None)


class CoordinateStage(nn.Module):
    """A 5×5 convolution that halves to a third and knows where it is, GroupNorm, CELU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before + 2, after, 5, stride=3, padding=2)
        self.norm = nn.GroupNorm(1, after)

    def forward(self, features: Tensor) -> Tensor:
        return F.celu(self.norm(self.convolution(_with_coordinates(features))))


class UpStage(nn.Module):
    """To the size given, then a 5×5 convolution that knows where it is."""

    def __init__(self, before: int, after: int, *, last: bool = False) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before + 2, after, 5, padding=2)
        self.finish = nn.Identity() if last else nn.Sequential(nn.GroupNorm(1, after), nn.CELU())

    def forward(self, features: Tensor, size: tuple[int, int]) -> Tensor:
        features = F.interpolate(features, size=size, mode="nearest")
        return self.finish(self.convolution(_with_coordinates(features)))


class LargeAutoencoder(nn.Module):
    """Of the size of AE-NE's for 320×240 frames: four stages each way around 16 numbers."""

    def __init__(self, size: tuple[int, int], latent: int = 16) -> None:
        super().__init__()
        down, up = (3, 32, 64, 128, 264), (400, 224, 80, 32, 4)
        self.sizes = [size]
        for _ in down[1:]:
            self.sizes.append(((self.sizes[-1][0] + 2) // 3, (self.sizes[-1][1] + 2) // 3))
        cells = self.sizes[-1][0] * self.sizes[-1][1]
        self.down = nn.ModuleList(CoordinateStage(*pair) for pair in pairwise(down))
        self.to_code = nn.Linear(down[-1] * cells, latent)
        self.from_code = nn.Linear(latent, up[0])
        self.up = nn.ModuleList(
            UpStage(*pair, last=position == len(up) - 2) for position, pair in enumerate(pairwise(up))
        )

    def forward(self, frames: Tensor) -> Tensor:
        features = frames
        for stage in self.down:
            features = stage(features)
        features = self.from_code(self.to_code(features.flatten(1)))[:, :, None, None]
        features = features.expand(-1, -1, *self.sizes[-1])
        for stage, size in zip(self.up, self.sizes[-2::-1], strict=True):
            features = stage(features, size)
        return features


def _with_coordinates(features: Tensor) -> Tensor:
    batch, _, height, width = features.shape
    rows = torch.linspace(-1, 1, height, device=features.device)[:, None].expand(height, width)
    columns = torch.linspace(-1, 1, width, device=features.device).expand(height, width)
    return torch.cat([features, torch.stack([rows, columns]).expand(batch, 2, height, width)], dim=1)


def measure_model(name: str, sequence: FrameSequence, steps: int, *, from_disk: bool) -> tuple[int, int, Clock]:
    """Parameters, batch size, and the clock of a model of this project, from memory or reading each item from disk."""
    warm_up = max(2, steps // 5)
    model = create(name, steps=warm_up + steps, epoch_steps=warm_up + steps)
    if not isinstance(model, LearnedModel):
        raise SystemExit(f"{name}: not trained by steps; choose a learned model, see `cleanplate models`")
    task, clock = model.task(sequence), Clock(warm_up)
    if from_disk:
        _read_again(task, sequence, clock)
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="gpu" if DEVICE == "cuda" else "cpu",
        precision="bf16-mixed" if DEVICE == "cuda" else "32-true",
        devices=1,
        logger=False,
        callbacks=[clock],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        use_distributed_sampler=False,
    )
    trainer.fit(task)
    return model.parameters, model.options.batch_size, clock


def _read_again(task: Any, sequence: FrameSequence, clock: Clock) -> None:
    """Lets a task read and shrink the pictures of each batch itself; further streams stay in memory."""
    held, (count, _, height, width) = task.training_frames, task._frames.shape
    read = _from_disk(sequence)

    def training_frames(batch: Tensor) -> Tensor:
        clock.to("input")
        places = (task._train_indices[batch].cpu().numpy() * (len(sequence) - 1)) // max(1, count - 1)
        pictures = read(places, (height, width))
        frames = torch.cat([pictures, held(batch)[:, 3:]], dim=1)
        clock.to("forward")
        return frames

    task.training_frames = training_frames


def measure_large(sequence: FrameSequence, steps: int, batch: int, *, from_disk: bool) -> tuple[int, int, Clock]:
    """The same of the large autoencoder, reading from memory or each item from disk."""
    network = LargeAutoencoder(sequence.size).to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 5e-4)
    random, clock, warm_up = np.random.default_rng(0), Clock(0), 1
    read = _from_disk(sequence) if from_disk else _from_memory(sequence)
    for step in range(warm_up + steps):
        if step == warm_up:
            clock = Clock(0)
        clock.to("input")
        frames = read(random.integers(0, len(sequence), batch))
        clock.to("forward")
        with torch.autocast(DEVICE, torch.bfloat16, enabled=DEVICE == "cuda"):
            output = network(frames)
            loss = F.smooth_l1_loss(output[:, :3].float(), frames, beta=3 / 255)
        clock.to("backward")
        optimizer.zero_grad()
        loss.backward()
        clock.to("metrics")
        optimizer.step()
        loss.item()
        clock.to(None)
        clock.steps += 1
    return sum(weight.numel() for weight in network.parameters()), batch, clock


def _from_memory(sequence: FrameSequence) -> Callable[[Any], Tensor]:
    frames = torch.from_numpy(sequence.stack(200)).permute(0, 3, 1, 2).to(DEVICE)
    return lambda indices: frames[torch.from_numpy(indices % len(frames)).to(DEVICE)].float() / 255


def _from_disk(sequence: FrameSequence) -> Callable[[Any], Tensor]:
    paths = [sequence.source.label(index) for index in range(len(sequence))]

    def read(indices: Any, size: tuple[int, int] | None = None) -> Tensor:
        pictures = []
        for index in indices:  # one item after the other, as a data set's `__getitem__` gives them
            picture = cv2.cvtColor(cv2.imread(paths[index]), cv2.COLOR_BGR2RGB)
            if size is not None:
                picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
            pictures.append(torch.from_numpy(picture).permute(2, 0, 1).float() / 255)
        return torch.stack(pictures).to(DEVICE)

    return read


def line(name: str, parameters: int, batch: int, clock: Clock) -> str:
    """A row of the table."""
    total = sum(clock.split.seconds.values())
    rate = clock.steps / total
    shares = "".join(f"{clock.split.seconds[part] / total:9.1%}" for part in PARTS)
    return f"{name:<34}{parameters:>11,}{batch:>7}{rate:>10.2f}{rate * batch:>11.1f}{shares}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", default="ae", help="a learned model")
    parser.add_argument("--steps", type=int, default=20, help="measured steps of the model")
    parser.add_argument("--large-steps", type=int, default=3, help="measured steps of the large autoencoder")
    parser.add_argument("--large-batch", type=int, default=LARGE_BATCH)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    torch.set_num_threads(1)  # threads wait for each other on a shared machine
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(os.environ.get("CLEANPLATE_DATA", place)) / "cdnet/baseline/highway"
        if not folder.is_dir():
            folder = Path(place) / "baseline/street"
            write_scene(SceneSpec("baseline", "street", frames=60), folder)
        sequence = open_sequence(folder)
        height, width = sequence.size
        print(f"{sequence.name}, {len(sequence)} frames of {width}×{height}; {DEVICE}, one thread")
        print(
            f"{'':<34}{'parameters':>11}{'batch':>7}{'steps/s':>10}{'frames/s':>11}"
            + "".join(f"{part:>9}" for part in PARTS)
        )
        for from_disk in (False, True):
            how = "a plain loader" if from_disk else "frames in memory"
            found = measure_model(options.model, sequence, options.steps, from_disk=from_disk)
            print(line(f"{options.model}, {how}", *found), flush=True)
        for from_disk in (False, True):
            how = "a plain loader" if from_disk else "frames in memory"
            found = measure_large(sequence, options.large_steps, options.large_batch, from_disk=from_disk)
            print(line(f"AE-NE-sized, {how}", *found), flush=True)


if __name__ == "__main__":
    main()
