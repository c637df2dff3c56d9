"""Rasterizes outlines and run lengths to masks with pycocotools, the reference implementation of the COCO format.

pycocotools does not check its input (run lengths with a wrong sum make it write outside its memory), so everything is
checked here first.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import DataError

Runs = dict[str, Any]
"""A mask in pycocotools' compressed form: `size` (height, width) and `counts`."""

_DIGIT_BITS, _CONTINUES, _SIGN = 0x1F, 0x20, 0x10
_MAX_DIGITS = 7  # of a run length below 2³¹


def require_pycocotools() -> None:
    """Raises `DataError`, which tells what to install, if pycocotools is missing."""
    try:
        import pycocotools.mask  # noqa: F401
    except ImportError as error:
        raise DataError(
            "masks from outlines: pycocotools is not installed; pip install 'cleanplate[labels]'"
        ) from error


def of_segmentation(content: object, height: int, width: int) -> Runs:
    """Returns the pixels of one annotation: a list of polygons, or a run-length code, plain or compressed.

    Args:
        content: `segmentation` of a COCO annotation.
        height: of the picture, in pixels.
        width: of the picture, in pixels.

    Raises:
        ValueError: if it is invalid; tells why.
    """
    if isinstance(content, dict):
        return _of_run_lengths(content, height, width)
    if isinstance(content, list) and content:
        return of_polygons(content, height, width)
    raise ValueError("has no outline" if not content else f"the outline is neither a list nor run lengths: {content!r}")


def of_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> Runs:
    """Returns the pixels inside any of `polygons`.

    Args:
        polygons: each `[x0, y0, x1, y1, …]`, in pixels from the upper left corner, at least three points.
        height: of the picture, in pixels.
        width: of the picture, in pixels.

    Raises:
        ValueError: for an invalid polygon, or one far outside the picture.
    """
    from pycocotools import mask

    for polygon in polygons:
        _require_polygon(polygon, max(height, width))
    merged: Runs = mask.merge(mask.frPyObjects(list(polygons), height, width))
    return merged


def united(parts: Sequence[Runs], height: int, width: int) -> NDArray[np.bool_]:
    """Returns which pixels belong to any of `parts`; bool `[H, W]`."""
    if not parts:
        return np.zeros((height, width), bool)
    from pycocotools import mask

    whole = mask.decode(parts[0] if len(parts) == 1 else mask.merge(list(parts)))
    return np.ascontiguousarray(whole).view(bool)


def area(part: Runs) -> int:
    """Returns the number of pixels of `part`."""
    from pycocotools import mask

    return int(mask.area(part))


def _require_polygon(polygon: object, side: int) -> None:
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        raise ValueError("an outline is not a list of three or more points (x0, y0, x1, y1, …)")
    invalid = [value for value in polygon if type(value) not in (int, float) or not math.isfinite(value)]
    if invalid:
        raise ValueError(f"an outline holds {invalid[0]!r}, which is not a number of pixels")
    # Rasterizing walks along the outline, so a far point costs unlimited memory.
    if min(polygon) < -side or max(polygon) > 2 * side:
        far = max(polygon, key=abs)
        raise ValueError(f"an outline reaches to {far:g}, far outside the picture")


def _of_run_lengths(content: dict[Any, Any], height: int, width: int) -> Runs:
    from pycocotools import mask

    size, counts = content.get("size"), content.get("counts")
    if size != [height, width]:
        raise ValueError(f"run lengths are for a picture of the size {size}, this one is {[height, width]}")
    if isinstance(counts, str):
        counts = _decompressed(counts)
    if not isinstance(counts, list) or not all(isinstance(count, int) and count >= 0 for count in counts):
        raise ValueError("run lengths are not whole numbers")
    if sum(counts) != height * width:
        raise ValueError(f"run lengths add up to {sum(counts)} pixels, the picture has {height * width}")
    whole: Runs = mask.frPyObjects({"size": size, "counts": counts}, height, width)
    return whole


def _decompressed(text: str) -> list[int]:
    """Decodes pycocotools' string of run lengths: base 32, least digit first, differences from the fourth on."""
    counts: list[int] = []
    value = digits = 0
    for character in text:
        code = ord(character) - ord("0")
        if not 0 <= code < 2 * _CONTINUES or digits == _MAX_DIGITS:
            raise ValueError("compressed run lengths are damaged")
        value |= (code & _DIGIT_BITS) << (5 * digits)
        digits += 1
        if code & _CONTINUES:
            continue
        if code & _SIGN:
            value -= 1 << (5 * digits)
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = digits = 0
    if digits or not counts:
        raise ValueError("compressed run lengths end in the middle")
    return counts
