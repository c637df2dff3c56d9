"""Reads and writes the polygons of an image as a labelme file.

A corner is written as the centre of its pixel. labelme has no holes: a hole is a shape called `hole`, which
`cleanplate.data.datasets.labelme` cuts out. For other readers the mask is the truth.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cleanplate.data.datasets.labels.polygons import Polygon
from cleanplate.errors import DataError
from cleanplate.utils.files import replacing

HOLE = "hole"
_VERSION = "5.5.0"  # of labelme's format
_CENTRE = 0.5


def read_labelme(path: Path, label: str, size: tuple[int, int]) -> tuple[Polygon, ...] | None:
    """Returns the polygons of a file; `None` if there is no file, or it holds more than polygons.

    Args:
        path: the JSON file.
        label: of the shapes to read; others are ignored.
        size: height and width of the image.
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
    """Writes polygons; shapes with other labels stay in the file.

    Args:
        path: the JSON file.
        polygons: in the order in which they are drawn.
        label: of those that are not holes.
        image: name of the image.
        size: its height and width.

    Raises:
        DataError: if the file exists and is not one of labelme.
        OSError: if it cannot be written.
    """
    content: dict[str, Any] = {"version": _VERSION, "flags": {}, "shapes": []}
    if path.is_file():
        try:
            content |= json.loads(path.read_bytes())
            content["shapes"] = [shape for shape in content["shapes"] if not _is_ours(shape, label)]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: is no labelme file; move it away, or use --json coco or none") from error
    content["shapes"] = [*_shapes(polygons, label), *content["shapes"]]
    content |= {"imagePath": image, "imageData": None, "imageHeight": size[0], "imageWidth": size[1]}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _shapes(polygons: Sequence[Polygon], label: str) -> list[dict[str, Any]]:
    """Returns shapes for a reader that unites the shapes of a group and then cuts the group's holes out of it.

    A hole cuts what was drawn before it. If no polygon follows, it cuts everything and needs no group. Otherwise the
    polygons before it are put into groups, and the hole into each of them.
    """
    last = max((index for index, polygon in enumerate(polygons) if not polygon.hole), default=-1)
    grouped = any(polygon.hole for polygon in polygons[: last + 1])
    shapes: list[dict[str, Any]] = []
    group = 0
    for index, polygon in enumerate(polygons):
        if not polygon.hole:
            shapes.append(_shape(polygon, label, group if grouped else None))
        elif index > last:
            shapes.append(_shape(polygon, HOLE, None))
        else:
            shapes += [_shape(polygon, HOLE, earlier) for earlier in range(group + 1)]
            group += 1
    return shapes


def _shape(polygon: Polygon, label: str, group: int | None) -> dict[str, Any]:
    return {
        "label": label,
        "points": [[x + _CENTRE, y + _CENTRE] for x, y in polygon.points],
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
        raise ValueError("not a polygon")
    height, width = size
    points = ((int(float(x)), int(float(y))) for x, y in shape["points"])
    return Polygon(tuple((min(max(x, 0), width - 1), min(max(y, 0), height - 1)) for x, y in points), _is_hole(shape))
