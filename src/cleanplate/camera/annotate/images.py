"""Finds the images to label, and the files that belong to each."""

from dataclasses import dataclass
from pathlib import Path

from cleanplate.data.datasets.capture_sets import MASK, PLATE, find_sets
from cleanplate.data.datasets.labels.coco_file import COCO
from cleanplate.data.io.images import is_picture
from cleanplate.data.io.sources import natural_key
from cleanplate.errors import DataError


@dataclass(frozen=True)
class LabelledImage:
    """An image and the files that belong to it.

    Attributes:
        path: the image.
        plate: the clean plate of the same scene; `None` if there is none.
    """

    path: Path
    plate: Path | None = None

    @property
    def name(self) -> str:
        """Folder and file name."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def mask(self) -> Path:
        """The file of its mask."""
        return self.path.with_name(f"{self.path.stem}{MASK}.png")

    @property
    def labelme(self) -> Path:
        """The file where labelme looks for its polygons."""
        return self.path.with_suffix(".json")

    @property
    def coco(self) -> Path:
        """The file of the polygons of all images of its folder."""
        return self.path.with_name(COCO)


def find_images(folder: Path, number: int | None = None) -> list[LabelledImage]:
    """Returns the images to label in natural order: of a folder of sets, of one set, or of a folder without sets.

    Args:
        folder: sets below it, or images in it. In a set only images named by a number count.
        number: restricts to the set `set{number}`.

    Raises:
        DataError: if there is no such folder or set or no image in it, or two images would share a mask.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one with pictures, or with sets (set1/bkg.png, set1/0.png, …)")
    places = find_sets(folder)
    if number is not None:
        names = ", ".join(place.name for place in places) or "none"
        places = [place for place in places if place.name == f"set{number}"]
        if not places:
            raise DataError(f"--set {number}: no {folder / f'set{number}' / PLATE}; sets there: {names}")
    images = [image for place in places or [folder] for image in _images_in(place)]
    if not images:
        where = ", ".join(map(str, places or [folder]))
        raise DataError(f"{where}: no picture to label; take some with `cleanplate capture`, or give another folder")
    return images


def _images_in(place: Path) -> list[LabelledImage]:
    paths = [path for path in place.iterdir() if is_picture(path) and path.name != PLATE]
    names = {path.stem for path in paths}
    paths = [path for path in paths if not (path.stem.endswith(MASK) and path.stem.removesuffix(MASK) in names)]
    plate = place / PLATE if (place / PLATE).is_file() else None
    if plate:
        paths = [path for path in paths if path.stem.isdecimal()]
    by_name: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: natural_key(path.name)):
        if path.stem in by_name:
            raise DataError(
                f"{path}: would have the same mask as {by_name[path.stem].name}; rename or remove one of them"
            )
        by_name[path.stem] = path
    return [LabelledImage(path, plate) for path in by_name.values()]
