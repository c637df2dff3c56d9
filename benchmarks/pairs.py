"""Frame against clean plate: frames per second of `pairnet` beside the smaller network it replaces, and F under light.

Run: `python -m benchmarks.pairs` for the speed at 640×480 with one and two threads; `python -m benchmarks.pairs
model.ckpt` compares a trained `pairnet` with `median` on generated scenes whose light changes as well.

The network that `pairnet` is measured against is built from its published description: 46 154 weights, the picture at
full size through most of it. Weights are drawn by chance in both: speed does not depend on them. Both are timed from a
frame to its mask. Wall-clock time tells only on a machine that is otherwise idle; processor time per frame tells more.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

import cleanplate
from cleanplate.metrics import CdnetMetrics
from cleanplate.models import BackgroundModel
from cleanplate.models.components.tensors import bf16_autocast
from cleanplate.models.supervised.pairnet.model import PairNet
from cleanplate.scenes import SceneSpec, write_scene

SIZE = 480, 640
SECONDS = 4.0
SURE = 0.95
SEEDS = range(3)

Picture = NDArray[np.uint8]


class SmallPair(nn.Module):
    """A shared trunk of three convolutions at half size on frame and plate, then four at full size; two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*_stage(3, 8, stride=2), *_stage(8, 16), *_stage(16, 32))
        enlarging = nn.Sequential(nn.ConvTranspose2d(48, 32, 2, stride=2), nn.ReLU(), nn.BatchNorm2d(32))
        self.rest = nn.Sequential(*_stage(64, 48), enlarging, *_stage(32, 16), *_stage(16, 8))
        self.output = nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, frames: Tensor, plates: Tensor) -> Tensor:
        """Probabilities `[N, 2, H, W]` of pictures, BGR `[N, 3, H, W]` in 0 … 1."""
        both = torch.cat([self.trunk(frames), self.trunk(plates)], dim=1)
        return torch.softmax(F.relu(self.output(self.rest(both))), dim=1)


def _stage(inner: int, outer: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inner, outer, 3, stride, padding=1), nn.ReLU(), nn.BatchNorm2d(outer)]


def small_pair(plate: Picture, *, low_precision: bool) -> Callable[[Picture], Picture]:
    """From a frame to its mask with the small network."""
    network = SmallPair().eval()
    empty = _floats(plate)

    def mask(frame: Picture) -> Picture:
        with torch.inference_mode(), bf16_autocast(torch.device("cpu")) if low_precision else nullcontext():
            sure = network(_floats(frame), empty)[0, 1].float() > SURE
        return np.asarray(sure.numpy() * np.uint8(255))

    return mask


def _floats(picture: Picture) -> Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255


def pairnet(plate: Picture) -> Callable[[Picture], Picture]:
    """From a frame to its mask with an untrained `pairnet`."""
    model = PairNet()
    model.finish()
    model.take_plate(plate)
    return model.apply


def side_by_side(plate: Picture) -> Callable[[Picture], Picture]:
    """The same for a batch of frames, `[N, H, W, 3]`."""
    model = PairNet()
    model.finish()
    model.take_plate(plate)
    return lambda frames: np.stack([prediction.mask for prediction in model.predict(list(frames))])


def timed(mask: Callable[[Picture], Picture], frames: list[Picture]) -> tuple[float, float]:
    """Frames per second by the clock, and processor seconds per frame."""
    for frame in frames[:3]:
        mask(frame)
    wall, processor, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - wall < SECONDS:
        mask(frames[done % len(frames)])
        done += 1
    return done / (time.perf_counter() - wall), (time.process_time() - processor) / done


def speed() -> None:
    """Prints a line per network and number of threads."""
    grain = np.random.default_rng(0)
    plate, *frames = (grain.integers(0, 256, (*SIZE, 3), np.uint8) for _ in range(9))
    print(f"weights: pairnet {PairNet().parameters}, small {sum(part.numel() for part in SmallPair().parameters())}")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for name, mask in {
            "pairnet": pairnet(plate),
            "small, float32": small_pair(plate, low_precision=False),
            "small, bf16 where there is": small_pair(plate, low_precision=True),
        }.items():
            rate, processor = timed(mask, frames)
            _tell(threads, name, rate, processor)
        rate, processor = timed(side_by_side(plate), [np.stack(frames)])
        _tell(threads, f"pairnet, {len(frames)} frames at once", rate * len(frames), processor / len(frames))


def _tell(threads: int, name: str, rate: float, processor: float) -> None:
    print(f"{threads} threads  {name:28s} {rate:7.1f} frames/s  {processor * 1e3:7.1f} ms of processor a frame")


def light(checkpoint: Path) -> None:
    """Prints F on generated scenes of category illumination, the plate being the initialiser's."""
    models: dict[str, BackgroundModel] = {"pairnet": cleanplate.load(checkpoint), "median": cleanplate.create("median")}
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            place = Path(folder) / "illumination" / f"scene{seed}"
            write_scene(SceneSpec("illumination", place.name, seed=seed), place)
            print(f"illumination, seed {seed}: " + ", ".join(f"{name} F {f:.3f}" for name, f in _scored(models, place)))


def _scored(models: dict[str, BackgroundModel], place: Path) -> list[tuple[str, float]]:
    rows = []
    for name, model in models.items():
        sequence, metric = cleanplate.open_sequence(place), CdnetMetrics()
        assert sequence.truth is not None
        model.fit(sequence)
        first, last = sequence.temporal_roi or (sequence.numbers[0], sequence.numbers[-1])
        for index, number in enumerate(sequence.numbers):
            labels = sequence.truth.read(number)
            mask = model.apply(sequence[index])
            if labels is not None and first <= number <= last:
                metric.update(torch.from_numpy(mask), torch.from_numpy(labels))
        rows.append((name, float(metric.compute()["f_measure"])))
    return rows


if __name__ == "__main__":
    light(Path(sys.argv[1])) if len(sys.argv) > 1 else speed()
