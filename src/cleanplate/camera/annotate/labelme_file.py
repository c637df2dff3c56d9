"""Outlines as labelme stores them: one JSON file beside each picture, which labelme and our own reader open.

A corner is written as the middle of its pixel. labelme knows no holes: one is written as a shape called `hole`, which
`cleanplate.data.datasets.labelme` cuts out again; for every other reader the mask is the truth.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cleanplate.camera.annotate.outlines import with_few_corners
from cleanplate.camera.annotate.shapes import Point, Polygon
from cleanplate.errors import DataError
from cleanplate.utils.files import replacing

HOLE = "hole"
_VERSION = "5.5.0"  # of the form in which labelme stores
_MIDDLE = 0.5


def read_labelme(path: Path, label: str, size: tuple[int, int]) -> tuple[Polygon, ...] | None:
    """The outlines in a file; `None` where there is none, or one that cannot be shown as outlines.

    Args:
        path: the JSON file.
        label: of the shapes that are taken; others are passed over.
        size: height and width of the picture.
    """
    try:
        content = json.loads(path.read_bytes())
        if (int(content["imageHeight"]), int(content["imageWidth"])) != size:
            return None
        polygons = [_polygon(shape, size) for shape in content["shapes"] if _is_ours(shape, label)]
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    # A hole may have been written for several groups.
    return tuple(
        polygon for index, polygon in enumerate(polygons) if not polygon.hole or polygon != polygons[index - 1]
    )


def write_labelme(path: Path, polygons: Sequence[Polygon], label: str, image: str, size: tuple[int, int]) -> None:
    """Writes outlines; shapes with other labels, which somebody else put into the file, stay in it.

    Args:
        path: the JSON file.
        polygons: in the order in which they are drawn.
        label: of those that are no holes.
        image: name of the picture.
        size: its height and width.

    Raises:
        DataError: if a file is there that is none of labelme's.
        OSError: if it cannot be written.
    """
    content: dict[str, Any] = {"version": _VERSION, "flags": {}, "shapes": []}
    if path.is_file():
        try:
            content |= json.loads(path.read_bytes())
            others = [shape for shape in content["shapes"] if not _is_ours(shape, label)]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: is no labelme file; move it away, or use --json coco or none") from error
        content["shapes"] = others
    content["shapes"] = [*_shapes(polygons, label), *content["shapes"]]
    content |= {"imagePath": image, "imageData": None, "imageHeight": size[0], "imageWidth": size[1]}
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _shapes(polygons: Sequence[Polygon], label: str) -> list[dict[str, Any]]:
    """Shapes for a reader who first unites what is in a group and then cuts the group's holes out of it.

    A hole cuts what was there before it. One that nothing follows cuts everything, and needs no group; before others,
    what it cuts is put into groups, and the hole into each of them.
    """
    last = max((index for index, polygon in enumerate(polygons) if not polygon.hole), default=-1)
    grouped = any(polygon.hole for polygon in polygons[: last + 1])
    made: list[dict[str, Any]] = []
    group = 0
    for index, polygon in enumerate(polygons):
        if not polygon.hole:
            made.append(_shape(polygon, label, group if grouped else None))
        elif index > last:
            made.append(_shape(polygon, HOLE, None))
        else:
            made += [_shape(polygon, HOLE, earlier) for earlier in range(group + 1)]
            group += 1
    return made


def _shape(polygon: Polygon, label: str, group: int | None) -> dict[str, Any]:
    return {
        "label": label,
        "points": [[x + _MIDDLE, y + _MIDDLE] for x, y in polygon.line],
        "group_id": group,
        "description": "",
        "shape_type": "polygon",
        "flags": {HOLE: True} if polygon.hole else {},
        "mask": None,
    }


def _is_ours(shape: dict[str, Any], label: str) -> bool:
    return _is_hole(shape) or shape["label"] == label


def _is_hole(shape: dict[str, Any]) -> bool:
    return str(shape["label"]).lower().startswith(HOLE) or bool((shape.get("flags") or {}).get(HOLE))


def _polygon(shape: dict[str, Any], size: tuple[int, int]) -> Polygon:
    if shape.get("shape_type", "polygon") != "polygon" or len(shape["points"]) < 3:
        raise ValueError("no polygon")
    points = tuple(_pixel(float(x), float(y), size) for x, y in shape["points"])
    return with_few_corners(points, _is_hole(shape))


def _pixel(x: float, y: float, size: tuple[int, int]) -> Point:
    return min(max(int(x), 0), size[1] - 1), min(max(int(y), 0), size[0] - 1)
