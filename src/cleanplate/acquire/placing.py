"""Brings what came out of an archive to where the layout wants it: by moving, so that no byte is copied."""

import shutil
from pathlib import Path

from cleanplate.acquire.catalogue import Archive, DataSet
from cleanplate.errors import DataError
from cleanplate.utils.files import remove


def place(data_set: DataSet, archive: Archive, unpacked: Path, root: Path) -> list[str]:
    """Moves videos to `root/<category>/<video>`, or COCO's folders to `root`; takes `unpacked` away.

    Where an archive puts its content (`dataset/baseline/highway`, `highway`, nothing above `input`) differs between
    mirrors and years; a video is known by its folder `input`.

    Returns:
        What was placed, by name.

    Raises:
        DataError: if nothing in the archive is of this set.
    """
    targets = _coco(data_set, unpacked) if data_set.layout == "coco" else _videos(data_set, archive, unpacked)
    if not targets:
        raise DataError(f"{archive.name}: holds nothing of {data_set.name}; found {_seen(unpacked)}")
    for name, source in targets.items():
        move_into(source, root / name)
    remove(unpacked)
    return list(targets)


def move_into(source: Path, target: Path) -> None:
    """Moves a file or folder in one step where nothing lies; else file by file, leaving what else is there alone."""
    if source.is_dir() and not source.is_symlink() and target.is_dir():
        for path in sorted(source.iterdir()):
            move_into(path, target / path.name)
        source.rmdir()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        raise DataError(f"{target}: a folder lies where a file must go; move it away")
    if source.is_dir():
        shutil.move(source, target)  # both are below the folder of the set: a rename
    else:
        source.replace(target)


def _videos(data_set: DataSet, archive: Archive, unpacked: Path) -> dict[str, Path]:
    """By scene: the folders that hold `input`. The category is the folder above, or what the catalogue says."""
    known = {name for part in data_set.parts.values() for name in part.holds}
    found: dict[str, Path] = {}
    for frames in sorted(unpacked.glob("**/input")):
        video = frames.parent
        if archive.holds is not None:
            found.setdefault(archive.holds, video)
        elif (scene := f"{video.parent.name}/{video.name}") in known:
            found[scene] = video
    return found


def _coco(data_set: DataSet, unpacked: Path) -> dict[str, Path]:
    known = {name for part in data_set.parts.values() for name in part.holds}
    return {path.name: path for path in sorted(unpacked.iterdir()) if path.is_dir() and path.name in known}


def _seen(unpacked: Path) -> str:
    names = sorted(path.name for path in unpacked.iterdir())
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "") or "nothing"
