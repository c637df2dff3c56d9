"""Models that stand on another's background: `plate`, `bgsnet` and `fusion`, each made of the graph of its base."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.engine.export.estimates import (
    NOTHING,
    EstimateGraph,
    Known,
    Size,
    States,
    builds,
    estimate_of,
)
from cleanplate.engine.export.filters import median_filter
from cleanplate.engine.export.head import HeadGraph
from cleanplate.engine.export.model_graph import model_graph, scored
from cleanplate.engine.export.networks import for_export
from cleanplate.engine.export.recent import STATES, RecentGraph
from cleanplate.engine.export.supervised import PeopleGraph
from cleanplate.models.hybrid.plate.model import Plate
from cleanplate.models.hybrid.plate.network import MULTIPLE
from cleanplate.models.supervised.bgsnet.model import BgsNet
from cleanplate.models.supervised.fusion.model import Fusion

_PROBABILITY_MEDIAN = 5  # as `cleanplate.models.hybrid.plate.inference` has it
_SURE = 255.0


class WitnessGraph(EstimateGraph):
    """A base's difference and a network's vote, see `cleanplate.models.hybrid.plate.inference.judged`."""

    noise: Tensor

    def __init__(self, model: Plate | BgsNet, size: Size, adaptive: bool) -> None:
        super().__init__()
        noise = model.base.noise_of(size)
        self.head: HeadGraph = HeadGraph(model.head.options, noise, size)
        self.base = estimate_of(model.base, size, adaptive)
        self.initial, self.takes_rate = dict(self.base.initial), self.base.takes_rate
        self.network = for_export(model.network)
        self.cap, self.vote = model.options.cap, model.options.vote
        self.size = size
        self.register_buffer("noise", torch.from_numpy(noise.copy())[None, None])

    def judged(self, frames: Tensor, known: Known, *further: Tensor, whole: bool) -> Tensor:
        """The score: `further` are backgrounds beside the base's; `whole` levels of noise are shown, or fractions."""
        difference = scored(self.head, frames, known).clamp(max=self.cap)
        if self.vote == 0:
            return difference.clamp(min=0, max=255) if whole else difference
        noise = self.noise if known.noise is None else known.noise
        noise = torch.round(noise).clamp(0, 255) if whole else noise
        seen = [_padded(picture.flip(1)) for picture in (frames, known.background, *further)]
        shown = _padded(noise).expand(frames.shape[0], -1, -1, -1)
        logits = self.network(seen[0], seen[1], shown, *seen[2:])[:, :, : self.size[0], : self.size[1]]
        levels = torch.round(torch.sigmoid(logits) * 255)
        probability = median_filter(levels, _PROBABILITY_MEDIAN) / 255
        return (difference + self.vote * (probability - 0.5)).clamp(0, 255)

    def taught(self, known: Known, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """See `EstimateGraph`: the base learns, from this mask."""
        own = {name: state for name, state in known.states.items() if name not in self.base.initial}
        below = {name: known.states[name] for name in self.base.initial}
        return {**self.base.taught(replace(known, states=below), frames, mask, rate), **own}


class PlateGraph(WitnessGraph):
    """`plate`."""

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        known: Known = self.base(frames, rate, states)
        return replace(known, score=self.judged(frames, known, whole=False))


class BgsGraph(WitnessGraph):
    """`bgsnet`: the recent background, which is remembered, is a third picture to its network."""

    def __init__(self, model: BgsNet, size: Size, adaptive: bool) -> None:
        super().__init__(model, size, adaptive)
        self.takes_rate = True  # at 0 the recent background stays as it is
        self.recent = RecentGraph()
        self.initial |= RecentGraph.initial(model.recent, size)

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        assert rate is not None
        known: Known = self.base(frames, rate, {name: states[name] for name in self.base.initial})
        recent, after = self.recent(frames, rate, *(states[name] for name in STATES))
        score = self.judged(frames, known, recent, whole=True)
        return replace(known, score=score, states={**known.states, **dict(zip(STATES, after, strict=True))})


class FusionGraph(EstimateGraph):
    """`fusion`: the base's score, corrected where semantics are sure."""

    empty: Tensor

    def __init__(self, model: Fusion, size: Size, adaptive: bool) -> None:
        super().__init__()
        assert model.semantics is not None  # it is fitted
        self.base = model_graph(model.base, size, adaptive)
        self.initial, self.takes_rate = self.base.states, self.base.takes_rate
        self.people = PeopleGraph(model.semantics, size)
        self.below, self.above = model.options.nobody_below, model.options.somebody_above
        self.register_buffer("empty", torch.from_numpy(model.state_dict()["empty"])[None, None])

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        _, score, background, states = self.base.answer(frames, rate, states)
        seen = self.people(frames) / 255
        score = torch.where(seen - self.empty > self.above, torch.full_like(score, _SURE), score)
        nobody = torch.maximum(seen, self.empty.expand_as(seen)) < self.below
        return Known(background, score=torch.where(nobody, torch.zeros_like(score), score), states=states)


def _padded(pictures: Tensor) -> Tensor:
    """Up to the next multiple that the network takes, by the last row and column."""
    below, beside = (-int(length) % MULTIPLE for length in pictures.shape[-2:])
    return F.pad(pictures, (0, beside, 0, below), mode="replicate") if below or beside else pictures


@builds(Plate, "_judged", "probability")
def _plate(model: Plate, size: Size, adaptive: bool) -> EstimateGraph:
    return PlateGraph(model, size, adaptive)


@builds(BgsNet, "_judged", "logits")
def _bgsnet(model: BgsNet, size: Size, adaptive: bool) -> EstimateGraph:
    return BgsGraph(model, size, adaptive)


@builds(Fusion, "_corrected", "people")
def _fusion(model: Fusion, size: Size, adaptive: bool) -> EstimateGraph:
    return FusionGraph(model, size, adaptive)
