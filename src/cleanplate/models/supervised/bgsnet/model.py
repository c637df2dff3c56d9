"""Frame, empty background and recent background, compared by a network that learns from labels.

The network is that of `plate`, whose weights it starts from, with a second background as input: the empty one is the
clean plate of the whole sequence, the recent one the median of the last hundred frames. An object that differs from
both moves; one that differs from the empty background alone has been standing there; a difference from the recent one
alone is where an object has left. Labels of other videos (league `unseen`) or of some frames of the same video (league
`scene`) teach it the rest. As in `plate`, its score fuses the network's probability with the base's difference score.

Source: BSUV-Net 2.0 (Tezcan et al., 2021) for the two backgrounds and the augmentation; own network.

What to expect: with labels of the same video it is far better than `plate`. With labels of only one or two other videos
it is not: it learns what holds for those videos, and the average with the weights of `plate` (`pretrained_share`)
recovers most of the loss. Published networks of this kind learn from forty videos.

Example: `cleanplate.create("bgsnet").learn([LabelledFrames.of(other)]).fit(sequence).apply(frame)`;
`dvc exp run -S data=cdnet -S data.root=… -S model=bgsnet -S protocol=scene`. See also `plate`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.errors import ConfigError
from cleanplate.foreground import PRESETS
from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, States
from cleanplate.models.components.tensors import bf16_autocast
from cleanplate.models.hybrid.plate.graph import FusedScoreGraph
from cleanplate.models.hybrid.plate.inference import fuse, pretrained_weights, smoothed_probability
from cleanplate.models.hybrid.plate.network import MULTIPLE, ForegroundNetwork
from cleanplate.models.registry import register
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.models.supervised.bgsnet.examples import BgsExamples, stacked
from cleanplate.models.supervised.bgsnet.options import BgsNetOptions
from cleanplate.models.supervised.bgsnet.recent_background import RECENT_STATES, RecentBackground, RecentBackgroundGraph
from cleanplate.models.types import Estimate
from cleanplate.models.wrapper import ModelWrapper, estimate_graph
from cleanplate.utils.arrays import Image


@register
class BgsNet(ModelWrapper, SupervisedModel):
    """See the module."""

    name = "bgsnet"
    paper = "own; after Tezcan et al. 2021 (BSUV-Net 2.0)"
    graph_methods = ("_fused", "logits")
    Options = BgsNetOptions
    foreground_defaults = PRESETS["plate"]
    options: BgsNetOptions
    network: ForegroundNetwork

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        if self.base.labelled:
            raise ConfigError(f"base: {self.options.base!r} learns from labels itself; choose one that needs none")
        self.recent = RecentBackground()

    def build(self) -> nn.Module:
        """See `SupervisedModel.build`."""
        network = ForegroundNetwork(further=1)
        if self.options.initial_weights == "plate":
            network.load_narrower(pretrained_weights())
        return network

    def examples(self, labelled: Sequence[LabelledFrames]) -> BgsExamples:
        """See `SupervisedModel.examples`."""
        return BgsExamples(labelled, self.new_base, self.options)

    def logits(self, pictures: Tensor) -> Tensor:
        """See `SupervisedModel.logits`; `pictures` are stacked by `stacked`."""
        frames, backgrounds, recent, noise = pictures[:, :3], pictures[:, 3:6], pictures[:, 6:9], pictures[:, 9:]
        with bf16_autocast(pictures.device):
            logits: Tensor = self.network(frames, backgrounds, noise.float(), recent)
        return logits

    def finish(self) -> None:
        """See `SupervisedModel.finish`; averages the weights with those of `plate` (WiSE-FT, Wortsman et al., 2022)."""
        super().finish()
        if self.options.initial_weights == "plate" and self.options.pretrained_share:
            first = ForegroundNetwork(further=1)
            first.load_narrower(pretrained_weights())
            share = self.options.pretrained_share
            with torch.no_grad():
                for weight, before in zip(self.network.parameters(), first.parameters(), strict=True):
                    weight.mul_(1 - share).add_(before, alpha=share)

    def _fit(self, sequence: FrameSequence) -> None:
        """Takes the clean plate of a scene, from its frames alone."""
        self.check_trained()
        super()._fit(sequence)
        self.recent.clear()

    @property
    def fitted(self) -> bool:
        """Whether the network is trained and the base is fitted."""
        return self.learnt and self.base.fitted

    @property
    def remembers(self) -> bool:
        """Always: the recent background depends on the frames before."""
        return True

    def reset(self) -> None:
        """See `BackgroundModel.reset`."""
        super().reset()
        self.recent.clear()

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        estimates = self.base._estimate(frames, learning_rate)
        learn = learning_rate != 0
        return [self._fused(frame, estimate, learn) for frame, estimate in zip(frames, estimates, strict=True)]

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        graph = BgsNetGraph(
            estimate_graph(self.base, size, adaptive),
            self.network,
            self.head.options,
            self.base.noise_of(size),
            difference_clip=self.options.difference_clip,
            network_weight=self.options.network_weight,
        )
        graph.remember(self.recent)
        return graph

    def _fused(self, frame: Image, estimate: Estimate, learn: bool) -> Estimate:
        height, width = frame.shape[:2]
        noise = self.base.noise_of((height, width)) if estimate.noise is None else estimate.noise
        pictures = stacked(frame, estimate.background, self.recent.after(frame, learn=learn), noise)
        pad = ((0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0))
        if any(right for _, right in pad):
            pictures = np.pad(pictures, pad, mode="edge")
        batch = torch.from_numpy(pictures)[None].permute(0, 3, 1, 2).to(self.device)
        with torch.inference_mode():
            probability = smoothed_probability(self.logits(batch)[0, 0, :height, :width])
        score = estimate.score
        if score is None:
            score = self.head.score(frame, estimate.background, noise)
        return Estimate(
            estimate.background,
            noise,
            fuse(score, probability, self.options.difference_clip, self.options.network_weight),
        )

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`: the base's, and the recent background."""
        return {"base": self.base.stream_state(), "recent": self.recent.stream_state()}

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `BackgroundModel.load_stream_state`."""
        self.base.load_stream_state(memory.get("base", {}))
        if "recent" in memory:
            self.recent.load_stream_state(memory["recent"])


class BgsNetGraph(FusedScoreGraph):
    """The network also sees the recent background; noise is in whole levels, as `stacked` rounds it."""

    def remember(self, recent: RecentBackground) -> None:
        """Starts from these recent frames."""
        self.takes_rate = True  # at rate 0 the recent background stays as it is
        self.recent = RecentBackgroundGraph()
        self.initial_states |= RecentBackgroundGraph.initial_states(recent, self.size)

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        assert rate is not None
        estimate: GraphEstimate = self.base(frames, rate, {name: states[name] for name in self.base.initial_states})
        recent, after = self.recent(frames, rate, *(states[name] for name in RECENT_STATES))
        score = self.clipped_difference(frames, estimate)
        if self.network_weight == 0:
            score = score.clamp(min=0, max=255)
        else:
            noise = torch.round(self.noise if estimate.noise is None else estimate.noise).clamp(0, 255)
            score = self.fused(score, frames, estimate.background, noise, recent)
        return replace(
            estimate, score=score, states={**estimate.states, **dict(zip(RECENT_STATES, after, strict=True))}
        )
