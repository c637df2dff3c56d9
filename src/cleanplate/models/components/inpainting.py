"""Inpainting: a hole in a picture filled smoothly from its surroundings, in NumPy and as a graph.

Pull and push over a pyramid (Gortler et al., "The lumigraph", 1996): on the way down, known pixels are averaged, each
level weighted by how much of it is known; on the way up, unknown pixels take the value of the coarser level. A large
hole becomes smoother than a small one, at the cost of a few small blurs.
"""

from itertools import pairwise

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.models.components.graphs.estimates import Size
from cleanplate.models.components.graphs.filters import Resize
from cleanplate.utils.arrays import Image

_SIDE = 256  # a smooth patch needs no more pixels than this
_REACH = 0.012  # of the longer side: near the border of a mask, pixels still have the colour of the object


def inpaint(frame: Image, hole: NDArray[np.bool_]) -> Image:
    """A frame in which a hole, and a narrow seam around it, is filled from its surroundings.

    Args:
        frame: uint8 BGR `[H, W, 3]`.
        hole: bool `[H, W]`.

    Returns:
        uint8 BGR `[H, W, 3]`: the frame itself outside the hole; its mean colour if there is no outside.
    """
    if not hole.any():
        return frame.copy()
    height, width = hole.shape
    seam = _seam((height, width))
    wide = cv2.dilate(hole.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (seam, seam)))
    if wide.all():
        return np.full_like(frame, np.rint(frame.mean(axis=(0, 1))))
    size = _working((height, width))[::-1]
    known = (1 - wide).astype(np.float32)
    weight = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
    colour = np.asarray(cv2.resize(frame * known[..., None], size, interpolation=cv2.INTER_AREA), np.float32)
    patch = cv2.resize(_smoothed(colour, weight), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(wide[..., None] > 0, np.clip(np.rint(patch), 0, 255), frame).astype(np.uint8)


class InpaintingGraph(nn.Module):
    """`inpaint` as a graph: frames, BGR `[N, 3, H, W]`, with holes `[N, 1, H, W]` filled."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.seam = _seam(size)
        sizes = [_working(size)]
        self.shrink = Resize(size, sizes[0], cv2.INTER_AREA, whole=False)
        self.enlarge = Resize(sizes[0], size, cv2.INTER_LINEAR, whole=False)
        while max(sizes[-1]) > 1:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        steps = list(pairwise(sizes))
        self.halved = nn.ModuleList(Resize(fine, coarse, cv2.INTER_AREA, whole=False) for fine, coarse in steps)
        self.doubled = nn.ModuleList(Resize(coarse, fine, cv2.INTER_LINEAR, whole=False) for fine, coarse in steps)

    def forward(self, frames: Tensor, holes: Tensor) -> Tensor:
        """See the class."""
        wide = dilate(holes.to(torch.uint8), self.seam) > 0
        known = 1 - wide.float()
        patch = self._smoothed(self.shrink(frames * known), self.shrink(known))
        anything = known.amax(dim=(2, 3), keepdim=True) > 0
        patch = torch.where(anything, patch, frames.mean(dim=(2, 3), keepdim=True))
        return torch.where(wide, torch.round(self.enlarge(patch)).clamp(0, 255), frames)

    def _smoothed(self, colour: Tensor, weight: Tensor) -> Tensor:
        colours, weights = [colour], [weight]
        for halved in self.halved:
            colours.append(halved(colours[-1]))
            weights.append(halved(weights[-1]))
        coarse = colours[-1] / weights[-1].clamp(min=1e-6)
        filled = colours[-1] + (1 - weights[-1]).clamp(0, 1) * coarse
        for doubled, colour, weight in zip(reversed(self.doubled), colours[-2::-1], weights[-2::-1], strict=True):
            filled = colour + (1 - weight).clamp(0, 1) * doubled(filled)
        return filled


def dilate(marks: Tensor, side: int) -> Tensor:
    """`cv2.dilate` of marks, uint8 `[N, 1, H, W]`, by an ellipse of an odd side.

    The rows of an ellipse grow towards its middle. Each row's maximum is grown from that of the row before, joined to
    the result so far, and the result is stretched by a row: a few comparisons per row, where the window has a hundred
    times as many.
    """
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    height, width = int(marks.shape[2]), int(marks.shape[3])
    margin, reach = side // 2, 0
    line = F.pad(marks, (margin,) * 4)
    result: Tensor | None = None
    for row in range(margin + 1):
        wanted = int(ellipse[row].sum()) // 2
        while reach < wanted:
            line, reach = _grown(line, reach, wanted)
        start = margin - reach
        joined = line.narrow(3, start, width)
        if result is not None:
            result = torch.maximum(*_apart(result, 2, 2))
            joined = torch.maximum(result, joined.narrow(2, row, height + 2 * (margin - row)))
        result = joined
    assert result is not None
    return result


def _grown(line: Tensor, reach: int, wanted: int) -> tuple[Tensor, int]:
    """Maxima over `reach` pixels to each side, extended towards `wanted`, and the new reach: at most twice the old."""
    if reach == 0:  # two pixels apart would leave out the one between
        length = int(line.shape[3]) - 2
        return torch.maximum(torch.maximum(*_apart(line, 3, 2)), line.narrow(3, 1, length)), 1
    further = min(reach, wanted - reach)
    return torch.maximum(*_apart(line, 3, 2 * further)), reach + further


def _apart(lines: Tensor, axis: int, distance: int) -> tuple[Tensor, Tensor]:
    """Lines and the same lines `distance` further along an axis."""
    length = int(lines.shape[axis]) - distance
    return lines.narrow(axis, 0, length), lines.narrow(axis, distance, length)


def _seam(size: Size) -> int:
    return 2 * round(_REACH * max(size)) + 1


def _working(size: Size) -> Size:
    scale = min(1.0, _SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _smoothed(colour: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours `[h, w, 3]`, each times its `weight`, as colours everywhere: from the coarser level if unknown."""
    if max(weight.shape) > 1:
        below = _smoothed(_halved(colour), _halved(weight))
        coarse = cv2.resize(below, weight.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(colour.shape)
    else:
        coarse = colour / np.maximum(weight, 1e-6)[..., None]
    return np.asarray(colour + np.clip(1 - weight, 0, 1)[..., None] * coarse, np.float32)


def _halved(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    half = ((picture.shape[1] + 1) // 2, (picture.shape[0] + 1) // 2)
    return np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.float32)
