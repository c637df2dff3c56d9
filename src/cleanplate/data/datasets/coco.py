"""COCO, and exports of labelling tools in its format, written in the CDnet layout."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cleanplate.data.datasets import rasterize
from cleanplate.data.datasets.base import LabelledFolders, register
from cleanplate.data.datasets.coco_annotations import Entry, Instance, read_document
from cleanplate.data.datasets.labels.coco_file import COCO
from cleanplate.data.datasets.picture_set import (
    Defects,
    LabelledPicture,
    LabelOptions,
    labels_of,
    write_pictures,
)
from cleanplate.data.io.sources import natural_key
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image


@register
class Coco(LabelledFolders):
    """COCO in its own layout: `<root>/<split>/` with pictures, `<root>/annotations/instances_<split>.json`."""

    name = "coco"
    contents = "<split>/ and annotations/instances_<split>.json"
    downloadable = True

    def folders(self, root: Path) -> list[Path]:
        """See `LabelledFolders`."""
        return find_splits(root)

    def label_files(self, place: Path) -> list[Path]:
        """See `LabelledFolders`."""
        return [annotations_of(place)]

    def write_masks(
        self, place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None]
    ) -> list[str]:
        """See `LabelledFolders`."""
        return write_coco(annotations_of(place), place, folder, options, progress)


@register
class Export(LabelledFolders):
    """Exports of labelling tools: `<root>/<folder>/` with pictures and one JSON file in COCO's format."""

    name = "export"
    contents = "<folder>/ with pictures and a JSON file in COCO's format"

    def folders(self, root: Path) -> list[Path]:
        """See `LabelledFolders`."""
        return find_exports(root)

    def write_masks(
        self, place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None]
    ) -> list[str]:
        """See `LabelledFolders`."""
        return write_export(place, folder, options, progress)


def annotations_of(split: Path) -> Path:
    """Returns the path of the annotations of a folder `<root>/<split>` of pictures."""
    return split.parent / "annotations" / f"instances_{split.name}.json"


def find_splits(root: Path) -> list[Path]:
    """Returns all folders of pictures below `root` that have annotations, in natural order."""
    folders = [path for path in root.iterdir() if path.is_dir() and annotations_of(path).is_file()]
    return sorted(folders, key=lambda path: natural_key(path.name))


def write_coco(
    annotations: Path,
    pictures: Path,
    folder: Path,
    options: LabelOptions,
    progress: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """Writes the pictures that contain a chosen category, with their masks.

    The union of all instances is 255. A crowd (which has no outlines of single people) and an instance of fewer pixels
    than `options.smallest` are 170 where no other instance covers them: unknown.

    Args:
        annotations: JSON in COCO's format.
        pictures: the folder to which `file_name` is relative; its name is the split in the manifest.
        folder: see `write_pictures`.
        options: see `LabelOptions`.
        progress: called with the number of pictures done.

    Returns:
        Defects that were found and tolerated, in words.

    Raises:
        DataError: see `read_document` and `write_pictures`.
    """
    defects = Defects(options.on_corrupt)
    wanted = labelled_pictures(annotations, pictures, options, defects)
    return write_pictures(wanted, folder, pictures.name, options, defects, progress)


def labelled_pictures(
    annotations: Path, pictures: Path, options: LabelOptions, defects: Defects
) -> list[LabelledPicture]:
    """Returns the pictures that contain a chosen category, to draw their masks on demand; see `write_coco`.

    Raises:
        DataError: see `read_document`.
    """
    rasterize.require_pycocotools()
    entries = read_document(annotations, options.categories, options.negatives, defects)
    return [_picture(entry, pictures, options.smallest) for entry in entries]


@dataclass(frozen=True)
class CocoPicture(LabelledPicture):
    """A picture of a COCO file; `size` is the one stated there."""

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
    """Returns the path that the file states, or the name alone if a tool wrote folders of its own machine."""
    named = pictures / file
    inside = not Path(file).is_absolute() and ".." not in Path(file).parts
    return named if inside and named.exists() else pictures / Path(file.replace("\\", "/")).name


def find_exports(root: Path) -> list[Path]:
    """Returns all folders directly below `root` with a JSON file, in natural order; or `root` itself if it has one."""
    if any(root.glob("*.json")):
        return [root]
    folders = {path.parent for path in root.glob("*/*.json")}
    return sorted(folders, key=lambda path: natural_key(path.name))


def write_export(
    place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Writes the pictures of an export with their masks; see `write_coco`.

    Raises:
        DataError: if `place` holds no JSON file, or several none of which is called `annotations.json`.
    """
    files = sorted(place.glob("*.json"))
    if place / COCO in files:
        files = [place / COCO]
    if len(files) != 1:
        found = ", ".join(path.name for path in files) or "none"
        raise DataError(f"{place}: must hold one JSON file in COCO's format, holds {found}")
    return write_coco(files[0], place, folder, options, progress)
