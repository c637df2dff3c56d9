"""`Estimate` and `BackgroundModel._estimate` as parts of a torch graph."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor, nn

from cleanplate.models.components.graphs.head import HeadGraph

Size = tuple[int, int]
"""Height and width."""
States = Mapping[str, Tensor]
"""What a graph remembers between frames, by name."""

NO_STATES: dict[str, Tensor] = {}


@dataclass(frozen=True)
class GraphEstimate:
    """What a graph estimates of frames, as `cleanplate.models.types.Estimate` is what a model estimates.

    Attributes:
        background: whole grey levels, float32 BGR `[N, 3, H, W]`.
        noise: expected error of the background, `[N, 1, H, W]` in grey levels; `None` takes the noise that was measured
            when the model was fitted.
        score: evidence of foreground, `[N, 1, H, W]`; `None` leaves the score to the shared head.
        states: what is remembered from here on, by name.
    """

    background: Tensor
    noise: Tensor | None = None
    score: Tensor | None = None
    states: States = field(default_factory=dict)


class EstimateGraph(nn.Module, ABC):
    """Maps frames, and possibly remembered states, to a `GraphEstimate`.

    Attributes:
        initial_states: states before the first frame, by name; empty for most models.
        takes_rate: whether the learning rate is an input.
        head: the shared head with the noise of the scene, where the graph itself needs it.
    """

    __jit_ignored_attributes__ = ("initial_states",)  # otherwise TorchScript writes them into the file

    def __init__(self) -> None:
        super().__init__()
        self.initial_states: dict[str, Tensor] = {}
        self.takes_rate = False
        self.head: HeadGraph | None = None

    @abstractmethod
    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """The estimate of frames.

        Args:
            frames: whole grey levels, float32 BGR `[N, 3, H, W]`; a single frame where there are states.
            rate: the learning rate, float32 `[1]`, where `takes_rate`.
            states: see `initial_states`.
        """

    def adapt(self, estimate: GraphEstimate, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """The states after learning from the mask (uint8 `[1, 1, H, W]`), see `BackgroundModel._adapt`."""
        return estimate.states


class GraphPrediction(NamedTuple):
    """What a graph predicts, as `cleanplate.models.types.Prediction` is what a model predicts.

    Attributes:
        mask: uint8 `[N, 1, H, W]` of 0 and 255.
        score: float32 `[N, 1, H, W]`.
        background: whole grey levels, float32 BGR `[N, 3, H, W]`.
        states: what is remembered from here on, by name.
    """

    mask: Tensor
    score: Tensor
    background: Tensor
    states: States


class PredictionGraph(nn.Module):
    """Maps frames, and possibly remembered states, to a `GraphPrediction`."""

    def __init__(self, estimate: EstimateGraph, head: HeadGraph) -> None:
        super().__init__()
        self.estimate = estimate
        self.head = head

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphPrediction:
        """The prediction; arguments as for `EstimateGraph.forward`."""
        estimate = self.estimate(frames, rate, states)
        score = estimate.score
        if score is None:
            score = self.head.score(frames, estimate.background, estimate.noise)
        mask = self.head.mask(score)
        return GraphPrediction(mask, score, estimate.background, self.estimate.adapt(estimate, frames, mask, rate))
