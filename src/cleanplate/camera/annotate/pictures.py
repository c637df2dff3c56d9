"""Which pictures are there to be labelled."""

from dataclasses import dataclass
from pathlib import Path

from cleanplate.data.datasets.capture_sets import PLATE, find_sets
from cleanplate.data.io.images import is_picture
from cleanplate.data.io.sources import natural_key
from cleanplate.errors import DataError

_MASK = "_mask"
COCO = "annotations.json"


@dataclass(frozen=True)
class Shot:
    """A picture and what belongs to it.

    Attributes:
        path: the picture.
        plate: the same scene with nobody in it; `None` where nobody took it.
    """

    path: Path
    plate: Path | None = None

    @property
    def name(self) -> str:
        """Folder and file."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def mask(self) -> Path:
        """Where its mask lies, or will."""
        return self.path.with_name(f"{self.path.stem}{_MASK}.png")

    @property
    def labelme(self) -> Path:
        """Where labelme looks for its outlines."""
        return self.path.with_suffix(".json")

    @property
    def coco(self) -> Path:
        """Where the outlines of all pictures of its folder lie."""
        return self.path.with_name(COCO)


def find_shots(folder: Path, number: int | None = None) -> list[Shot]:
    """The pictures to be labelled, in natural order: of a folder of sets, of one set, or of a folder without any.

    Args:
        folder: sets below it, or pictures in it. In a set, pictures are named by numbers; elsewhere they are named as
            they like.
        number: the set `set{number}` alone.

    Raises:
        DataError: if there is no such folder or set or no picture in it, or two pictures would have one mask.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one with pictures, or with sets (set1/bkg.png, set1/0.png, …)")
    places = find_sets(folder)
    if number is not None:
        names = ", ".join(place.name for place in places) or "none"
        places = [place for place in places if place.name == f"set{number}"]
        if not places:
            raise DataError(f"--set {number}: no {folder / f'set{number}' / PLATE}; sets there: {names}")
    shots = [shot for place in places or [folder] for shot in _shots(place)]
    if not shots:
        where = ", ".join(map(str, places or [folder]))
        raise DataError(f"{where}: no picture to label; take some with `cleanplate capture`, or give another folder")
    return shots


def _shots(place: Path) -> list[Shot]:
    pictures = [path for path in place.iterdir() if is_picture(path) and path.name != PLATE]
    names = {path.stem for path in pictures}
    pictures = [path for path in pictures if not (path.stem.endswith(_MASK) and path.stem.removesuffix(_MASK) in names)]
    plate = place / PLATE
    if plate.is_file():
        pictures = [path for path in pictures if path.stem.isdecimal()]
    by_name: dict[str, Path] = {}
    for path in sorted(pictures, key=lambda path: natural_key(path.name)):
        if path.stem in by_name:
            raise DataError(
                f"{path}: would have the same mask as {by_name[path.stem].name}; rename or remove one of them"
            )
        by_name[path.stem] = path
    return [Shot(path, plate if plate.is_file() else None) for path in by_name.values()]
