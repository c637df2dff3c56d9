"""`fusion` as a graph: the base's score, corrected where the semantic network is sure."""

import torch
from torch import Tensor

from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, States
from cleanplate.models.components.graphs.prediction import PredictionGraph
from cleanplate.models.supervised.unet.graph import SegmentationGraph
from cleanplate.utils.arrays import Score

_SURE = 255.0


class FusionGraph(EstimateGraph):
    """The correction of `Fusion`; the base is there with its own head, for it learns from its own mask."""

    empty: Tensor

    def __init__(
        self, base: PredictionGraph, people: SegmentationGraph, empty: Score, nobody_below: float, somebody_above: float
    ) -> None:
        """Args: the base, the semantic network, its probability in the empty scene `[H, W]`, see `FusionOptions`."""
        super().__init__()
        self.base = base
        self.initial_states, self.takes_rate = base.estimate.initial_states, base.estimate.takes_rate
        self.people = people
        self.nobody_below, self.somebody_above = nobody_below, somebody_above
        self.register_buffer("empty", torch.from_numpy(empty)[None, None])

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        _, score, background, states = self.base(frames, rate, states)
        probability = self.people(frames) / 255
        score = torch.where(probability - self.empty > self.somebody_above, torch.full_like(score, _SURE), score)
        nobody = torch.maximum(probability, self.empty.expand_as(probability)) < self.nobody_below
        return GraphEstimate(background, score=torch.where(nobody, torch.zeros_like(score), score), states=states)
