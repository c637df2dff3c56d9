"""Moves the content of an unpacked archive into the layout of its dataset; no byte is copied."""

import shutil
from pathlib import Path

from cleanplate.acquire.catalogue import Archive, CatalogueEntry
from cleanplate.errors import DataError
from cleanplate.utils.files import remove


def install(entry: CatalogueEntry, archive: Archive, unpacked: Path, root: Path) -> list[str]:
    """Moves videos to `root/<category>/<video>`, or COCO's folders to `root`, and removes `unpacked`.

    Archives differ between mirrors and years in their top folders (`dataset/baseline/highway`, `highway`, or nothing
    above `input`), so a video is recognised by its folder `input`.

    Returns:
        The names of what was moved.

    Raises:
        DataError: if nothing in the archive belongs to this dataset.
    """
    targets = _coco_folders(entry, unpacked) if entry.layout == "coco" else _videos(entry, archive, unpacked)
    if not targets:
        raise DataError(f"{archive.name}: holds nothing of {entry.name}; found {_listing(unpacked)}")
    for name, source in targets.items():
        move_into(source, root / name)
    remove(unpacked)
    return list(targets)


def move_into(source: Path, target: Path) -> None:
    """Moves a file or folder; an existing target folder is merged into file by file, and its other files are kept."""
    if source.is_dir() and not source.is_symlink() and target.is_dir():
        for path in sorted(source.iterdir()):
            move_into(path, target / path.name)
        source.rmdir()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        raise DataError(f"{target}: a folder lies where a file must go; move it away")
    if source.is_dir():
        shutil.move(source, target)  # both are below the root of the dataset, so this is a rename
    else:
        source.replace(target)


def _videos(entry: CatalogueEntry, archive: Archive, unpacked: Path) -> dict[str, Path]:
    """Maps each scene to its folder; the category is the folder above it, or stated by the catalogue."""
    known = {name for part in entry.parts.values() for name in part.contents}
    found: dict[str, Path] = {}
    for frames in sorted(unpacked.glob("**/input")):
        video = frames.parent
        if archive.contents is not None:
            found.setdefault(archive.contents, video)
        elif (scene := f"{video.parent.name}/{video.name}") in known:
            found[scene] = video
    return found


def _coco_folders(entry: CatalogueEntry, unpacked: Path) -> dict[str, Path]:
    known = {name for part in entry.parts.values() for name in part.contents}
    return {path.name: path for path in sorted(unpacked.iterdir()) if path.is_dir() and path.name in known}


def _listing(unpacked: Path) -> str:
    names = sorted(path.name for path in unpacked.iterdir())
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "") or "nothing"
