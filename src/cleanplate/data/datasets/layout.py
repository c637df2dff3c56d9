"""Writes the CDnet layout: numbered frames, links to the user's files, label values, and checks of what was written."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.data.io.images import is_picture, read_gray, write_image
from cleanplate.data.io.sources import natural_key
from cleanplate.data.sequence import FrameSequence, OnCorrupt
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import remove, replacing

UNKNOWN, FOREGROUND = 170, 255
"""Ground-truth labels of CDnet 2014: unknown (never scored), and moving."""
_LABELS = (0, 50, 85, UNKNOWN, FOREGROUND)
MANIFEST = "pictures.csv"
"""Name of the table that marks a scene of still pictures, see `picture_set`."""

_RECORD = ".about.json"


def link(source: Path, target: Path) -> None:
    """Makes `target` a link to `source`; replaces what an earlier attempt left there."""
    target.unlink(missing_ok=True)
    target.symlink_to(source.resolve())


def link_tree(source: Path, target: Path) -> None:
    """Makes `target` a folder of links to the files below `source`.

    Links cost no space, work between disks, and leave the user's files unchanged. A folder that is itself a link
    (frames on another disk) is entered like any other.
    """
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.is_dir():
            link_tree(path, target / path.name)
        else:
            (target / path.name).symlink_to(path.resolve())


def link_relative(source: Path, target: Path, final_folder: Path) -> None:
    """Makes `target` a relative link to `source`, so that both can be moved together.

    Args:
        source: the file.
        target: where the link is made.
        final_folder: the folder that `target.parent` will become; it is written under a temporary name first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(os.path.relpath(source.resolve(), final_folder.resolve()))


def link_frames(frames: Mapping[int, Path], video: Path, final_video: Path) -> None:
    """Links frames as `input/in%06d.<suffix>` in the folder `video`, which will become `final_video`."""
    for number, path in frames.items():
        link_relative(path, video / "input" / f"in{number:06d}{path.suffix.lower()}", final_video / "input")


def write_frames(sequence: FrameSequence, target: Path, progress: Callable[[int], None] = lambda _: None) -> None:
    """Writes the frames of `sequence` as `input/in%06d.png`; lossless, because a video is compressed already.

    Frames that cannot be decoded are left out together with their numbers, if the sequence says `skip`.
    """
    for index, frame in sequence.frames():
        write_image(target / "input" / f"in{sequence.numbers[index]:06d}.png", frame)
        progress(index + 1)


def pictures(folder: Path) -> list[Path]:
    """Returns the pictures directly in a folder in natural order; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if is_picture(path)), key=lambda path: natural_key(path.name))


def numbered(paths: list[Path]) -> dict[int, Path]:
    """Returns pictures by the last run of digits in their names; by their position from 1 if these are not unique."""
    numbers = [int(digits[-1]) if (digits := re.findall(r"\d+", path.stem)) else None for path in paths]
    if None in numbers or len(set(numbers)) < len(numbers):
        return dict(enumerate(paths, start=1))
    return {number: path for number, path in zip(numbers, paths, strict=True) if number is not None}


def binary_labels(path: Path) -> Image | None:
    """Returns a mask as uint8 `[H, W]` of 0 and 255; `None` if the file holds CDnet's label values already."""
    mask = read_gray(path)
    if np.isin(mask, _LABELS).all():
        return None
    return np.where(mask > 127, FOREGROUND, 0).astype(np.uint8)


@contextmanager
def resumable_folder(target: Path, record: Mapping[str, Any]) -> Iterator[Path]:
    """Yields a folder beside `target` that becomes `target` at the end and that survives a killed process.

    Args:
        target: the final folder.
        record: everything that the content depends on, as JSON values; a folder of another record is removed first.
    """
    folder = target.with_name(f".{target.name}.begun")
    note = folder / _RECORD
    text = json.dumps(record, indent=2, sort_keys=True)
    if not note.is_file() or note.read_text() != text:
        remove(folder)
        folder.mkdir(parents=True)
        with replacing(note) as temporary:
            temporary.write_text(text)
    yield folder
    note.unlink()
    with replacing(target) as temporary:
        folder.rename(temporary)


def check_frames(
    sequence: FrameSequence,
    on_corrupt: OnCorrupt,
    progress: Callable[[int], None] = lambda _: None,
    threads: int = 2,
) -> list[str]:
    """Decodes every frame once, so that a broken one is found here and not in the middle of training.

    A frame that is a link is named together with the file that it leads to, which is the file to repair.

    Returns:
        The defects that were found and tolerated, including skipped frames.

    Raises:
        DataError: for a broken frame if `on_corrupt` is `error`, for a frame of another size, or if no frame can be
            decoded.
    """
    sequence.on_corrupt = on_corrupt
    for index, _ in sequence.frames(threads=threads):
        progress(index + 1)
    if len(sequence.corrupt) == len(sequence):
        raise DataError(f"{sequence.name}: none of its {len(sequence)} frames can be decoded")
    skipped = [f"skipped, cannot be decoded: {_with_link_target(label)}" for label in sequence.corrupt]
    return [*sequence.defects, *skipped]


def _with_link_target(label: str) -> str:
    path = Path(label)
    return f"{label} ({path.resolve()})" if path.is_symlink() else label
