"""Folders of pictures labelled with labelme, `<picture>.json` beside each, written in the CDnet layout."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.data.datasets import rasterize
from cleanplate.data.datasets.base import LabelledFolders, register
from cleanplate.data.datasets.capture_sets import MASK
from cleanplate.data.datasets.labels.coco_file import COCO
from cleanplate.data.datasets.labels.labelme_file import HOLE
from cleanplate.data.datasets.picture_set import (
    Defects,
    LabelledPicture,
    LabelOptions,
    labels_of,
    write_pictures,
)
from cleanplate.data.io.images import is_picture
from cleanplate.data.io.sources import natural_key
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image

_WITHOUT_AREA = {"point", "points", "line", "linestrip"}
_CORNERS_OF_A_CIRCLE = 64

Polygon = list[float]


@dataclass(frozen=True)
class Shape:
    """One outline: foreground, or a hole in the foreground of its group (of everything, if it has no group)."""

    polygon: Polygon
    group: object
    hole: bool


@register
class Labelme(LabelledFolders):
    """Folders of pictures labelled with labelme, `<root>/<folder>/`, or such a folder itself."""

    name = "labelme"
    contents = "<folder>/ with pictures and a labelme <picture>.json beside"

    def folders(self, root: Path) -> list[Path]:
        """See `LabelledFolders`."""
        return find_labelled(root)

    def write_masks(
        self, place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None]
    ) -> list[str]:
        """See `LabelledFolders`."""
        return write_labelme(place, folder, options, progress)


def find_labelled(root: Path) -> list[Path]:
    """Returns all folders directly below `root` with a labelled picture, in natural order; or `root` if it has one."""
    if _has_labels(root):
        return [root]
    return sorted((path for path in root.iterdir() if _has_labels(path)), key=lambda path: natural_key(path.name))


def write_labelme(
    place: Path, folder: Path, options: LabelOptions, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Writes the pictures of `place` into `folder` in natural order, each with its mask if it was labelled.

    The foreground is the union of polygons, rectangles and circles whose label is among `options.categories`. A shape
    whose label begins with `hole`, or that has the flag `hole`, is cut out of its group if it has a `group_id`, or else
    of everything. A picture without JSON has no ground truth; one whose JSON has no such shape is a negative.

    Args:
        place: pictures and JSON files.
        folder: see `write_pictures`.
        options: see `LabelOptions`.
        progress: called with the number of pictures done.

    Returns:
        Defects that were found and tolerated, in words.

    Raises:
        DataError: see `write_pictures`.
    """
    rasterize.require_pycocotools()
    defects = Defects(options.on_corrupt)
    found = [path for path in place.iterdir() if is_picture(path)]
    masks = {path.stem + MASK for path in found}
    sources = sorted((path for path in found if path.stem not in masks), key=lambda path: natural_key(path.name))
    pictures = []
    for source in sources:
        labels = source.with_suffix(".json")
        if not labels.is_file():
            pictures.append(LabelmePicture(source, source.name, "", None, (0, 0), options.smallest))
            continue
        try:
            size, shapes = _read(labels, options.categories)
        except DataError as error:
            defects.add(str(error))
            continue
        if options.negatives or any(not shape.hole for shape in shapes):
            pictures.append(LabelmePicture(source, source.name, "", shapes, size, options.smallest))
    orphans = (
        {path.stem for path in place.glob("*.json")} - {source.stem for source in sources} - {Path(COCO).stem}
    )  # `cleanplate annotate` writes all three
    for stem in sorted(orphans):
        defects.add(f"{place / stem}.json: no picture of this name beside it")
    return write_pictures(pictures, folder, place.name, options, defects, progress)


@dataclass(frozen=True)
class LabelmePicture(LabelledPicture):
    """A picture of a labelme folder; `shapes` is `None` if it has no JSON."""

    shapes: list[Shape] | None
    size: tuple[int, int]
    smallest: int

    def draw(self, height: int, width: int) -> Image | None:
        """See `LabelledPicture`."""
        if self.shapes is None:
            return None
        if self.size != (height, width):
            raise ValueError(f"is {width}×{height}, its labels are for {self.size[1]}×{self.size[0]}")
        filled: dict[object, list[rasterize.Runs]] = defaultdict(list)
        holes: dict[object, list[rasterize.Runs]] = defaultdict(list)
        unsure: list[rasterize.Runs] = []
        for shape in self.shapes:
            runs = rasterize.of_polygons([shape.polygon], height, width)
            if shape.hole:
                holes[shape.group].append(runs)
            elif rasterize.area(runs) < self.smallest:
                unsure.append(runs)
            else:
                filled[shape.group].append(runs)
        inside = np.zeros((height, width), bool)
        for group, parts in filled.items():
            cut = holes[group] if group is not None else []
            inside |= rasterize.united(parts, height, width) & ~rasterize.united(cut, height, width)
        inside &= ~rasterize.united(holes[None], height, width)
        return labels_of(inside, rasterize.united(unsure, height, width))


def _read(path: Path, categories: Collection[str]) -> tuple[tuple[int, int], list[Shape]]:
    try:
        content = json.loads(path.read_bytes())
        size = (int(content["imageHeight"]), int(content["imageWidth"]))
        shapes = [shape for item in content["shapes"] if (shape := _shape(item, categories)) is not None]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except KeyError as error:
        raise DataError(f"{path}: not a labelme file: {error} is missing in it") from error
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: not a valid labelme file: {error}") from error
    return size, shapes


def _shape(item: dict[str, Any], categories: Collection[str]) -> Shape | None:
    label, kind = str(item["label"]), item.get("shape_type", "polygon")
    named_hole = label.lower().startswith(HOLE)
    if kind in _WITHOUT_AREA or not (named_hole or not categories or label in categories):
        return None
    hole = named_hole or bool((item.get("flags") or {}).get(HOLE))
    points = [(float(x), float(y)) for x, y in item["points"]]
    return Shape(_polygon(kind, points, label), item.get("group_id"), hole)


def _polygon(kind: str, points: list[tuple[float, float]], label: str) -> Polygon:
    if kind == "polygon" and len(points) >= 3:
        return [value for point in points for value in point]
    if kind == "rectangle" and len(points) >= 2:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        return [left, top, right, top, right, bottom, left, bottom]
    if kind == "circle" and len(points) == 2:
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        angles = [2 * math.pi * step / _CORNERS_OF_A_CIRCLE for step in range(_CORNERS_OF_A_CIRCLE)]
        return [value for angle in angles for value in (x + radius * math.cos(angle), y + radius * math.sin(angle))]
    raise ValueError(f"shape {label!r} is a {kind} of {len(points)} points; polygon, rectangle and circle are read")


def _has_labels(folder: Path) -> bool:
    return folder.is_dir() and any(path.with_suffix(".json").is_file() for path in folder.iterdir() if is_picture(path))
