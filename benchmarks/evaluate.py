"""How much scoring costs beside decoding the pictures it reads.

Run: `CLEANPLATE_DATA=<folder that holds cdnet/> python benchmarks/evaluate.py [rounds]`. Masks of OpenCV's MOG2 are
made once, into a temporary folder; decoding alone and scoring then take turns, so that both meet the same machine.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.io.images import read_gray, write_image
from cleanplate.data.io.results import ResultFolder
from cleanplate.pipeline.scoring import FRAMES_PER_TASK, score_results
from cleanplate.utils.parallel import ordered_map

SCENES = ("baseline/highway", "baseline/pedestrians", "dynamicBackground/canoe")
TARGET = 0.9


def make_masks(dataset: Path, results: Path) -> None:
    """Writes MOG2's masks (shadows dropped, median blur 5) of every scene."""
    for scene in SCENES:
        sequence = read_cdnet(dataset / scene)
        model = cv2.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=True)
        video = ResultFolder(results).video(scene)
        for index, frame in sequence.frames():
            mask = np.where(model.apply(frame) == 255, 255, 0).astype(np.uint8)
            write_image(video.mask_path(sequence.numbers[index]), np.asarray(cv2.medianBlur(mask, 5), dtype=np.uint8))


def decode_only(dataset: Path, results: Path, threads: int) -> None:
    """Reads what scoring reads, in tasks of the same size, and counts nothing."""
    for scene in SCENES:
        sequence = read_cdnet(dataset / scene)
        assert sequence.truth is not None
        assert sequence.temporal_roi is not None
        video = ResultFolder(results).video(scene)
        first, last = sequence.temporal_roi
        pairs = [(sequence.truth.path(number), video.mask_path(number)) for number in range(first, last + 1)]
        tasks = [pairs[start : start + FRAMES_PER_TASK] for start in range(0, len(pairs), FRAMES_PER_TASK)]
        for _ in ordered_map(_decode, tasks, threads):
            pass


def _decode(task: list[tuple[Path | None, Path]]) -> None:
    for truth, mask in task:
        assert truth is not None
        read_gray(truth)
        read_gray(mask)


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and processor seconds of one call."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def compare(dataset: Path, results: Path, threads: int, rounds: int, frames: int) -> float:
    """Prints the medians of decoding and scoring in turns; returns the ratio of their processor times.

    Processor time is what the verdict rests on: it hardly sees what else runs on the machine.
    """
    decoding, scoring = [], []
    for _ in range(rounds):
        decoding.append(seconds(lambda: decode_only(dataset, results, threads)))
        scoring.append(seconds(lambda: score_results(dataset, results, threads=threads)))
    ratio = 1.0
    for column, clock in enumerate(("wall", "processor")):
        decode, score = (statistics.median(row[column] for row in rows) for rows in (decoding, scoring))
        ratio = decode / score
        print(
            f"threads={threads} {clock:>9}: decoding {decode / frames * 1e6:.0f} µs a frame, "
            f"scoring {score / frames * 1e6:.0f} µs, speed {ratio:.3f} of decoding"
        )
    return ratio


def main() -> int:
    """Prints counts and medians; 1 if scoring runs at less than 90 % of the speed of decoding."""
    data = os.environ.get("CLEANPLATE_DATA")
    if not data:
        print("CLEANPLATE_DATA is not set: nothing measured; it names the folder that holds cdnet/")
        return 0
    dataset, rounds = Path(data) / "cdnet", int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        make_masks(dataset, results)
        scores = score_results(dataset, results)
        print(f"OpenCV {cv2.__version__}")
        for scene, counts in scores.counts.items():
            print(f"{scene}: {counts}")
        frames = sum(counts.frames for counts in scores.counts.values())
        ratios = [compare(dataset, results, threads, rounds, frames) for threads in (1, 2)]
    print(f"target {TARGET}, medians of {rounds} rounds")
    return int(min(ratios) < TARGET)


if __name__ == "__main__":
    sys.exit(main())
