"""The score of `plate` as a graph: the base's difference score fused with the network's probability."""

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.foreground import ForegroundOptions
from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, States
from cleanplate.models.components.graphs.filters import median_filter
from cleanplate.models.components.graphs.head import HeadGraph
from cleanplate.models.components.graphs.networks import for_export
from cleanplate.models.hybrid.plate.inference import PROBABILITY_MEDIAN
from cleanplate.models.hybrid.plate.network import MULTIPLE
from cleanplate.utils.arrays import Score


class FusedScoreGraph(EstimateGraph):
    """The base's estimate with the fused score, see `cleanplate.models.hybrid.plate.inference.fuse`."""

    noise: Tensor

    def __init__(
        self,
        base: EstimateGraph,
        network: nn.Module,
        head: ForegroundOptions,
        noise: Score,
        *,
        difference_clip: float,
        network_weight: float,
    ) -> None:
        """Args: the base's graph; the network; options of the head; the base's noise, float32 `[H, W]`; see `fuse`."""
        super().__init__()
        self.size = noise.shape[0], noise.shape[1]
        self.head: HeadGraph = HeadGraph(head, noise, self.size)
        self.base = base
        self.initial_states, self.takes_rate = dict(base.initial_states), base.takes_rate
        self.network = for_export(network)
        self.difference_clip, self.network_weight = difference_clip, network_weight
        self.register_buffer("noise", torch.from_numpy(noise.copy())[None, None])

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        estimate: GraphEstimate = self.base(frames, rate, states)
        difference = self.clipped_difference(frames, estimate)
        if self.network_weight == 0:
            return replace(estimate, score=difference)
        noise = self.noise if estimate.noise is None else estimate.noise
        return replace(estimate, score=self.fused(difference, frames, estimate.background, noise))

    def clipped_difference(self, frames: Tensor, estimate: GraphEstimate) -> Tensor:
        """The base's score, clipped from above."""
        score = estimate.score
        if score is None:
            score = self.head.score(frames, estimate.background, estimate.noise)
        return score.clamp(max=self.difference_clip)

    def fused(self, difference: Tensor, frames: Tensor, background: Tensor, noise: Tensor, *further: Tensor) -> Tensor:
        """The fused score; `further` backgrounds are those of `ForegroundNetwork.forward`."""
        frames, background, *others = (_padded(picture.flip(1)) for picture in (frames, background, *further))
        noise = _padded(noise).expand(frames.shape[0], -1, -1, -1)
        logits: Any = self.network(frames, background, noise, *others)
        levels = torch.round(torch.sigmoid(logits[:, :, : self.size[0], : self.size[1]]) * 255)
        probability = median_filter(levels, PROBABILITY_MEDIAN) / 255
        return (difference + self.network_weight * (probability - 0.5)).clamp(0, 255)

    def adapt(self, estimate: GraphEstimate, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """See `EstimateGraph`: the base learns from this mask."""
        own = {name: state for name, state in estimate.states.items() if name not in self.base.initial_states}
        below = {name: estimate.states[name] for name in self.base.initial_states}
        return {**self.base.adapt(replace(estimate, states=below), frames, mask, rate), **own}


def _padded(pictures: Tensor) -> Tensor:
    """Pictures whose last row and column are repeated up to the next multiple that the network takes."""
    below, beside = (-int(length) % MULTIPLE for length in pictures.shape[-2:])
    return F.pad(pictures, (0, beside, 0, below), mode="replicate") if below or beside else pictures
