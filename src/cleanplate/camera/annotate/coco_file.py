"""Outlines in COCO's format: one file for all pictures of a folder.

An instance is an outline; where holes are cut out of it, or it is too thin to have an inside, run lengths of its
pixels. A picture that was looked at and holds nobody is listed without instances.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cleanplate.camera.annotate.shapes import Polygon, as_corners, drawn
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import replacing

_MIDDLE = 0.5


@dataclass(frozen=True)
class Labelled:
    """A picture's name, its size (height and width) and its outlines, in the order in which they are drawn."""

    image: str
    size: tuple[int, int]
    polygons: Sequence[Polygon]


def write_coco(
    path: Path, label: str, changed: Labelled, others: Callable[[frozenset[str]], Iterator[Labelled]]
) -> None:
    """Puts the outlines of a picture in the place of what the file says of it under this label.

    Args:
        path: the JSON file; is made where there is none. What else it holds stays.
        label: name of the category.
        changed: the picture.
        others: gives further labelled pictures that the file does not name; it is told which it does.

    Raises:
        DataError: if a file is there that is none of COCO's.
        OSError: if it cannot be written.
    """
    content = _read(path)
    category = _category(content["categories"], label)
    named = frozenset(str(image["file_name"]) for image in content["images"])
    for picture in [changed, *others(named | {changed.image})]:
        _put(content, category, picture)
    with replacing(path) as part:
        part.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = {"info": {}, "licenses": [], "categories": [], "images": [], "annotations": []}
    if not path.is_file():
        return content
    try:
        content |= json.loads(path.read_bytes())
        for key, parts in {
            "categories": ("id", "name"),
            "images": ("id", "file_name"),
            "annotations": ("id", "image_id", "category_id"),
        }.items():
            for item in content[key]:
                [item[part] for part in parts]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: is no file in COCO's format; move it away, or use --json labelme or none") from error
    return content


def _category(categories: list[dict[str, Any]], label: str) -> int:
    for category in categories:
        if category["name"] == label:
            return int(category["id"])
    number = _next(categories)
    categories.append({"id": number, "name": label, "supercategory": ""})
    return number


def _put(content: dict[str, Any], category: int, picture: Labelled) -> None:
    images, annotations = content["images"], content["annotations"]
    height, width = picture.size
    image = next((image for image in images if image["file_name"] == picture.image), None)
    if image is None:
        image = {"id": _next(images), "file_name": picture.image}
        images.append(image)
    image |= {"height": height, "width": width}
    annotations[:] = [
        known for known in annotations if (known["image_id"], known["category_id"]) != (image["id"], category)
    ]
    number = _next(annotations)
    for instance in _instances(picture.polygons, height, width):
        annotations.append({"id": number, "image_id": image["id"], "category_id": category, "iscrowd": 0, **instance})
        number += 1


def _instances(polygons: Sequence[Polygon], height: int, width: int) -> Iterator[dict[str, Any]]:
    for index, polygon in enumerate(polygons):
        if polygon.hole:
            continue
        whole = drawn([polygon], height, width)
        holes = [later for later in polygons[index + 1 :] if later.hole]
        seen = drawn([polygon, *holes], height, width) if holes else whole
        if not seen.any():
            continue
        corners = as_corners(polygon.line)
        outlined = np.array_equal(seen, whole) and cv2.contourArea(corners) > 0
        left, top, across, down = cv2.boundingRect(seen)
        yield {
            "segmentation": [(corners.reshape(-1) + _MIDDLE).tolist()] if outlined else _run_lengths(seen),
            "area": int(np.count_nonzero(seen)),
            "bbox": [left, top, across, down],
        }


def _run_lengths(mask: Image) -> dict[str, Any]:
    """Lengths of runs down the columns, beginning with background, as COCO's tools read them uncompressed."""
    flat = (mask > 0).ravel(order="F").astype(np.int8)
    ends = np.flatnonzero(np.diff(flat, prepend=0))
    return {"size": list(mask.shape), "counts": np.diff(ends, prepend=0, append=flat.size).tolist()}


def _next(items: list[dict[str, Any]]) -> int:
    return 1 + max((int(item["id"]) for item in items), default=0)
