"""The flagship taught by labels: frame, empty background and recent background, compared by one network.

The network is the flagship's (`plate`), which starts it off, with a second background beside the first: the empty one
is the clean plate of the whole sequence, the recent one the median of the last hundred frames. What differs from both
moves; what differs from the empty one alone has been standing there; what differs from the recent one alone has left.
Labels of other videos (league `unseen`) or of some frames of the same one (league `scene`) teach it the rest. Its
score is made as the flagship's is, with the base's difference as the second witness.

Source: BSUV-Net 2.0 (Tezcan et al., 2021) for the two backgrounds and the augmentation; own network.

What to expect: with labels of the same video it is far above the flagship. With those of one or two other videos alone
it is not: they teach what holds for them, and the average with the flagship's weights (`kept`) gives back most of what
that costs. The published nets of this kind learn from forty.

Example: `cleanplate.create("bgsnet").learn([Labelled.of(other)]).fit(sequence).apply(frame)`;
`dvc exp run -S data=cdnet -S data.root=… -S model=bgsnet -S protocol=scene`. See also `plate`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training.examples import Labelled
from cleanplate.errors import ConfigError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.graphs.prediction import estimate_graph
from cleanplate.models.hybrid.plate.inference import head_weights, judged, reduced, smoothed_probability
from cleanplate.models.hybrid.plate.network import MULTIPLE, HeadNetwork
from cleanplate.models.registry import create, model_class, register
from cleanplate.models.supervised.base import LabelledOptions, SupervisedModel
from cleanplate.models.supervised.bgsnet.examples import BgsExamples, stacked
from cleanplate.models.supervised.bgsnet.graph import BgsNetGraph
from cleanplate.models.supervised.bgsnet.recent_background import RecentBackground
from cleanplate.models.types import Estimate
from cleanplate.models.wrapper import BASE, below
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Count, NonNegative, Positive, Share


class BgsNetOptions(LabelledOptions):
    """What is compared, how it is learnt, and how much the base's own difference still counts."""

    base: str = "lowmotion"
    """The model that gives the empty background."""
    base_options: Mapping[str, Any] = Field({})
    """Values that differ from its defaults."""
    start: Literal["plate", "random"] = "plate"
    """The network's first weights: the flagship's, or drawn by chance."""
    kept: Share = 0.5
    """How much of the flagship's weights stays in the result; a few videos teach much that holds for them alone."""
    cap: NonNegative = 45.0
    """Grey levels that the base's difference counts at most, as in `plate`."""
    vote: NonNegative = 36.0
    """Grey levels between the network's surest no and its surest yes."""
    examples: Count = 400
    """Most labelled frames of a video that are learnt from, evenly spaced."""
    side: int = 160
    """Of the squares that are cut out of the frames."""
    pasted: Share = 0.3
    """How often a further object is pasted into an example, which some of the recent backgrounds know as well."""
    steps: Count = 400
    epoch_steps: Count = 50
    batch_size: Count = 8
    learning_rate: Positive = 1e-3

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.base == "bgsnet":
            raise ConfigError("base: 'bgsnet' cannot be its own base; choose a model that gives a background")
        if self.side < MULTIPLE or self.side % MULTIPLE:
            raise ConfigError(f"side: {self.side} is no multiple of {MULTIPLE}")


@register
class BgsNet(SupervisedModel):
    """See the module."""

    name = "bgsnet"
    paper = "own; after Tezcan et al. 2021 (BSUV-Net 2.0)"
    graph_methods = ("_judged", "logits")
    Options = BgsNetOptions
    foreground_defaults = ForegroundOptions(threshold=28.0)
    options: BgsNetOptions
    network: HeadNetwork

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        if model_class(self.options.base).labelled:
            raise ConfigError(f"base: {self.options.base!r} learns from labels itself; choose one that needs none")
        self.base = self._new_base()
        self.adapts = self.base.adapts
        self.recent = RecentBackground()

    def _new_base(self) -> BackgroundModel:
        return create(self.options.base, **dict(self.options.base_options))

    def build(self) -> nn.Module:
        """See `SupervisedModel.build`."""
        network = HeadNetwork(further=1)
        if self.options.start == "plate":
            network.take(head_weights())
        return network

    def examples(self, labelled: Sequence[Labelled]) -> BgsExamples:
        """See `SupervisedModel.examples`."""
        return BgsExamples(labelled, self._new_base, self.options)

    def logits(self, pictures: Tensor) -> Tensor:
        """See `SupervisedModel.logits`; `pictures` are stacked as `stacked` does."""
        frames, backgrounds, recent, noise = pictures[:, :3], pictures[:, 3:6], pictures[:, 6:9], pictures[:, 9:]
        with reduced(pictures.device):
            logits: Tensor = self.network(frames, backgrounds, noise.float(), recent)
        return logits

    def finish(self) -> None:
        """See `SupervisedModel.finish`; part of the flagship stays in the weights (WiSE-FT, Wortsman et al., 2022)."""
        super().finish()
        if self.options.start == "plate" and self.options.kept:
            first = HeadNetwork(further=1)
            first.take(head_weights())
            share = self.options.kept
            with torch.no_grad():
                for weight, before in zip(self.network.parameters(), first.parameters(), strict=True):
                    weight.mul_(1 - share).add_(before, alpha=share)

    def _fit(self, sequence: FrameSequence) -> None:
        """Takes the clean plate of a scene, from its frames alone."""
        self.check_trained()
        self.base.fit(sequence)
        self._size = self.base.fitted_size
        self._background = None if self._size is None else self.base.background
        self.recent.clear()

    @property
    def fitted(self) -> bool:
        """Whether it has learnt, and the base knows the scene."""
        return self.learnt and self.base.fitted

    @property
    def remembers(self) -> bool:
        """The recent background is made of the frames before."""
        return True

    def _adapt(self, frame: Image, mask: Image, learning_rate: float) -> None:
        self.base._adapt(frame, mask, learning_rate)

    def reset(self) -> None:
        """See `BackgroundModel.reset`."""
        self.base.reset()
        self._background = self.base._background
        self.recent.clear()

    def to(self, device: torch.device | str) -> Self:
        """Moves the network, and the base's if it has one."""
        self.base.to(device)
        return super().to(device)

    @property
    def parameters(self) -> int:
        """Weights of the network and of the base."""
        return super().parameters + self.base.parameters

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        known = self.base._estimate(frames, learning_rate)
        learn = learning_rate != 0
        return [self._judged(frame, estimate, learn) for frame, estimate in zip(frames, known, strict=True)]

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        graph = BgsNetGraph(
            estimate_graph(self.base, size, adaptive),
            self.network,
            self.head.options,
            self.base.noise_of(size),
            difference_clip=self.options.cap,
            network_weight=self.options.vote,
        )
        graph.remember(self.recent)
        return graph

    def _judged(self, frame: Image, known: Estimate, learn: bool) -> Estimate:
        height, width = frame.shape[:2]
        noise = self.base.noise_of((height, width)) if known.noise is None else known.noise
        pictures = stacked(frame, known.background, self.recent.after(frame, learn=learn), noise)
        pad = ((0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0))
        if any(right for _, right in pad):
            pictures = np.pad(pictures, pad, mode="edge")
        batch = torch.from_numpy(pictures)[None].permute(0, 3, 1, 2).to(self.device)
        with torch.inference_mode():
            probability = smoothed_probability(self.logits(batch)[0, 0, :height, :width])
        score = known.score
        if score is None:
            score = self.head.score(frame, known.background, noise)
        return Estimate(known.background, noise, judged(score, probability, self.options.cap, self.options.vote))

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the base's."""
        return super().state_dict() | {BASE + key: item for key, item in self.base.state_dict().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self.base.load_state_dict(below(BASE, state))

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`: the base's, and the recent background."""
        return {"base": self.base.stream_state(), "recent": self.recent.stream_state()}

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `BackgroundModel.load_stream_state`."""
        self.base.load_stream_state(memory.get("base", {}))
        if "recent" in memory:
            self.recent.load_stream_state(memory["recent"])
