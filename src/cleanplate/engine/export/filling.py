"""`models.components.inpainting.filled_in` as a graph: what may lie behind somebody, from the surroundings."""

from itertools import pairwise

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.engine.export.estimates import Size
from cleanplate.engine.export.filters import Resize

# As `cleanplate.models.components.inpainting` has them; tests hold the two together.
_SIDE = 256
_REACH = 0.012


class FilledIn(nn.Module):
    """Frames, BGR `[N, 3, H, W]`, in which holes `[N, 1, H, W]` show what their surroundings look like."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.seam = 2 * round(_REACH * max(size)) + 1
        scale = min(1.0, _SIDE / max(size))
        sizes = [(max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))]
        self.shrink = Resize(size, sizes[0], cv2.INTER_AREA, whole=False)
        self.enlarge = Resize(sizes[0], size, cv2.INTER_LINEAR, whole=False)
        while max(sizes[-1]) > 1:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        steps = list(pairwise(sizes))
        self.halved = nn.ModuleList(Resize(fine, coarse, cv2.INTER_AREA, whole=False) for fine, coarse in steps)
        self.doubled = nn.ModuleList(Resize(coarse, fine, cv2.INTER_LINEAR, whole=False) for fine, coarse in steps)

    def forward(self, frames: Tensor, holes: Tensor) -> Tensor:
        """See the class."""
        wide = dilated(holes.to(torch.uint8), self.seam) > 0
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
        found = colours[-1] + (1 - weights[-1]).clamp(0, 1) * coarse
        for doubled, colour, weight in zip(reversed(self.doubled), colours[-2::-1], weights[-2::-1], strict=True):
            found = colour + (1 - weight).clamp(0, 1) * doubled(found)
        return found


def dilated(marks: Tensor, side: int) -> Tensor:
    """`cv2.dilate` by an ellipse of an odd side, of marks uint8 `[N, 1, H, W]`.

    An ellipse is a pile of lines that grow towards its middle: each is grown from the one before, put under the pile,
    and the pile stretched by a row. A few comparisons for each line, where the window has a hundred times as many.
    """
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    height, width = int(marks.shape[2]), int(marks.shape[3])
    margin, reach = side // 2, 0
    line = F.pad(marks, (margin,) * 4)
    pile: Tensor | None = None
    for row in range(margin + 1):
        wanted = int(ellipse[row].sum()) // 2
        while reach < wanted:
            line, reach = _grown(line, reach, wanted)
        start = margin - reach
        under = line.narrow(3, start, width)
        if pile is not None:
            pile = torch.maximum(*_apart(pile, 2, 2))
            under = torch.maximum(pile, under.narrow(2, row, height + 2 * (margin - row)))
        pile = under
    assert pile is not None
    return pile


def _grown(line: Tensor, reach: int, wanted: int) -> tuple[Tensor, int]:
    """What lines of `reach` to each side saw, for longer ones; what is asked for, or as long as it gets at once."""
    if reach == 0:  # two pixels apart would leave the one between
        length = int(line.shape[3]) - 2
        return torch.maximum(torch.maximum(*_apart(line, 3, 2)), line.narrow(3, 1, length)), 1
    further = min(reach, wanted - reach)
    return torch.maximum(*_apart(line, 3, 2 * further)), reach + further


def _apart(lines: Tensor, axis: int, distance: int) -> tuple[Tensor, Tensor]:
    length = int(lines.shape[axis]) - distance
    return lines.narrow(axis, 0, length), lines.narrow(axis, distance, length)
