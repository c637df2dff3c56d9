"""Writes the polygons of all images of a folder as one COCO file.

An instance is a polygon; with holes, or without an inside, it is stored as run lengths. A labelled image with nobody
in it is listed without instances.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cleanplate.data.datasets.labels.polygons import Polygon, as_corners, draw_mask
from cleanplate.errors import DataError
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import replacing

COCO = "annotations.json"
"""Name of the file that most tools write into a folder of images; other JSON files belong to single images."""

_CENTRE = 0.5


@dataclass(frozen=True)
class CocoImage:
    """An image's name, its size (height, width) and its polygons in the order in which they are drawn."""

    name: str
    size: tuple[int, int]
    polygons: Sequence[Polygon]


def write_coco(
    path: Path, label: str, changed: CocoImage, others: Callable[[frozenset[str]], Iterator[CocoImage]]
) -> None:
    """Replaces an image's instances of one category in a file; everything else in it stays.

    Args:
        path: the JSON file; created if missing.
        label: name of the category.
        changed: the image.
        others: takes the names in the file and returns further labelled images.

    Raises:
        DataError: if the file exists and is not in COCO's format.
        OSError: if it cannot be written.
    """
    content = _read(path)
    category = _category(content["categories"], label)
    named = frozenset(str(image["file_name"]) for image in content["images"])
    for image in [changed, *others(named | {changed.name})]:
        _put(content, category, image)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")


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


def _put(content: dict[str, Any], category: int, image: CocoImage) -> None:
    images, annotations = content["images"], content["annotations"]
    height, width = image.size
    entry = next((entry for entry in images if entry["file_name"] == image.name), None)
    if entry is None:
        entry = {"id": _next(images), "file_name": image.name}
        images.append(entry)
    entry |= {"height": height, "width": width}
    annotations[:] = [
        known for known in annotations if (known["image_id"], known["category_id"]) != (entry["id"], category)
    ]
    number = _next(annotations)
    for instance in _instances(image.polygons, height, width):
        annotations.append({"id": number, "image_id": entry["id"], "category_id": category, "iscrowd": 0, **instance})
        number += 1


def _instances(polygons: Sequence[Polygon], height: int, width: int) -> Iterator[dict[str, Any]]:
    for index, polygon in enumerate(polygons):
        if polygon.hole:
            continue
        whole = draw_mask([polygon], height, width)
        holes = [later for later in polygons[index + 1 :] if later.hole]
        seen = draw_mask([polygon, *holes], height, width) if holes else whole
        if not seen.any():
            continue
        corners = as_corners(polygon.points)
        outlined = np.array_equal(seen, whole) and cv2.contourArea(corners) > 0
        left, top, across, down = cv2.boundingRect(seen)
        yield {
            "segmentation": [(corners.reshape(-1) + _CENTRE).tolist()] if outlined else _run_lengths(seen),
            "area": int(np.count_nonzero(seen)),
            "bbox": [left, top, across, down],
        }


def _run_lengths(mask: Image) -> dict[str, Any]:
    """Returns the lengths of runs down the columns, beginning with background: COCO's uncompressed format."""
    flat = (mask > 0).ravel(order="F").astype(np.int8)
    ends = np.flatnonzero(np.diff(flat, prepend=0))
    return {"size": list(mask.shape), "counts": np.diff(ends, prepend=0, append=flat.size).tolist()}


def _next(items: list[dict[str, Any]]) -> int:
    return 1 + max((int(item["id"]) for item in items), default=0)
