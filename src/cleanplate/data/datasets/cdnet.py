"""The CDnet layout: `<video>/{input,groundtruth}/…, ROI.bmp, temporalROI.txt`, with all its known defects.

Source of the rules: changedetection.net, 2012 and 2014 datasets. `FrameSequence.defects` lists what a copy gets wrong
and how it was handled.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cleanplate.data.datasets.base import DataOptions, Dataset, Progress, register
from cleanplate.data.datasets.layout import MANIFEST, link_tree
from cleanplate.data.io.images import VIDEO_SUFFIXES, is_picture, read_color, read_gray
from cleanplate.data.io.sources import FrameSource, ImageFiles, VideoFile
from cleanplate.data.sequence import CLEAN_PLATE, FrameLookup, FrameSequence, OnCorrupt
from cleanplate.errors import ConfigError, DataError
from cleanplate.utils.arrays import Image


@register
class CDnet(Dataset):
    """Videos in the CDnet layout, `<root>/<category>/<video>/{input,groundtruth}`; they are linked as they are."""

    name = "cdnet"
    contents = "<category>/<video>/input"
    downloadable = True

    def find(self, root: Path) -> dict[str, Path]:
        """See `Dataset`."""
        return {scene: root / scene for scene in find_scenes(root)}

    def check(self, options: DataOptions) -> None:
        """See `Dataset`; looks for the named scenes only, for a complete copy has many others."""
        root = self.existing_root(options)
        for scene in options.scenes:
            if not (root / scene / "input").is_dir():
                raise ConfigError(f"data.scenes: {scene!r} has no folder {root / scene / 'input'}")

    def record(self, scene: str, options: DataOptions) -> dict[str, Any]:
        """See `Dataset`."""
        return self.record_of(scene, self.existing_root(options).resolve() / scene)

    def write(self, record: Mapping[str, Any], folder: Path, options: DataOptions, progress: Progress) -> list[str]:
        """See `Dataset`."""
        link_tree(Path(record["place"]), folder)
        return []


def find_scenes(root: Path) -> list[str]:
    """Returns all `category/video` below `root` that have a folder `input`, sorted."""
    return sorted(f"{path.parent.parent.name}/{path.parent.name}" for path in root.glob("*/*/input") if path.is_dir())


def read_cdnet(folder: Path, name: str | None = None, on_corrupt: OnCorrupt = "error") -> FrameSequence:
    """Opens one video in the CDnet layout.

    Args:
        folder: `<category>/<video>`.
        name: defaults to the last two parts of the path.
        on_corrupt: see `FrameSequence`.

    Raises:
        DataError: if `input` is missing or empty, temporalROI.txt does not hold two numbers in order, or the clean
            plate cannot be decoded or is of another size than the frames.
    """
    if not (folder / "input").is_dir():
        raise DataError(f"{folder}: no folder `input` in it; a CDnet video has input/, groundtruth/, ROI.bmp")
    defects: list[str] = []
    numbered = _numbered(folder / "input", defects)
    if not numbered:
        raise DataError(f"{folder / 'input'}: no numbered pictures in it (in000001.jpg, …)")
    numbers = sorted(numbered)
    missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    if missing:
        defects.append(f"input: {missing} frames missing between {numbers[0]} and {numbers[-1]}")
    sequence = FrameSequence(
        name or "/".join(folder.resolve().parts[-2:]),
        ImageFiles([numbered[number] for number in numbers]),
        numbers,
        still_pictures=(folder / MANIFEST).is_file(),
        on_corrupt=on_corrupt,
        defects=defects,
    )
    truth = _numbered(folder / "groundtruth", defects)
    plates = _numbered(folder / "background", defects)
    if (folder / "background.png").is_file():
        plates.setdefault(0, folder / "background.png")  # one clean plate for the whole video (SBI, SBMnet)
    sequence.truth = FrameLookup(truth, read_gray) if truth else None
    sequence.plates = FrameLookup(plates, read_color, holds=True) if plates else None
    sequence.temporal_roi = _temporal_roi(folder / "temporalROI.txt")
    sequence.roi = _roi(folder, sequence, defects)
    sequence.clean_plate = _clean_plate(folder / CLEAN_PLATE, sequence)
    return sequence


def _numbered(folder: Path, defects: list[str]) -> dict[int, Path]:
    """Returns the pictures of `folder` by the last run of digits in their names; other files are listed as defects."""
    found: dict[int, Path] = {}
    if not folder.is_dir():
        return found
    ignored: list[str] = []
    for path in sorted(folder.iterdir()):
        digits = re.findall(r"\d+", path.stem)
        if is_picture(path) and digits and int(digits[-1]) not in found:
            found[int(digits[-1])] = path
        else:
            ignored.append(path.name)
    if ignored:
        defects.append(f"{folder.name}: passed over {', '.join(ignored[:5])}{' …' if len(ignored) > 5 else ''}")
    return found


def _temporal_roi(path: Path) -> tuple[int, int] | None:
    if not path.is_file():
        return None
    words = path.read_text(errors="replace").split()
    if len(words) < 2 or not (words[0].isdecimal() and words[1].isdecimal()):
        raise DataError(f"{path}: must hold two frame numbers, first and last, holds {' '.join(words)[:40]!r}")
    first, last = int(words[0]), int(words[1])
    if first > last:
        raise DataError(f"{path}: the first frame, {first}, comes after the last, {last}")
    return first, last


def _roi(folder: Path, sequence: FrameSequence, defects: list[str]) -> Image | None:
    """Returns the region of interest at frame size: ROI.bmp, or else ROI.jpg thresholded, or else `None`."""
    roi: Image | None = None
    for file in ("ROI.bmp", "ROI.jpg"):
        path = folder / file
        if not path.is_file():
            continue
        try:
            roi = read_gray(path)
        except DataError:
            defects.append(f"{file}: cannot be decoded")
            continue
        if path.suffix == ".jpg":
            roi = np.where(roi > 127, 255, 0).astype(np.uint8)  # JPEG leaves grey values at the border
        break
    if roi is None:
        return None
    height, width = sequence.size
    if roi.shape != (height, width):
        defects.append(f"ROI: is {roi.shape[1]}×{roi.shape[0]}, the frames are {width}×{height}; cut or grown to fit")
        if (roi > 0).all():
            return np.full((height, width), 255, np.uint8)
        roi = np.asarray(cv2.resize(roi, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    return roi


def _clean_plate(path: Path, sequence: FrameSequence) -> Image | None:
    if not path.is_file():
        return None
    plate = read_color(path)
    if plate.shape[:2] != sequence.size:
        height, width = sequence.size
        raise DataError(f"{path}: is {plate.shape[1]}×{plate.shape[0]}, the frames are {width}×{height}; take it again")
    return plate


def open_sequence(location: Path | str, name: str | None = None, on_corrupt: OnCorrupt = "error") -> FrameSequence:
    """Opens a CDnet folder (with `input/`), a folder of pictures, or a video file as a sequence.

    Raises:
        DataError: if it does not exist or contains no frames.
    """
    path = Path(location)
    if (path / "input").is_dir():
        return read_cdnet(path, name, on_corrupt)
    source: FrameSource
    if path.is_dir():
        source = ImageFiles.of_folder(path)
    elif path.suffix.lower() in VIDEO_SUFFIXES:
        source = VideoFile(path)
    elif path.exists():
        raise DataError(f"{path}: neither a folder nor a video ({', '.join(sorted(VIDEO_SUFFIXES))})")
    else:
        raise DataError(f"{path}: no such file or folder")
    return FrameSequence(name or path.stem, source, range(1, len(source) + 1), on_corrupt=on_corrupt)
