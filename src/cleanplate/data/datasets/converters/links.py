"""What the readers share: frames by their numbers, links in the CDnet names, label pictures."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cleanplate.data.io.images import is_picture, read_gray
from cleanplate.data.io.sources import natural_key
from cleanplate.utils.arrays import Image

UNKNOWN, MOVING = 170, 255  # CDnet's labels
LABELS = (0, 50, 85, UNKNOWN, MOVING)


def pictures(folder: Path) -> list[Path]:
    """The pictures directly in a folder, in the order of their numbers; none where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if is_picture(path)), key=lambda path: natural_key(path.name))


def numbered(paths: list[Path]) -> dict[int, Path]:
    """Pictures by the last run of digits in their names; counted from 1 where these do not tell them apart."""
    numbers = [int(digits[-1]) if (digits := re.findall(r"\d+", path.stem)) else None for path in paths]
    if None in numbers or len(set(numbers)) < len(numbers):
        return dict(enumerate(paths, start=1))
    return {number: path for number, path in zip(numbers, paths, strict=True) if number is not None}


def link(source: Path, target: Path, home: Path) -> None:
    """A link to a file, relative: the set can be moved as a whole.

    Args:
        source: the file.
        target: where the link is made.
        home: the folder that `target.parent` will be; a reader makes it elsewhere first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(os.path.relpath(source.resolve(), home.resolve()))


def link_frames(frames: Mapping[int, Path], folder: Path, home: Path) -> None:
    """Links frames as `input/in%06d.<suffix>` in the video `folder`, which will be `home`."""
    for number, path in frames.items():
        link(path, folder / "input" / f"in{number:06d}{path.suffix.lower()}", home / "input")


def binary_labels(path: Path) -> Image | None:
    """Labels of a foreground mask, uint8 `[H, W]` of 0 and 255; `None` where the file holds labels of CDnet already."""
    mask = read_gray(path)
    if np.isin(mask, LABELS).all():
        return None
    return np.where(mask > 127, MOVING, 0).astype(np.uint8)
