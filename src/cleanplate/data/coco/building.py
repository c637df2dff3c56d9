"""Masks of a COCO split, or of an export in its format, as a scene in the CDnet layout."""

from dataclasses import dataclass
from pathlib import Path

from cleanplate.data import regions
from cleanplate.data.coco.document import Entry, Instance, read_document
from cleanplate.data.images import Image
from cleanplate.data.picture_set import (
    Defects,
    LabelledPicture,
    LabelOptions,
    Progress,
    labels_of,
    write_pictures,
)
from cleanplate.data.sources import natural_key


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
    regions.require_pycocotools()
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
        sure: list[regions.Runs] = []
        unsure: list[regions.Runs] = []
        for instance in self.instances:
            try:
                runs = regions.of_segmentation(instance.outline, height, width)
            except ValueError as error:
                raise ValueError(f"annotation {instance.id}: {error}") from error
            counts = not instance.crowd and regions.area(runs) >= self.smallest
            (sure if counts else unsure).append(runs)
        return labels_of(regions.united(sure, height, width), regions.united(unsure, height, width) if unsure else None)


def _picture(entry: Entry, pictures: Path, smallest: int) -> CocoPicture:
    return CocoPicture(_source(pictures, entry.file), entry.file, entry.licence, entry.size, entry.instances, smallest)


def _source(pictures: Path, file: str) -> Path:
    """Where a picture lies: as the file says, or by its name alone, where a tool has written folders of its own."""
    named = pictures / file
    inside = not Path(file).is_absolute() and ".." not in Path(file).parts
    return named if inside and named.exists() else pictures / Path(file.replace("\\", "/")).name
