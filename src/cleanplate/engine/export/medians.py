"""`cv2.medianBlur` as minima and maxima of whole planes of bytes, which every runtime does fastest.

Each place's window is sorted by a network of comparisons; each comparison is made for all places at once. Neighbours
share work: rows are sorted into columns once, and columns are merged two, four, … at a time. What the median does not
depend on is never computed. After Adams, "Fast Median Filters Using Separable Sorting Networks" (2021), and Batcher's
odd-even merging (1968).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

_Sorted = list["_Plane"]

_DOWN, _ACROSS = 1, 2  # axes of a plane, uint8 `[N, H, W]`


def median_filter(levels: Tensor, side: int) -> Tensor:
    """The median of each square window, borders repeated, as `cv2.medianBlur`.

    Args:
        levels: float32 `[N, 1, H, W]`, whole levels 0 … 255; H and W are fixed when a graph is traced.
        side: of the window, odd.

    Returns:
        float32 `[N, 1, H, W]`.
    """
    margin, reach = side // 2, side - 1
    wide = F.pad(levels, (margin, margin, margin, margin), mode="replicate")[:, 0].to(torch.uint8)
    columns = _window([_Plane(lambda: wide)], side, _DOWN)
    half = _window(columns, reach // 2, _ACROSS)
    most = _merged(_moved(half, 0, reach // 2, _ACROSS), _moved(half, reach // 2, 0, _ACROSS))
    middle = side * side // 2 + 1
    found = _of_rank(_moved(most, 0, 1, _ACROSS), _moved(columns, reach, 0, _ACROSS), middle)
    return found.value()[:, None].float()


class _Plane:
    """A plane that is computed when it is first asked for: most of a sorted window never is."""

    def __init__(self, make: Callable[[], Tensor]) -> None:
        self._make = make
        self._value: Tensor | None = None

    def value(self) -> Tensor:
        if self._value is None:
            self._value = self._make()
        return self._value


def _moved(planes: _Sorted, before: int, after: int, axis: int) -> _Sorted:
    """Planes without so many lines before and after."""

    def cut(plane: _Plane) -> _Plane:
        return _Plane(lambda: plane.value().narrow(axis, before, int(plane.value().shape[axis]) - before - after))

    return [cut(plane) for plane in planes]


def _smaller(one: _Plane, other: _Plane) -> _Plane:
    return _Plane(lambda: torch.minimum(one.value(), other.value()))


def _larger(one: _Plane, other: _Plane) -> _Plane:
    return _Plane(lambda: torch.maximum(one.value(), other.value()))


def _window(planes: _Sorted, count: int, axis: int) -> _Sorted:
    """What lies in `count` neighbours, each sorted already, in one order."""
    if count == 1:
        return planes
    first = 1 << (count - 1).bit_length() - 1  # the highest power of two below: its parts are shared
    rest = count - first
    before, after = _window(planes, first, axis), _window(planes, rest, axis)
    return _merged(_moved(before, 0, rest, axis), _moved(after, first, 0, axis))


def _merged(one: _Sorted, other: _Sorted) -> _Sorted:
    """Two orders in one, by Batcher's odd-even merging."""
    if not one or not other:
        return one or other
    if len(one) == len(other) == 1:
        return [_smaller(one[0], other[0]), _larger(one[0], other[0])]
    lower, upper = _merged(one[::2], other[::2]), _merged(one[1::2], other[1::2])
    order = lower[:1]
    for position in range(max(len(upper), len(lower) - 1)):
        pair = [*upper[position : position + 1], *lower[position + 1 : position + 2]]
        order += [_smaller(*pair), _larger(*pair)] if len(pair) == 2 else pair
    return order


def _of_rank(one: _Sorted, other: _Sorted, rank: int) -> _Plane:
    """The plane that is at `rank`, from 1, of two orders: the least of all that `rank` planes lie at or below."""
    best: _Plane | None = None
    for taken in range(max(0, rank - len(other)), min(rank, len(one)) + 1):
        highest = [*one[taken - 1 : taken], *other[rank - taken - 1 : rank - taken]]
        if taken == 0 or taken == rank:
            highest = [one[rank - 1]] if taken else [other[rank - 1]]
        limit = highest[0] if len(highest) == 1 else _larger(*highest)
        best = limit if best is None else _smaller(best, limit)
    assert best is not None
    return best
