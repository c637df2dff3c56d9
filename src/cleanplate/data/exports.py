"""A folder that a labelling tool exported: pictures, and one JSON file in COCO's format."""

from pathlib import Path

from cleanplate.data.coco import write_coco
from cleanplate.data.picture_set import LabelOptions, Progress
from cleanplate.data.sources import natural_key
from cleanplate.errors import DataError

_USUAL = "annotations.json"
"""As most tools call it; others beside it belong to single pictures."""


def find_exports(root: Path) -> list[Path]:
    """All folders directly below `root` that hold a JSON file, in natural order; or `root` itself if it does."""
    if any(root.glob("*.json")):
        return [root]
    folders = {path.parent for path in root.glob("*/*.json")}
    return sorted(folders, key=lambda path: natural_key(path.name))


def write_export(place: Path, folder: Path, options: LabelOptions, progress: Progress = lambda _: None) -> list[str]:
    """Writes the pictures of an export with their masks; see `write_coco`.

    Raises:
        DataError: if `place` holds no JSON file, or several of which none is called `annotations.json`.
    """
    files = sorted(place.glob("*.json"))
    if place / _USUAL in files:
        files = [place / _USUAL]
    if len(files) != 1:
        found = ", ".join(path.name for path in files) or "none"
        raise DataError(f"{place}: must hold one JSON file in COCO's format, holds {found}")
    return write_coco(files[0], place, folder, options, progress)
