"""The learned initializer: temporal statistics, pooling and convolutions, and a choice per pixel.

After the idea of a background estimation network: the mean over time, then a convolution and pooling. With weights
drawn at random, or trained towards the mean, that gives a filtered mean. Here the network sees several statistics
and says, pixel by pixel and from what is around it, how much of each to take; so the result never
leaves the range of the colours that the pixel had.

Nothing is labelled. What trains it are frames held out in blocks: the statistics of the other frames must give a
picture in which as much as possible of a held-out frame agrees. An object that stood in one block is not in the next,
so a statistic that kept it disagrees; and as the loss is bounded, an object that is merely there costs the same
whatever the background, which a squared error would draw to the mean.

The loop is plain PyTorch: a hundred steps of a network of some thousand weights, before any training proper.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.components.initializers.temporal import low_motion_background, mean, mode, quantile, trimmed_mean
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.models.components.tensors import as_tensor, shrunk
from cleanplate.utils.arrays import Image

_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_MEDIAN = 3 + _QUANTILES.index(0.5)  # after mean, trimmed mean and mode
_STATISTICS = 4 + len(_QUANTILES)  # with the low-motion background
_SIDE = 64  # shorter side at which the choice is learnt; the statistics keep full resolution
_BLOCKS = 6
_STEPS = 120
_BATCH = 8
_RATE = 6e-3
_PULL = 6.0  # as in `background_weight`
_BOXES_PER_WIDTH = 75


class StatisticsNetwork(nn.Module):
    """Statistics over time, `[S, 3, h, w]` in 0 … 1, to the share of each, `[S, h, w]`, which sum to one.

    Before training all shares are equal. Eight filters, as the original had.
    """

    def __init__(self, statistics: int = _STATISTICS, filters: int = 8) -> None:
        super().__init__()
        self.first = nn.Conv2d(3 * statistics, filters, 3, padding=1)
        self.second = nn.Conv2d(3 * filters, filters, 3, padding=1)
        self.shares = nn.Conv2d(filters, statistics, 3, padding=1)
        nn.init.zeros_(self.shares.weight)
        nn.init.zeros_(self.shares.bias)  # type: ignore[arg-type]  # a convolution has a bias by default

    def forward(self, statistics: Tensor) -> Tensor:
        """See the class."""
        # What matters is where they part; a tanh, as beyond some 25 grey levels it does not matter how far.
        gaps = torch.tanh((statistics - statistics[_MEDIAN]) / 0.1).flatten(0, 1)[None]
        seen = F.silu(self.first(gaps))
        highest = F.max_pool2d(seen, 5, stride=1, padding=2)
        average = F.avg_pool2d(seen, 5, stride=1, padding=2, count_include_pad=False)
        shares = self.shares(F.silu(self.second(torch.cat([seen, highest, average], dim=1))))
        return shares[0].softmax(dim=0)  # type: ignore[no-any-return]


def learned(pairs: FramePairs, seed: int = 0, steps: int = _STEPS) -> Image:
    """A background from frames spread over a sequence, by a network trained on them for a few seconds.

    Args:
        pairs: frames in order of time, each with the one after it.
        seed: of weights and order; the same frames give the same picture.
        steps: 0 gives the plain average of the statistics.

    Returns:
        uint8 `[H, W, 3]`.
    """
    height, width = pairs.frames.shape[1:3]
    smaller = max(1.0, min(height, width) / _SIDE)
    size = (max(1, round(height / smaller)), max(1, round(width / smaller)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = StatisticsNetwork()
    if len(pairs.frames) > 1:
        frames, following = (
            np.stack([shrunk(frame, size) for frame in part]) for part in (pairs.frames, pairs.following)
        )
        _train(network, FramePairs(frames, following), seed, steps)
    statistics = _statistics(pairs)
    with torch.no_grad():
        shares = network(_as_floats([shrunk(picture, size) for picture in statistics]))
    shares = F.interpolate(shares[None], size=(height, width), mode="bilinear", align_corners=False)[0].numpy()
    total = np.zeros(pairs.frames.shape[1:], np.float32)
    for share, picture in zip(shares, statistics, strict=True):
        total += share[..., None] * picture
    return np.asarray(np.clip(np.rint(total), 0, 255), np.uint8)


def disagreement(background: Tensor, frames: Tensor, box: int) -> Tensor:
    """How much of frames `[N, 3, h, w]` a background `[1, 3, h, w]` does not explain, 0 to 1.

    One minus the weight that AE-NE (arXiv 2112.08001) gives a pixel, see `background_weight`, here not as a weight but
    as the loss itself: it grows with the error's mean over a box and saturates.
    """
    error = (background - frames).abs().mean(dim=1, keepdim=True)
    likeness = F.avg_pool2d(torch.tanh(error / 0.25), box, stride=1, padding=box // 2, count_include_pad=False)
    return (1 - torch.exp(-_PULL * likeness)).mean()


def _train(network: StatisticsNetwork, pairs: FramePairs, seed: int, steps: int) -> None:
    frames = pairs.frames
    blocks = np.array_split(np.arange(len(frames)), min(_BLOCKS, len(frames)))
    others = [np.setdiff1d(np.arange(len(frames)), block) for block in blocks]
    known = [_as_floats(_statistics(FramePairs(frames[other], pairs.following[other]))) for other in others]
    held_out = [_as_floats(list(frames[block])) for block in blocks]
    box = 2 * (frames.shape[2] // _BOXES_PER_WIDTH) + 1
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, max(1, steps))
    with torch.enable_grad():
        for _ in range(steps):
            block = int(torch.randint(len(blocks), (1,), generator=generator))
            targets = held_out[block]
            targets = targets[torch.randint(len(targets), (_BATCH,), generator=generator)]
            background = (network(known[block])[:, None] * known[block]).sum(dim=0, keepdim=True)
            optimizer.zero_grad()
            disagreement(background, targets, box).backward()  # type: ignore[no-untyped-call]  # missing in torch
            optimizer.step()
            falling.step()


def _statistics(pairs: FramePairs) -> list[Image]:
    frames = pairs.frames
    quantiles = (quantile(frames, share) for share in _QUANTILES)
    return [mean(frames), trimmed_mean(frames), mode(frames), *quantiles, low_motion_background(pairs)]


def _as_floats(pictures: list[Image]) -> Tensor:
    return as_tensor(pictures).float() / 255
