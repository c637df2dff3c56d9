"""Models that wrap another model, whose background they use: both are fitted, moved, saved and reset together."""

from typing import Any, Self

import torch

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.graphs.estimates import EstimateGraph, PredictionGraph, Size
from cleanplate.models.components.graphs.head import HeadGraph
from cleanplate.models.registry import available, create
from cleanplate.utils.arrays import Image

BASE = "base."
"""Prefix of the base's keys in a state."""


class ModelWrapper(BackgroundModel):
    """A model whose options name a `base` and `base_options`, values that differ from the base's defaults."""

    options: Any

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        self.base = self.new_base()
        self.adapts = self.base.adapts
        self.side_by_side = self.base.side_by_side

    def new_base(self) -> BackgroundModel:
        """A new model as the options describe the base."""
        return create(self.options.base, **dict(self.options.base_options))

    def _fit(self, sequence: FrameSequence) -> None:
        """Fits the base."""
        self.base.fit(sequence)
        self._size = self.base.fitted_size
        self._background = None if self._size is None else self.base.background

    def _adapt(self, frame: Image, mask: Image, learning_rate: float) -> None:
        self.base._adapt(frame, mask, learning_rate)

    @property
    def fitted(self) -> bool:
        """Whether the base is fitted."""
        return self.base.fitted

    @property
    def remembers(self) -> bool:
        """Whether the base remembers."""
        return self.base.remembers

    def reset(self) -> None:
        """See `BackgroundModel.reset`."""
        self.base.reset()
        self._background = self.base._background

    def to(self, device: torch.device | str) -> Self:
        """Moves the base, too."""
        self.base.to(device)
        return super().to(device)

    @property
    def parameters(self) -> int:
        """Learnt weights, those of the base included."""
        return super().parameters + self.base.parameters

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds the base's."""
        return super().state_dict() | {BASE + key: item for key, item in self.base.state_dict().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self.base.load_state_dict(below(BASE, state))

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`: the base's."""
        return self.base.stream_state()

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `BackgroundModel.load_stream_state`."""
        self.base.load_stream_state(memory)


def below(prefix: str, state: dict[str, Any]) -> dict[str, Any]:
    """The items of a state whose keys have a prefix, without the prefix."""
    return {key.removeprefix(prefix): item for key, item in state.items() if key.startswith(prefix)}


def estimate_graph(model: BackgroundModel, size: Size, adaptive: bool = False) -> EstimateGraph:
    """The graph of a fitted model's `_estimate`, and of its `_adapt` if `adaptive`; raises as `check_exportable`."""
    check_exportable(model, adaptive)
    return model.export_graph(size, adaptive)


def prediction_graph(model: BackgroundModel, size: Size, adaptive: bool = False) -> PredictionGraph:
    """The graph of a fitted model's `predict`, for frames of one size; raises as `check_exportable`."""
    estimate = estimate_graph(model, size, adaptive)
    return PredictionGraph(estimate, estimate.head or HeadGraph(model.head.options, model.noise_of(size), size))


def check_exportable(model: BackgroundModel, adaptive: bool = False) -> None:
    """Raises a `ModelError` if the model cannot be exported; it says why, and which models can."""
    reason = model.export_obstacle()
    if reason:
        names = [name for name in exportable() if name != model.name]
        raise ModelError(f"{model.name}: cannot be exported: {reason}; {', '.join(names[:-1])} and {names[-1]} can")
    if adaptive and model.adaptive_obstacle():
        raise ModelError(f"{model.name}: {model.adaptive_obstacle()}; without --adaptive it can be exported")


def exportable() -> list[str]:
    """Names of the registered models that can be exported, though perhaps not with all of their options."""
    return [name for name, kind in available().items() if not kind.class_obstacle()]
