"""Attention gates: factors in 0 … 1 by which an encoder's stage weighs its channels and its places."""

import torch
from torch import Tensor, nn

_REDUCTION = 4
_FEWEST = 4  # a single unit may be dead from the start


class BlockAttention(nn.Module):
    """First which channels matter, then where: CBAM (Woo et al., 2018, arXiv 1807.06521).

    Channels are judged by their mean and their peak over the picture, through one shared small network; places by mean
    and peak over channels, through a 7×7 convolution.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel = _channel_network(channels)
        self.place = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, features: Tensor) -> Tensor:
        """`[N, C, H, W]`, same shape out."""
        judged = self.channel(features.mean((2, 3))) + self.channel(features.amax((2, 3)))
        features = features * torch.sigmoid(judged)[:, :, None, None]
        summary = torch.cat([features.mean(1, keepdim=True), features.amax(1, keepdim=True)], dim=1)
        return features * torch.sigmoid(self.place(summary))


class SpatialChannelAttention(nn.Module):
    """Places weighed by two separable 9×9 branches, channels by squeeze and excitation.

    After Zhao and Wu, Pyramid feature attention network (2019, arXiv 1903.00179), and Hu et al. (2018, arXiv
    1709.01507); both gates stand in every stage, so that it does not matter how many there are.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = _hidden(channels)
        wide, high = ((1, 9), (0, 4)), ((9, 1), (4, 0))
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, hidden, first[0], padding=first[1]),
                nn.ReLU(),
                nn.Conv2d(hidden, 1, second[0], padding=second[1]),
            )
            for first, second in ((wide, high), (high, wide))
        )
        self.channel = _channel_network(channels)

    def forward(self, features: Tensor) -> Tensor:
        """`[N, C, H, W]`, same shape out."""
        across, along = (branch(features) for branch in self.branches)
        channels = torch.sigmoid(self.channel(features.mean((2, 3))))
        return features * torch.sigmoid(across + along) * channels[:, :, None, None]


def _channel_network(channels: int) -> nn.Module:
    return nn.Sequential(nn.Linear(channels, _hidden(channels)), nn.ReLU(), nn.Linear(_hidden(channels), channels))


def _hidden(channels: int) -> int:
    return max(_FEWEST, channels // _REDUCTION)
