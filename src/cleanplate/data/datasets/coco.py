"""Masks of a COCO split, or of an export in its format, as a scene in the CDnet layout."""

from dataclasses import dataclass
from pathlib import Path

from cleanplate.data.datasets import rasterize
from cleanplate.data.datasets.coco_annotations import Entry, Instance, read_document
from cleanplate.data.datasets.picture_set import (
    Defects,
    LabelledPicture,
    LabelOptions,
    Progress,
    labels_of,
    write_pictures,
)
from cleanplate.data.io.sources import natural_key
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image


def annotations_of(split: Path) -> Path:
    """The annotations of a folder `<root>/<split>` of pictures, where COCO has them."""
    return split.parent / "annotations" / f"instances_{split.name}.json"


def find_splits(root: Path) -> list[Path]:
    """All folders of pictures below `root` that have annotations, in natural order."""
    folders = [path for path in root.iterdir() if path.is_dir() and annotations_of(path).is_file()]
    return sorted(folders, key=lambda path: natural_key(path.name))


def write_coco(
    annotations: Path,
    pictures: Path,
    folder: Path,
    options: LabelOptions,
    progress: Progress = lambda _: None,
) -> list[str]:
    """Writes the pictures that hold a chosen category, with their masks.

    An instance is 255, several are united. A crowd (which has no outline of single people) and an instance of fewer
    pixels than `options.smallest` are 170 where no other covers them: neither background nor fit to learn from.

    Args:
        annotations: JSON in COCO's format.
        pictures: the folder that `file_name` starts from; its name is the split in the manifest.
        folder: see `write_pictures`.
        options: see `LabelOptions`.
        progress: called with the number of pictures done.

    Returns:
        What was met and survived, in words.

    Raises:
        DataError: see `read_document` and `write_pictures`.
    """
    defects = Defects(options.on_corrupt)
    wanted = labelled_pictures(annotations, pictures, options, defects)
    return write_pictures(wanted, folder, pictures.name, options, defects, progress)


def labelled_pictures(
    annotations: Path, pictures: Path, options: LabelOptions, defects: Defects
) -> list[LabelledPicture]:
    """The pictures that hold a chosen category, whose masks are drawn on demand; arguments as `write_coco`'s.

    Raises:
        DataError: see `read_document`.
    """
    rasterize.require_pycocotools()
    entries = read_document(annotations, options.categories, options.negatives, defects)
    return [_picture(entry, pictures, options.smallest) for entry in entries]


@dataclass(frozen=True)
class CocoPicture(LabelledPicture):
    """A picture of a COCO file; `size` is what the file says of it."""

    size: tuple[int, int]
    instances: list[Instance]
    smallest: int

    def draw(self, height: int, width: int) -> Image:
        """See `LabelledPicture`."""
        if self.size != (height, width):
            raise ValueError(f"is {width}×{height}, its annotations are for {self.size[1]}×{self.size[0]}")
        sure: list[rasterize.Runs] = []
        unsure: list[rasterize.Runs] = []
        for instance in self.instances:
            try:
                runs = rasterize.of_segmentation(instance.outline, height, width)
            except ValueError as error:
                raise ValueError(f"annotation {instance.id}: {error}") from error
            counts = not instance.crowd and rasterize.area(runs) >= self.smallest
            (sure if counts else unsure).append(runs)
        unknown = rasterize.united(unsure, height, width) if unsure else None
        return labels_of(rasterize.united(sure, height, width), unknown)


def _picture(entry: Entry, pictures: Path, smallest: int) -> CocoPicture:
    return CocoPicture(_source(pictures, entry.file), entry.file, entry.licence, entry.size, entry.instances, smallest)


def _source(pictures: Path, file: str) -> Path:
    """Where a picture lies: as the file says, or by its name alone, where a tool has written folders of its own."""
    named = pictures / file
    inside = not Path(file).is_absolute() and ".." not in Path(file).parts
    return named if inside and named.exists() else pictures / Path(file.replace("\\", "/")).name


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
