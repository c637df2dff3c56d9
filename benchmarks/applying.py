"""How fast `cleanplate apply` is on a video, beside plain loops of OpenCV: `python -m benchmarks.applying`.

The video is four minutes of 320×240 at 25 frames/s, highway from CLEANPLATE_DATA played to and fro, or a generated
scene. For each of `plate`, `median` and `mog2` the whole command is timed, as a user types it, fit and start
included; of these frames per second the command itself tells those of the run after the fit. The loops have nothing but
OpenCV in them, as many threads as it takes by itself, and write MPEG-4, for OpenCV's wheels have no H.264, which
`apply` writes for browsers to play and which costs more:

- mog2: read, `BackgroundSubtractorMOG2.apply`, write its mask;
- median: read, difference to the plate, largest of the channels, `medianBlur` 9, threshold, write.

Commands and loops take turns, so that a busy machine slows both; the table has medians. Processor seconds are those of
the whole process, start and fit included.
"""

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from cleanplate.data import open_sequence
from cleanplate.report.clips import write_mp4
from cleanplate.scenes import SceneSpec, write_scene
from cleanplate.utils.arrays import Image

FLAGSHIP = "plate"
MODELS = (FLAGSHIP, "median", "mog2")
LOOPS = ("median", "mog2")
RATE = 25
PLATE_FRAMES = 200
THRESHOLD = 30

_ROOT = Path(__file__).parent.parent
_TOLD = re.compile(r"(\d+) frames, ([\d.]+) frames/s")


@dataclass(frozen=True)
class Timing:
    """Of one run: seconds of the whole, processor seconds, and frames per second once it runs."""

    seconds: float
    processor: float
    rate: float


def make_video(path: Path, scene: Path, frames: int) -> None:
    """A video of so many frames of 320×240: a scene played forwards and backwards."""
    sequence = open_sequence(scene)
    held = sequence.stack(500)

    def pictures() -> Iterator[Image]:
        there_and_back = [*range(len(held)), *range(len(held) - 2, 0, -1)]
        for index in islice(cycle(there_and_back), frames):
            yield np.asarray(cv2.resize(held[index], (320, 240), interpolation=cv2.INTER_AREA), np.uint8)

    write_mp4(path, pictures(), RATE, preset="veryfast")


def whole_command(model: str, video: Path, out: Path) -> Timing:
    """Times `cleanplate apply` in a process of its own."""
    program = "from cleanplate.cli import main; main()"
    words = ["apply", str(video), "-m", model, "-o", str(out), "--overwrite"]
    done, seconds, processor = _timed([sys.executable, "-c", program, *words])
    told = _TOLD.search(done)
    if told is None:
        raise SystemExit(f"cleanplate {' '.join(words)}: {done}")
    return Timing(seconds, processor, float(told[2]))


def plain_command(name: str, video: Path, out: Path) -> Timing:
    """Times a plain loop in a process of its own."""
    done, seconds, processor = _timed(
        [sys.executable, "-m", "benchmarks.applying", "--loop", name, str(video), str(out)]
    )
    return Timing(seconds, processor, float(done.split()[-1]))


def _timed(command: list[str]) -> tuple[str, float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=_ROOT)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stdout)
    return done.stdout, seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def plain_loop(name: str, video: Path, out: Path) -> float:
    """What somebody writes who has OpenCV alone; frames per second."""
    plate = _plate(video) if name == "median" else None
    subtractor = cv2.createBackgroundSubtractorMOG2()
    capture, writer, count = cv2.VideoCapture(str(video)), None, 0
    start = time.perf_counter()
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        if plate is None:
            mask = subtractor.apply(frame)
        else:
            blue, green, red = cv2.split(cv2.absdiff(frame, plate))
            gap = cv2.medianBlur(cv2.max(cv2.max(blue, green), red), 9)
            _, mask = cv2.threshold(gap, THRESHOLD, 255, cv2.THRESH_BINARY)
        if writer is None:
            form = cv2.VideoWriter.fourcc(*"mp4v")
            writer = cv2.VideoWriter(str(out), form, RATE, frame.shape[1::-1], isColor=False)
        writer.write(mask)
        count += 1
    if writer is None:
        raise SystemExit(f"{video}: no frame in it")
    writer.release()
    return count / (time.perf_counter() - start)


def _plate(video: Path) -> Image:
    capture = cv2.VideoCapture(str(video))
    frames = []
    while len(frames) < PLATE_FRAMES and (read := capture.read())[0]:
        frames.append(read[1])
    return np.median(np.stack(frames), axis=0).astype(np.uint8)


def row(name: str, timings: list[Timing], frames: int, plain: list[Timing]) -> str:
    """A line of the table; the last column is the median of the ratios, turn by turn."""
    seconds, processor, rate = (
        statistics.median(getattr(timing, key) for timing in timings) for key in ("seconds", "processor", "rate")
    )
    line = f"{name:<26}{seconds:>9.1f}{processor:>13.1f}{1000 * processor / frames:>11.2f}{rate:>11.1f}"
    if not plain:
        return line
    ratio = statistics.median(mine.rate / other.rate for mine, other in zip(timings, plain, strict=True))
    return f"{line}{ratio:>11.0%}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=4.0, help="of video")
    parser.add_argument("--turns", type=int, default=3, help="of median and mog2; plate, which takes long, has one")
    parser.add_argument("--loop", nargs=3, metavar=("NAME", "VIDEO", "OUT"), help="time a plain loop, and no more")
    options = parser.parse_args()
    if options.loop:
        print(plain_loop(options.loop[0], Path(options.loop[1]), Path(options.loop[2])))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(os.environ.get("CLEANPLATE_DATA", place)) / "cdnet/baseline/highway"
        if not folder.is_dir():
            folder = Path(place) / "baseline/street"
            write_scene(SceneSpec("baseline", "street", height=240, width=320, frames=300), folder)
        video, out = Path(place) / "video.mp4", Path(place) / "out.mp4"
        frames = round(options.minutes * 60 * RATE)
        make_video(video, folder, frames)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        print(
            f"{frames} frames of 320×240; {cores} cores, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}"
        )
        print(f"{'':<26}{'seconds':>9}{'processor s':>13}{'ms/frame':>11}{'frames/s':>11}{'of plain':>11}")
        applied: dict[str, list[Timing]] = {model: [] for model in MODELS}
        plain: dict[str, list[Timing]] = {name: [] for name in LOOPS}
        for turn in range(options.turns):
            for name in LOOPS:
                plain[name].append(plain_command(name, video, out))
                applied[name].append(whole_command(name, video, out))
            if turn == 0 and FLAGSHIP:
                applied[FLAGSHIP].append(whole_command(FLAGSHIP, video, out))
        for name in LOOPS:
            print(row(f"plain loop, {name}", plain[name], frames, []))
        for name in MODELS:
            print(row(f"cleanplate apply, {name}", applied[name], frames, plain.get(name, [])))


if __name__ == "__main__":
    main()
