"""Brings frames into the CDnet layout: links to a folder that has it, pictures decoded from a video."""

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

_ABOUT = ".about.json"

Progress = Callable[[int], None]


def link_tree(source: Path, target: Path) -> None:
    """Makes `target` a folder of links to the files below `source`.

    Links cost no space and work between disks; the user's files stay untouched. A folder that is itself a link (frames
    on another disk) is entered like any other.
    """
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.is_dir():
            link_tree(path, target / path.name)
        else:
            (target / path.name).symlink_to(path.resolve())


def write_frames(sequence: FrameSequence, target: Path, progress: Progress = lambda _: None) -> None:
    """Writes the frames of `sequence` as `input/in%06d.png`: without loss, as a video has lost enough.

    Frames that cannot be decoded are left out, with their numbers, where the sequence says `skip`.
    """
    for index, frame in sequence.frames():
        write_image(target / "input" / f"in{sequence.numbers[index]:06d}.png", frame)
        progress(index + 1)


@contextmanager
def continuing(target: Path, about: Mapping[str, Any]) -> Iterator[Path]:
    """Gives a folder beside `target` that takes its place at the end, and that is found again after a kill.

    Args:
        target: what shall be there when all is done.
        about: what the content depends on, as JSON; what was begun under another is thrown away.
    """
    folder = target.with_name(f".{target.name}.begun")
    note = folder / _ABOUT
    text = json.dumps(about, indent=2, sort_keys=True)
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
    sequence: FrameSequence, on_corrupt: OnCorrupt, progress: Progress = lambda _: None, threads: int = 2
) -> list[str]:
    """Decodes every frame once, so that a broken one is met here and not in the middle of training.

    A frame that is a link is named with the file it leads to, which is what the user has to mend.

    Returns:
        The defects that were met and survived, broken frames that are skipped among them.

    Raises:
        DataError: for a broken frame where `on_corrupt` is `error`, a frame of another size, or if no frame is whole.
    """
    sequence.on_corrupt = on_corrupt
    for index, _ in sequence.frames(threads=threads):
        progress(index + 1)
    if len(sequence.corrupt) == len(sequence):
        raise DataError(f"{sequence.name}: none of its {len(sequence)} frames can be decoded")
    skipped = [f"skipped, cannot be decoded: {_named(label)}" for label in sequence.corrupt]
    return [*sequence.defects, *skipped]


def _named(label: str) -> str:
    path = Path(label)
    return f"{label} ({path.resolve()})" if path.is_symlink() else label


# === links: What the readers share: frames by their numbers, links in the CDnet names, label pictures.

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
