"""Downsampling beyond strided convolution, and the luminance of pictures."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Rec. 601, as OpenCV's conversion to grey.
_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114


def luminance(pictures: Tensor) -> Tensor:
    """Luminance `[N, 1, H, W]` of the first three channels, RGB."""
    return _RED * pictures[:, :1] + _GREEN * pictures[:, 1:2] + _BLUE * pictures[:, 2:3]


class Luminance(nn.Module):
    """`[N, 3+, H, W]` with the luminance of its first three channels behind all, or in place of these three."""

    def __init__(self, *, beside: bool) -> None:
        super().__init__()
        self.beside = beside

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        light = luminance(pictures)
        return torch.cat([pictures, light] if self.beside else [light, pictures[:, 3:]], dim=1)


class DilatedHalving(nn.Module):
    """Two strided convolutions of the same picture, the second dilated: detail and surroundings, summed.

    After the atrous convolution of Chen et al., DeepLab (2018, arXiv 1606.00915).
    """

    def __init__(self, near: nn.Module, far: nn.Module) -> None:
        super().__init__()
        self.near, self.far = near, far

    def forward(self, features: Tensor) -> Tensor:
        """`[N, before, H, W]` to `[N, after, H/2, W/2]`."""
        return self.near(features) + self.far(features)  # type: ignore[no-any-return]


class DeformableHalving(nn.Module):
    """A convolution of what is found at learned places: each channel has an offset of its own at every pixel.

    Offsets are in pixels and start at zero, where this is the plain convolution. After Dai et al., Deformable
    convolutional networks (2017, arXiv 1703.06211), with one offset for a channel instead of one for each tap.
    """

    def __init__(self, channels: int, convolution: nn.Module) -> None:
        super().__init__()
        self.convolution = convolution
        self.offsets = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.offsets.bias)  # type: ignore[arg-type]  # a convolution has a bias by default

    def forward(self, features: Tensor) -> Tensor:
        """`[N, before, H, W]` to `[N, after, H/2, W/2]`."""
        return self.convolution(shifted(features, self.offsets(features)))  # type: ignore[no-any-return]


def shifted(features: Tensor, offsets: Tensor) -> Tensor:
    """Features read at other places, bilinear; outside the picture its border continues.

    Args:
        features: `[N, C, H, W]`.
        offsets: `[N, 2 C, H, W]` in pixels: to the right for all channels, then down for all channels.

    Returns:
        `[N, C, H, W]` float32.
    """
    batch, channels, height, width = features.shape
    # A place in a wide picture needs more digits than bf16 has.
    right, down = offsets.float().reshape(batch, 2, channels, height, width).unbind(1)
    x = torch.arange(width, device=features.device) + right
    y = torch.arange(height, device=features.device)[:, None] + down
    places = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1).flatten(0, 1)
    with torch.autocast(features.device.type, enabled=False):
        planes = features.float().reshape(batch * channels, 1, height, width)
        read = F.grid_sample(planes, places, mode="bilinear", padding_mode="border", align_corners=False)
    return read.reshape(batch, channels, height, width)
