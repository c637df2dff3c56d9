"""The network: which pixels of a frame are foreground, given the frame, its background and the scene's noise."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MULTIPLE = 16
"""Height and width of the network's input are multiples of this."""

_CHANNELS = 38
_FURTHER_CHANNELS = 24
MEDIUM = 128.0
GAP_LEVELS = 40.0  # larger differences are squashed
WIDE_GAP_LEVELS = 60.0
NOISE_LEVELS = 30.0


class ForegroundNetwork(nn.Module):
    """A small U-Net without norms on 2×2 blocks of pixels, which halve the resolution without loss.

    Its input for a block is frame and background (12 values each), their squashed difference (12), its largest value,
    and the noise. One network serves all scenes: it compares, and knows no scene.
    """

    def __init__(
        self, widths: tuple[int, ...] = (24, 32, 48, 64), blocks: tuple[int, ...] = (1, 1, 2, 2), further: int = 0
    ) -> None:
        """Makes the network.

        Args:
            widths: channels of each scale.
            blocks: residual blocks on each scale, on the way down.
            further: number of further backgrounds that the frame is compared with.
        """
        super().__init__()
        self.stem = nn.Conv2d(_CHANNELS + _FURTHER_CHANNELS * further, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in pairwise(widths))
        # The finest scale costs most: its blocks have one convolution, the others two.
        self.scales = nn.ModuleList(
            nn.ModuleList(_residual(width, deep=scale > 0) for _ in range(count))
            for scale, (width, count) in enumerate(zip(widths, blocks, strict=True))
        )
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.joined = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths[:-1])
        self.output = nn.Conv2d(widths[0], 4, 3, padding=1)
        self._initialize()

    def forward(self, frames: Tensor, backgrounds: Tensor, noise: Tensor, *further: Tensor) -> Tensor:
        """Logits of foreground, `[N, 1, H, W]`.

        Args:
            frames: uint8 RGB `[N, 3, H, W]`, H and W multiples of 16.
            backgrounds: the same.
            noise: float32 `[N, 1, H, W]` in grey levels.
            further: further backgrounds, like the first.
        """
        return self.logits(self._inputs(frames, backgrounds, noise, further))

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits `[N, 1, H, W]` from the input for each block of pixels, `[N, C, H/2, W/2]`."""
        features = F.relu_(self.stem(inputs))
        kept = []
        for scale, blocks in enumerate(self.scales):
            if scale > 0:
                features = F.relu_(self.down[scale - 1](features))
            for block in blocks:  # type: ignore[attr-defined]  # a ModuleList
                features = F.relu_(block(features).add_(features))
            kept.append(features)
        for scale in range(len(self.up) - 1, -1, -1):
            features = F.interpolate(self.up[scale](features), scale_factor=2.0, mode="nearest").add_(kept[scale])
            features = F.relu_(self.joined[scale](features).add_(features))
        return F.pixel_shuffle(self.output(features), 2)

    def _inputs(self, frames: Tensor, backgrounds: Tensor, noise: Tensor, further: tuple[Tensor, ...]) -> Tensor:
        device = frames.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32
        # Differences of whole grey levels are exact in bf16, too.
        frame, background = (in_blocks(picture).to(kind) for picture in (frames, backgrounds))
        gap = frame - background
        widest = torch.tanh(gap.abs().amax(dim=3, keepdim=True) / WIDE_GAP_LEVELS)
        noise_input = torch.tanh(F.avg_pool2d(noise, 2) / NOISE_LEVELS).to(kind).permute(0, 2, 3, 1)
        more = []
        for other in (in_blocks(pictures).to(kind) for pictures in further):
            more += [torch.tanh((frame - other) / GAP_LEVELS), other.div_(MEDIUM).sub_(1)]
        pictures = [frame.div_(MEDIUM).sub_(1), background.div_(MEDIUM).sub_(1), gap.div_(GAP_LEVELS).tanh_()]
        # Channels last in memory, as convolutions want them, without a copy.
        return torch.cat([*pictures, noise_input, widest, *more], dim=3).permute(0, 3, 1, 2)

    def load_narrower(self, weights: dict[str, Tensor]) -> None:
        """Loads the weights of a network with fewer backgrounds; the further ones have no influence yet."""
        stem = torch.zeros_like(self.stem.weight)
        stem[:, : weights["stem.weight"].shape[1]] = weights["stem.weight"]
        self.load_state_dict(weights | {"stem.weight": stem})

    def _initialize(self) -> None:
        # Without norms, the initial weights must keep the variance, and residual blocks start close to the identity.
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
                nn.init.zeros_(part.bias)  # type: ignore[arg-type]  # a convolution has a bias by default
        for blocks in self.scales:
            for block in blocks:  # type: ignore[attr-defined]  # a ModuleList
                block[-1].weight.data.mul_(0.3)
        self.output.weight.data.mul_(0.1)


def in_blocks(picture: Tensor) -> Tensor:
    """`[N, C, H, W]` as blocks of 2×2 pixels, `[N, H/2, W/2, 4·C]`, pixel by pixel as in channels-last memory.

    Ten times as fast as `pixel_unshuffle`, which goes channel by channel.
    """
    count, channels, height, width = picture.shape
    rows = picture.permute(0, 2, 3, 1).reshape(count, height // 2, 2, width // 2, 2 * channels)
    return torch.cat([rows[:, :, 0], rows[:, :, 1]], dim=-1)


def _residual(width: int, *, deep: bool) -> nn.Sequential:
    last = nn.Conv2d(width, width, 3, padding=1)
    return nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), last) if deep else nn.Sequential(last)
