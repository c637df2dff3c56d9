"""How good each initialiser is as a background: SBI's six metrics, and seconds.

Run: `CLEANPLATE_DATA=<folder that holds sbi/> python -m benchmarks.initializers [frames]`. Each scene's background is
held against its `background_derived.png`; reading the frames is part of the seconds.
"""

import os
import statistics
import sys
import time
from pathlib import Path

import cv2
import torch

from cleanplate.data.datasets.cdnet import read_cdnet
from cleanplate.data.io.images import read_color
from cleanplate.metrics.functional.background import BACKGROUND_SIX, background_quality
from cleanplate.models.components.initializers import INITIALIZERS, initial_background

TRUTH = "background_derived.png"
Row = dict[str, float]


def scored(name: str, folder: Path, frames: int) -> Row:
    """The six and the seconds of one initialiser on one scene."""
    started = time.perf_counter()
    background = initial_background(name, read_cdnet(folder), frames)
    spent = time.perf_counter() - started
    return background_quality(background, read_color(folder / TRUTH)) | {"seconds": spent}


def line(scene: str, name: str, row: Row) -> str:
    """One line of the table; shares as per cent."""
    shown = {key: 100 * value if key in ("peps", "pceps") else value for key, value in row.items()}
    return f"{scene:<10}{name:<14}" + "".join(f"{shown[key]:>9.3f}" for key in (*BACKGROUND_SIX, "seconds"))


def main() -> int:
    """Prints the table, scene by scene, and the means over scenes."""
    data = os.environ.get("CLEANPLATE_DATA")
    folders = sorted(path.parent for path in (Path(data) / "sbi").glob(f"*/{TRUTH}")) if data else []
    if not folders:
        print("CLEANPLATE_DATA names no folder with sbi/ in it: nothing measured")
        return 0
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    heads = ("AGE", "pEPs %", "pCEPs %", "MS-SSIM", "PSNR", "CQM", "seconds")
    print(f"{'scene':<10}{'initialiser':<14}" + "".join(f"{head:>9}" for head in heads), flush=True)
    table: dict[str, list[Row]] = {name: [] for name in INITIALIZERS}
    for folder in folders:
        for name, rows in table.items():
            rows.append(scored(name, folder, frames))
            print(line(folder.name, name, rows[-1]), flush=True)
    for name, rows in table.items():
        print(line("mean", name, {key: statistics.fmean(row[key] for row in rows) for key in rows[0]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
