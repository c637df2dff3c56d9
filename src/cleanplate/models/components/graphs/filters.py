"""OpenCV's filters in operations that ONNX has: the same grey levels, borders included.

Pictures are float32 `[N, C, H, W]` in grey levels; height and width are fixed when a graph is traced.

`median_filter` computes `cv2.medianBlur` as minima and maxima of whole planes of bytes, the fastest way in every
runtime. A sorting network sorts the window of each pixel; each comparison is made for all pixels at once. Neighbours
share work: rows are sorted into columns once, and columns are merged two, four, … at a time. Comparisons on which the
median does not depend are never computed. After Adams, "Fast Median Filters Using Separable Sorting Networks" (2021),
and Batcher's odd-even merging (1968).
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

_SHARES = 2048
_LUMA = (3735 / 32768, 19235 / 32768, 9798 / 32768)  # OpenCV's fixed-point weights of blue, green and red


def luma(pictures: Tensor) -> Tensor:
    """`cv2.cvtColor` of BGR `[N, 3, H, W]` to grey, `[N, 1, H, W]`: whole levels from whole levels."""
    shares = torch.tensor(_LUMA, device=pictures.device)[:, None, None]
    return torch.floor((pictures * shares).sum(dim=1, keepdim=True) + 0.5)


def bordered(pictures: Tensor, margin: int, border: int) -> Tensor:
    """Pictures with a margin filled as OpenCV's `border` says; the margin may be larger than the picture."""
    around = (margin,) * 4
    if border == cv2.BORDER_REPLICATE:
        return F.pad(pictures, around, mode="replicate")
    if border == cv2.BORDER_REFLECT_101 and margin < min(int(length) for length in pictures.shape[2:]):
        return F.pad(pictures, around, mode="reflect")
    for axis in (2, 3):
        length = int(pictures.shape[axis])
        places = [cv2.borderInterpolate(place, length, border) for place in range(-margin, length + margin)]
        pictures = pictures.index_select(axis, torch.tensor(places, device=pictures.device))
    return pictures


def majority(marks: Tensor, side: int) -> Tensor:
    """`cv2.medianBlur` of pictures of 0 and 1, `[N, 1, H, W]`: the value of more than half of the window."""
    return (_box(bordered(marks, side // 2, cv2.BORDER_REPLICATE), side) > 0.5).float()


def gaussian(levels: Tensor, side: int) -> Tensor:
    """`cv2.GaussianBlur` of whole levels, window of `side` pixels: exact up to side 7, then within one level."""
    channels = int(levels.shape[1])
    row = torch.tensor(cv2.getGaussianKernel(side, 0).ravel(), dtype=torch.float32, device=levels.device)
    wide = bordered(levels, side // 2, cv2.BORDER_REFLECT_101)
    for kernel in (row.reshape(1, 1, 1, -1), row.reshape(1, 1, -1, 1)):
        wide = F.conv2d(wide, kernel.repeat(channels, 1, 1, 1), groups=channels)
    return torch.floor(wide + 0.5)


def box_mean(levels: Tensor, side: int) -> Tensor:
    """`cv2.blur` of floats with a square window."""
    wide = bordered(levels, side // 2, cv2.BORDER_REFLECT_101)
    return _box(wide, side)


def _box(wide: Tensor, side: int) -> Tensor:
    return _sums(_sums(wide, side, 2), side, 3) / side**2


def _sums(lines: Tensor, count: int, axis: int) -> Tensor:
    """Sums of `count` neighbours along an axis, by doubling: faster in every runtime than pooling or a convolution."""
    long, reach, start = int(lines.shape[axis]) - count + 1, 1, 0
    total: Tensor | None = None
    while True:
        if count & reach:
            part = lines.narrow(axis, start, long)
            total, start = part if total is None else total + part, start + reach
        if 2 * reach > count:
            assert total is not None
            return total
        rest = int(lines.shape[axis]) - reach
        lines, reach = lines.narrow(axis, 0, rest) + lines.narrow(axis, reach, rest), 2 * reach


def median(samples: Tensor) -> Tensor:
    """The median over the last axis, `[N, C, S]` to `[N, C]`; the mean of the middle two of an even number."""
    count = int(samples.shape[-1])
    upper = samples.topk(count // 2 + 1, dim=-1, sorted=True).values
    return upper[..., -1] if count % 2 else (upper[..., -1] + upper[..., -2]) / 2


class Resize(nn.Module):
    """`cv2.resize` from one fixed size to another: two matrix products, whose weights OpenCV itself gives."""

    rows: Tensor
    columns: Tensor

    def __init__(self, before: tuple[int, int], after: tuple[int, int], interpolation: int, *, whole: bool) -> None:
        """Args: sizes as (height, width), OpenCV's interpolation, and whether whole levels come out."""
        super().__init__()
        self.needed = before != after
        self.whole = whole
        # Where a side grows, OpenCV's INTER_AREA interpolates linearly, and whole levels in fixed point.
        self.enlarging = after[0] > before[0] or after[1] > before[1]
        # OpenCV halves whole levels by (a + b + c + d + 2) >> 2, and rounds half to even everywhere else.
        self.upwards = interpolation == cv2.INTER_AREA and before == (2 * after[0], 2 * after[1])
        # Means of 1, 2, 4, 8, … values are exact in any order of addition.
        factors = before[0] // after[0], before[1] // after[1]
        exact = all(new * by == old and by & (by - 1) == 0 for old, new, by in zip(before, after, factors, strict=True))
        self.pooled = factors if exact and interpolation == cv2.INTER_AREA else None
        if self.needed and self.pooled is None:
            self.register_buffer("rows", torch.from_numpy(_weights(before, after, interpolation, 0)))
            self.register_buffer("columns", torch.from_numpy(_weights(before, after, interpolation, 1)).T.contiguous())

    def forward(self, pictures: Tensor) -> Tensor:
        """Resized, float32 `[N, C, h, w]`."""
        if not self.needed:
            return pictures
        if self.enlarging and self.whole:
            return self._in_fixed_point(pictures)
        # In OpenCV's order, on which the rounding of halves depends.
        resized = self.rows @ (pictures @ self.columns) if self.pooled is None else F.avg_pool2d(pictures, self.pooled)
        if not self.whole:
            return resized
        return torch.floor(resized + 0.5) if self.upwards else torch.round(resized)

    def _in_fixed_point(self, pictures: Tensor) -> Tensor:
        """Interpolates whole levels as OpenCV does: weights in 2048ths, intermediate results cut off."""
        beside = torch.floor(pictures @ torch.round(self.columns * _SHARES) / 16).double()
        shares = torch.round(self.rows * _SHARES).double()
        upper = (shares > 0).double().argmax(dim=1)
        lower = (upper + 1).clamp(max=shares.shape[1] - 1)
        above = shares.gather(1, upper[:, None])
        below = shares.gather(1, lower[:, None]) * (lower > upper)[:, None]
        total = torch.floor(beside.index_select(2, upper) * above / 65536)
        total = total + torch.floor(beside.index_select(2, lower) * below / 65536)
        return torch.floor((total + 2) / 4).float()


def _weights(before: tuple[int, int], after: tuple[int, int], interpolation: int, axis: int) -> NDArray[np.float32]:
    """Weights along one axis, `[after, before]`: OpenCV's answers to pictures of a single bright line."""
    answers = []
    for place in range(before[axis]):
        line = np.zeros(before, np.float32)
        line[(slice(None),) * axis + (place,)] = 1
        answers.append(cv2.resize(line, after[::-1], interpolation=interpolation).take(0, axis=1 - axis))
    return np.ascontiguousarray(np.stack(answers, axis=1))


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
    rank = side * side // 2 + 1
    found = _of_rank(_moved(most, 0, 1, _ACROSS), _moved(columns, reach, 0, _ACROSS), rank)
    return found.value()[:, None].float()


class _Plane:
    """A plane that is computed on first use; most planes of a sorted window are never used."""

    def __init__(self, make: Callable[[], Tensor]) -> None:
        self._make = make
        self._value: Tensor | None = None

    def value(self) -> Tensor:
        if self._value is None:
            self._value = self._make()
        return self._value


def _moved(planes: _Sorted, before: int, after: int, axis: int) -> _Sorted:
    """Planes without `before` lines at the start and `after` lines at the end of an axis."""

    def cut(plane: _Plane) -> _Plane:
        return _Plane(lambda: plane.value().narrow(axis, before, int(plane.value().shape[axis]) - before - after))

    return [cut(plane) for plane in planes]


def _smaller(one: _Plane, other: _Plane) -> _Plane:
    return _Plane(lambda: torch.minimum(one.value(), other.value()))


def _larger(one: _Plane, other: _Plane) -> _Plane:
    return _Plane(lambda: torch.maximum(one.value(), other.value()))


def _window(planes: _Sorted, count: int, axis: int) -> _Sorted:
    """The values of `count` neighbours in one sorted order; each neighbour is sorted already."""
    if count == 1:
        return planes
    first = 1 << (count - 1).bit_length() - 1  # the highest power of two below count, whose parts are shared
    rest = count - first
    before, after = _window(planes, first, axis), _window(planes, rest, axis)
    return _merged(_moved(before, 0, rest, axis), _moved(after, first, 0, axis))


def _merged(one: _Sorted, other: _Sorted) -> _Sorted:
    """Two sorted orders merged by Batcher's odd-even merging."""
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
    """The plane at `rank`, counted from 1, of two sorted orders together."""
    best: _Plane | None = None
    for taken in range(max(0, rank - len(other)), min(rank, len(one)) + 1):
        highest = [*one[taken - 1 : taken], *other[rank - taken - 1 : rank - taken]]
        if taken == 0 or taken == rank:
            highest = [one[rank - 1]] if taken else [other[rank - 1]]
        limit = highest[0] if len(highest) == 1 else _larger(*highest)
        best = limit if best is None else _smaller(best, limit)
    assert best is not None
    return best
