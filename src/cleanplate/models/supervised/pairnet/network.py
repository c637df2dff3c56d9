"""The network of `pairnet`: a trunk shared by frame and plate, a comparison at each scale, a light decoder."""

from copy import deepcopy
from itertools import pairwise
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

MULTIPLE = 16
"""Height and width of the network's input are multiples of this."""

_MEDIUM = 128.0


class PairNetwork(nn.Module):
    """Logits of foreground from a frame and the clean plate of its scene.

    The trunk works on blocks of 2×2 pixels, which halve the resolution without loss. Frame and plate go through the
    same weights; the features of the plate can be kept for all frames of a scene. At every scale frame, plate and
    their absolute difference are mixed; at the coarsest, the mean over the picture (above all a change of light) is
    added at every place.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96)) -> None:
        """Args: channels of each scale; four scales make `MULTIPLE`."""
        super().__init__()
        self.stem = _layer(12, widths[0])
        self.down = nn.ModuleList(_layer(fine, coarse, 2, stride=2) for fine, coarse in pairwise(widths))
        self.trunk = nn.ModuleList(_Residual(width, deep=scale > 0) for scale, width in enumerate(widths))
        self.mixed = nn.ModuleList(_layer(3 * width, width, 1) for width in widths)
        self.whole = nn.Linear(widths[-1], widths[-1])
        self.context = nn.Sequential(_Residual(widths[-1]), _Residual(widths[-1]))
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1, bias=False) for fine, coarse in pairwise(widths))
        self.joined = nn.ModuleList(_Residual(width, deep=scale > 0) for scale, width in enumerate(widths[:-1]))
        self.output = nn.Conv2d(widths[0], 4, 3, padding=1)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]  # has one by default

    def forward(self, frames: Tensor, plates: Tensor) -> Tensor:
        """Logits, `[N, 1, h, w]`, of pictures, uint8 RGB `[N, 3, h, w]` each, h and w multiples of 16."""
        both = self.features(torch.cat([frames, plates]))
        return self.compare(*zip(*(seen.chunk(2) for seen in both), strict=True))  # type: ignore[arg-type]

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Features of pictures, uint8 RGB `[N, 3, h, w]`, from the finest scale (h/2) to the coarsest."""
        seen = self.stem(_in_blocks(pictures, self.output.weight.dtype))
        scales = []
        for scale, block in enumerate(self.trunk):
            seen = block(self.down[scale - 1](seen) if scale else seen)
            scales.append(seen)
        return scales

    def compare(self, frames: list[Tensor], plates: list[Tensor]) -> Tensor:
        """Logits from the features of frames and plates; one plate may serve several frames."""
        kept = [
            mix(torch.cat([frame, plate.expand_as(frame), (frame - plate).abs_()], dim=1))
            for mix, frame, plate in zip(self.mixed, frames, plates, strict=True)
        ]
        coarse = kept[-1]
        found = self.context(coarse + self.whole(coarse.mean(dim=(2, 3)))[:, :, None, None])
        for scale in range(len(self.up) - 1, -1, -1):
            enlarged = F.interpolate(self.up[scale](found), scale_factor=2.0, mode="nearest")
            found = self.joined[scale](F.relu_(enlarged + kept[scale]))
        return F.pixel_shuffle(self.output(found), 2)

    def for_prediction(self, kind: torch.dtype) -> Self:
        """A copy for prediction: norms folded into the convolutions before them, weights of type `kind`."""
        copy = deepcopy(self).eval()
        for part in copy.modules():
            if isinstance(part, nn.Sequential):
                convolution, norm = part[0], part[1]
                if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    part[0], part[1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
        copy.to(kind).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
        return copy


class _Residual(nn.Module):
    """A residual block of one 3×3 convolution or two."""

    def __init__(self, width: int, *, deep: bool = True) -> None:
        super().__init__()
        self.first = _layer(width, width) if deep else nn.Identity()
        self.last = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, features: Tensor) -> Tensor:
        return F.relu_(self.last(self.first(features)) + features)


def _layer(inner: int, outer: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inner, outer, side, stride, padding=side // 2 if stride == 1 else 0, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outer), nn.ReLU(inplace=True))


def _in_blocks(pictures: Tensor, kind: torch.dtype) -> Tensor:
    """`[N, 3, h, w]` in grey levels as 2×2 blocks, -1 … 1, `[N, 12, h/2, w/2]`, channels last in memory."""
    count, channels, height, width = pictures.shape
    rows = pictures.permute(0, 2, 3, 1).reshape(count, height // 2, 2, width // 2, 2 * channels)
    blocks = torch.cat([rows[:, :, 0], rows[:, :, 1]], dim=-1).permute(0, 3, 1, 2)
    return blocks.to(kind).div_(_MEDIUM).sub_(1)
