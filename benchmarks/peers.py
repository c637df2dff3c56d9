"""Masks of other people's methods, in the layout of a CDnet submission, for `cleanplate evaluate` to score.

Needs numpy and OpenCV, and for the methods opencv-contrib-python-headless (GSOC) and pybgs (SuBSENSE, PAWCS), which do
not go together with what this project installs. In an environment of their own:

    python -m venv peers && peers/bin/pip install opencv-contrib-python-headless
    apt-get install libopencv-dev g++ cmake && peers/bin/pip install pybgs==3.3.1
    peers/bin/python benchmarks/peers.py --data /path/to/cdnet --to results
    cleanplate evaluate /path/to/cdnet results/SuBSENSE

Every frame is shown to a method, in order, on one thread, with the method's own parameters. PAWCS is slow and runs only
if asked for. `--median 5` writes the masks after a median filter as well, as `<method>-median5`.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def gsoc() -> Any:
    """GSOC of OpenCV's contributed modules."""
    if not hasattr(cv2, "bgsegm"):
        raise SystemExit("GSOC: this OpenCV has no bgsegm; pip install opencv-contrib-python-headless")
    return cv2.bgsegm.createBackgroundSubtractorGSOC()


def subsense() -> Any:
    """SuBSENSE of bgslibrary."""
    return bgslibrary().SuBSENSE()


def pawcs() -> Any:
    """PAWCS of bgslibrary."""
    return bgslibrary().PAWCS()


def bgslibrary() -> Any:
    """The library, told not to leave its settings about."""
    try:
        import pybgs
    except ImportError:
        raise SystemExit("SuBSENSE, PAWCS: no pybgs here; pip install pybgs==3.3.1") from None
    # It writes ./config/<method>.xml and reads it back: settings of an earlier run must not reach this one.
    os.chdir(tempfile.mkdtemp())
    Path("config").mkdir()
    return pybgs


METHODS: dict[str, Callable[[], Any]] = {"SuBSENSE": subsense, "GSOC": gsoc, "PAWCS": pawcs}
SCENES = ("baseline/highway", "baseline/pedestrians", "dynamicBackground/canoe")


def write_masks(method: Any, frames: list[Path], folders: dict[int, Path]) -> float:
    """Writes a mask per frame into each folder, after the median filter of that side; returns frames per second."""
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    for path in frames:
        frame = cv2.imread(str(path))
        start = time.perf_counter()
        mask = np.where(method.apply(frame) == 255, 255, 0).astype(np.uint8)
        seconds += time.perf_counter() - start
        number = int("".join(filter(str.isdigit, path.stem)))
        for side, folder in folders.items():
            cv2.imwrite(str(folder / f"bin{number:06d}.png"), cv2.medianBlur(mask, side) if side else mask)
    return len(frames) / seconds


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="holds <category>/<video>/input")
    parser.add_argument("--to", type=Path, required=True, help="folder for <method>/<category>/<video>/bin%%06d.png")
    parser.add_argument("--method", choices=METHODS, action="append", help="SuBSENSE and GSOC unless given")
    parser.add_argument("--scene", action="append", help=f"{', '.join(SCENES)} unless given")
    parser.add_argument("--median", type=int, default=0, help="side of a median filter; its masks come beside")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    data, to = options.data.resolve(), options.to.resolve()
    for name in options.method or ["SuBSENSE", "GSOC"]:
        for scene in options.scene or SCENES:
            frames = sorted((data / scene / "input").glob("*.*"))
            if not frames:
                raise SystemExit(f"{data / scene / 'input'}: no frames")
            folders = {0: to / name / scene}
            if options.median:
                folders[options.median] = to / f"{name}-median{options.median}" / scene
            speed = write_masks(METHODS[name](), frames, folders)
            print(f"{name:<9} {scene:<24} {speed:7.1f} frames/s", flush=True)


if __name__ == "__main__":
    main()
