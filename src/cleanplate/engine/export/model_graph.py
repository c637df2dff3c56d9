"""A whole model as a graph: uint8 BGR frames in; mask, score and background out, and what is remembered in and out."""

import math
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cleanplate.engine.export.estimates import EstimateGraph, Known, Size, States, estimate_of
from cleanplate.engine.export.filters import box_mean
from cleanplate.engine.export.head import HeadGraph
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.base import BackgroundModel

# As `cleanplate.foreground.difference` has them; tests hold the two together.
_SUPPORT_CAP = 60.0
_SUPPORT_SIDE = 21
_SUPPORT_OWN = 0.6


class Answer(NamedTuple):
    """What a model says of frames.

    Attributes:
        mask: uint8 `[N, 1, H, W]` of 0 and 255.
        score: float32 `[N, 1, H, W]`.
        background: whole levels, float32 BGR `[N, 3, H, W]`.
        states: what is remembered from here on, by name.
    """

    mask: Tensor
    score: Tensor
    background: Tensor
    states: States


class ModelGraph(nn.Module):
    """An estimate, the head and its threshold.

    A graph that remembers or learns takes one frame at a time: `forward(frames, learning_rate, *states)`, the rate only
    where `takes_rate`, gives mask, score and background, and behind them the states as the next frame needs them.

    Attributes:
        size: height and width of the frames.
    """

    __jit_unused_properties__ = ("states", "takes_rate")

    def __init__(self, estimate: EstimateGraph, head: HeadGraph, size: Size) -> None:
        super().__init__()
        self.background = estimate
        self.head = head
        self.size = size

    @property
    def states(self) -> dict[str, Tensor]:
        """What is remembered before the first frame, by name and in order; empty for most."""
        return self.background.initial

    @property
    def takes_rate(self) -> bool:
        """Whether the learning rate, float32 `[1]`, is an input."""
        return self.background.takes_rate

    def example(self) -> tuple[Tensor, ...]:
        """Inputs to trace it with: two frames where any number may come, so that nothing takes it for a constant."""
        shape = (1 if self.takes_rate or self.states else 2, *self.size, 3)
        frames = torch.arange(math.prod(shape), dtype=torch.int32).remainder(251).to(torch.uint8).reshape(shape)
        return frames, *([torch.tensor([-1.0])] if self.takes_rate else []), *self.states.values()

    def forward(self, frames: Tensor, *further: Tensor) -> tuple[Tensor, ...]:
        """Mask uint8 `[N, H, W]`, score float32 `[N, H, W]`, background uint8 BGR `[N, H, W, 3]`, and the states.

        Args:
            frames: uint8 BGR `[N, H, W, 3]`; exactly one where there is a rate or a state.
            further: learning rate and states, see the class.
        """
        pictures = frames.permute(0, 3, 1, 2).float()
        rate = further[0] if self.takes_rate else None
        states = dict(zip(self.states, further[1:] if self.takes_rate else further, strict=True))
        answer = self.answer(pictures, rate, states)
        background = answer.background.permute(0, 2, 3, 1).to(torch.uint8)
        return answer.mask[:, 0], answer.score[:, 0], background, *(answer.states[name] for name in self.states)

    def answer(self, pictures: Tensor, rate: Tensor | None, states: States) -> Answer:
        """As `forward`, between graphs: pictures are float32 BGR `[N, 3, H, W]`."""
        known = self.background(pictures, rate, states)
        score = scored(self.head, pictures, known)
        mask = self.head.mask(score)
        return Answer(mask, score, known.background, self.background.taught(known, pictures, mask, rate))


def model_graph(model: BackgroundModel, size: Size, adaptive: bool = False) -> ModelGraph:
    """The graph of a fitted model, for frames of this size; raises `ModelError` for what has none."""
    estimate = estimate_of(model, size, adaptive)
    return ModelGraph(estimate, estimate.head or HeadGraph(model.head.options, model.noise_of(size), size), size)


def scored(head: HeadGraph, pictures: Tensor, known: Known) -> Tensor:
    """The score, `[N, 1, H, W]`: an estimate's own, or the head's, see `ForegroundHead.score`."""
    if known.score is not None:
        return known.score
    if known.noise is None:
        return head.score(pictures, known.background)
    # Another noise for every frame, where the head only knows one: what it does around that, see `ForegroundHead`.
    options: ForegroundOptions = head.options
    size = int(pictures.shape[2]), int(pictures.shape[3])
    bare = HeadGraph(replace(options, noise_scale=0.0, support=0.0), None, size)
    score = bare.score(pictures, known.background)
    if options.noise_scale > 0:
        score = (score - options.noise_scale * (known.noise - options.noise_floor).clamp(min=0)).clamp(min=0)
    if options.support > 0:
        surroundings = box_mean(score.clamp(max=_SUPPORT_CAP), _SUPPORT_SIDE)
        score = score + options.support * (surroundings - _SUPPORT_OWN * score)
    return score
