"""The score of a background model, corrected pixel by pixel by a network that segments people.

Where the network sees nobody, neither in the frame nor in the empty scene, a pixel is background; where its probability
rises clearly above that of the empty scene, it is foreground; elsewhere the background model decides. The first rule is
only as good as the network: one trained on people alone takes cars for background. Train it on all that may move
(`-S 'data.categories=[person,car,bus,truck,bicycle,motorcycle,boat]'`), or switch the rule off (`nobody_below: 0`).

Source: SemanticBGS (Braham, Piérard, Van Droogenbroeck, 2017); own code. The semantic network is a `unet`.

Example: `cleanplate.create("fusion", semantics="unet.ckpt").fit(sequence).apply(frame)`;
`dvc exp run -S model=fusion -S model.semantics=unet.ckpt`, with a checkpoint of `unet`. See also `plate`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.foreground import PRESETS
from cleanplate.models.checkpoint import load
from cleanplate.models.components.graphs.estimates import (
    NO_STATES,
    EstimateGraph,
    GraphEstimate,
    PredictionGraph,
    States,
)
from cleanplate.models.registry import create, register
from cleanplate.models.supervised.unet.graph import SegmentationGraph
from cleanplate.models.supervised.unet.model import UNet
from cleanplate.models.types import Estimate, League
from cleanplate.models.wrapper import ModelWrapper, below, prediction_graph
from cleanplate.utils.arrays import Image, Score
from cleanplate.utils.options import Options, Share

_SEMANTICS = "semantics."
_SURE = np.float32(255)


class FusionOptions(Options):
    """Options of `fusion`: the base model, the semantic network, and the two rules."""

    base: str = "plate"
    """The model whose score is corrected."""
    base_options: Mapping[str, Any] = Field({})
    """Options of the base that differ from its defaults."""
    semantics: str = ""
    """A checkpoint of a trained `unet`; needed for fitting only, for this model's checkpoint includes it."""
    nobody_below: Share = 0.003
    """A pixel is background if the probability of a person is lower in both frame and empty scene; 0 for never."""
    somebody_above: Share = 0.9
    """A pixel is foreground if the probability exceeds that in the empty scene by more than this; 1 for never."""

    def check(self) -> None:
        """See `Options.check`."""
        if self.base == "fusion":
            raise ConfigError("base: 'fusion' cannot be its own base; choose a model that gives a background")


@register
class Fusion(ModelWrapper):
    """See the module."""

    name = "fusion"
    family = "hybrid"
    league: League = "semantic"
    paper = "Braham et al. 2017 (SemanticBGS)"
    graph_methods = ("_corrected", "people")
    Options = FusionOptions
    foreground_defaults = PRESETS["plate"]
    options: FusionOptions

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        self.semantics: UNet | None = None
        self._empty: Score | None = None

    def _fit(self, sequence: FrameSequence) -> None:
        """Fits the base, and applies the semantic network to its background."""
        self.semantics = self._trained()
        super()._fit(sequence)
        if self._background is not None:
            self._empty = self.people(self._background)

    def _trained(self) -> UNet:
        if not self.options.semantics:
            raise ModelError(
                f"{self.name}: semantics: no checkpoint given; train one (dvc exp run -S data=coco -S model=unet) and "
                "give it with -S model.semantics=path/to/model.ckpt"
            )
        model = load(self.options.semantics)
        if not isinstance(model, UNet) or not model.learnt:
            raise ModelError(f"{self.name}: semantics: {self.options.semantics} holds {model.name}, not a trained unet")
        return model

    def people(self, picture: Image) -> Score:
        """Probability of a person, float32 `[H, W]`."""
        assert self.semantics is not None  # it is fitted or loaded
        return self.semantics.predict([picture])[0].score / np.float32(255)

    @property
    def fitted(self) -> bool:
        """Whether semantic network and base are fitted."""
        return self.semantics is not None and self._empty is not None and super().fitted

    def to(self, device: torch.device | str) -> Self:
        """Moves both networks."""
        if self.semantics is not None:
            self.semantics.to(device)
        return super().to(device)

    @property
    def parameters(self) -> int:
        """Learnt weights of both networks."""
        return super().parameters + (0 if self.semantics is None else self.semantics.parameters)

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        found = self.base.predict(frames, learning_rate)
        return [
            Estimate(prediction.background, None, self._corrected(frame, prediction.score))
            for frame, prediction in zip(frames, found, strict=True)
        ]

    def _adapt(self, frame: Image, mask: Image, learning_rate: float) -> None:
        """Nothing: the base has adapted in its own `predict`, by its own mask."""

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        assert self.semantics is not None and self._empty is not None  # it is fitted
        people, options = self.semantics.segmentation_graph(size), self.options
        base = prediction_graph(self.base, size, adaptive)
        return FusionGraph(base, people, self._empty, options.nobody_below, options.somebody_above)

    def _corrected(self, frame: Image, score: Score) -> Score:
        assert self._empty is not None
        probability = self.people(frame)
        corrected = np.where(probability - self._empty > self.options.somebody_above, _SURE, score)
        nobody = np.maximum(probability, self._empty) < self.options.nobody_below
        return np.where(nobody, np.float32(0), corrected).astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the whole semantic network."""
        state = super().state_dict()
        if self.semantics is not None:
            state |= {_SEMANTICS + key: item for key, item in self.semantics.state_dict().items()}
            state |= {"empty": self._empty, "semantics_options": self.semantics.options.model_dump()}
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        if "semantics_options" in state:
            model = create("unet", **state["semantics_options"])
            assert isinstance(model, UNet)
            model.load_state_dict(below(_SEMANTICS, state))
            self.semantics = model
            self._empty = None if state["empty"] is None else np.asarray(state["empty"], np.float32)


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
        score = torch.where(probability - self.empty > self.somebody_above, torch.full_like(score, float(_SURE)), score)
        nobody = torch.maximum(probability, self.empty.expand_as(probability)) < self.nobody_below
        return GraphEstimate(background, score=torch.where(nobody, torch.zeros_like(score), score), states=states)
