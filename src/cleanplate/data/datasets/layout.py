"""Brings frames into the CDnet layout: links to a folder that has it, pictures decoded from a video."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cleanplate.data.io.images import write_image
from cleanplate.data.sequence import FrameSequence, OnCorrupt
from cleanplate.errors import DataError
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
