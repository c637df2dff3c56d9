"""What a graph knows of frames, as `cleanplate.models.base.Estimate` is what a model knows; and which models have one.

A module here says for a kind of model how its `_estimate` becomes a graph (`builds`), for all that inherit from it.
Other packages do the same for theirs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from torch import Tensor, nn

from cleanplate.engine.export.head import HeadGraph
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.registry import available

Size = tuple[int, int]
States = Mapping[str, Tensor]

NOTHING: dict[str, Tensor] = {}


@dataclass(frozen=True)
class Known:
    """What is known of frames.

    Attributes:
        background: whole levels, float32 BGR `[N, 3, H, W]`.
        noise: expected error of the background, `[N, 1, H, W]` in grey levels; `None` leaves it to what was measured.
        score: evidence of foreground, `[N, 1, H, W]`; `None` leaves it to the head.
        states: what is remembered from here on, by name.
    """

    background: Tensor
    noise: Tensor | None = None
    score: Tensor | None = None
    states: States = field(default_factory=dict)


class EstimateGraph(nn.Module, ABC):
    """From frames to what is known of them, and perhaps from what is remembered to what will be.

    Attributes:
        initial: what is remembered before the first frame, by name; empty for most.
        takes_rate: whether the learning rate matters.
        head: the shared head with the noise of the scene, where the graph needs it itself.
    """

    __jit_ignored_attributes__ = ("initial",)  # it would be written into the file

    def __init__(self) -> None:
        super().__init__()
        self.initial: dict[str, Tensor] = {}
        self.takes_rate = False
        self.head: HeadGraph | None = None

    @abstractmethod
    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """What is known of frames.

        Args:
            frames: whole levels, float32 BGR `[N, 3, H, W]`; a single one where there are states.
            rate: the learning rate, float32 `[1]`, where `takes_rate`.
            states: see `initial`.
        """

    def taught(self, known: Known, frames: Tensor, mask: Tensor, rate: Tensor | None) -> States:
        """The states once the mask (uint8 `[1, 1, H, W]`) is known too, see `BackgroundModel._adapt`."""
        return known.states


Builder = Callable[[Any, Size, bool], EstimateGraph]
Build = TypeVar("Build", bound=Builder)


@dataclass(frozen=True)
class _Known:
    """How graphs of a kind of model are made, of which methods they are made, and for which models after all not."""

    kind: type
    build: Builder
    methods: tuple[str, ...]
    unless: Callable[[Any], str]


_BUILDERS: dict[type, _Known] = {}
_REASONS: dict[type, str] = {}
_ALWAYS = ("_estimate", "predict")


def builds(kind: type, *methods: str, unless: Callable[[Any], str] = lambda model: "") -> Callable[[Build], Build]:
    """Decorator: the function makes the graph of `_estimate` of a fitted model of this kind, or one that inherits.

    It is given the model, height and width of the frames, and whether learning online is wanted.

    Args:
        kind: the class.
        methods: those that the graph stands for, beside `_estimate`: a class that has its own is no longer meant.
        unless: why the options of a model rule it out, fitted or not: half a sentence, empty if they do not.
    """

    def known(builder: Build) -> Build:
        _BUILDERS[kind] = _Known(kind, builder, (*_ALWAYS, *methods), unless)
        return builder

    return known


def refuses(kind: type, reason: str) -> None:
    """Says why models of this kind have no graph, however they were fitted: half a sentence."""
    _REASONS[kind] = reason


def estimate_of(model: BackgroundModel, size: Size, adaptive: bool = False) -> EstimateGraph:
    """The graph of a fitted model's `_estimate`, and of its `_adapt` if `adaptive`; raises as `check_exportable`."""
    return check_exportable(model, adaptive)(model, size, adaptive)


def check_exportable(model: BackgroundModel, adaptive: bool = False) -> Builder:
    """What makes the model's graph.

    Raises:
        ModelError: if nothing does: why, and which models can be exported.
    """
    found = _found(type(model))
    reason = found if isinstance(found, str) else found.unless(model)
    if isinstance(found, str) or reason:
        names = [name for name in exportable() if name != model.name]
        raise ModelError(f"{model.name}: cannot be exported: {reason}; {', '.join(names[:-1])} and {names[-1]} can")
    if adaptive and _own(type(model), found.kind, ("_adapt",)):
        raise ModelError(
            f"{model.name}: it has its own _adapt, which no graph is known of; without --adaptive it can be exported"
        )
    return found.build


def exportable() -> list[str]:
    """Names of the registered models that can be exported, though perhaps not with all of their options."""
    return [name for name, kind in available().items() if not isinstance(_found(kind), str)]


def _found(kind: type) -> _Known | str:
    """What makes its graphs, or the reason why nothing does: what the nearest class says."""
    for parent in kind.__mro__:
        if parent in _REASONS:
            return _REASONS[parent]
        if parent in _BUILDERS:
            own = _own(kind, parent, _BUILDERS[parent].methods)
            return f"it has its own {own[0]}, which no graph is known of" if own else _BUILDERS[parent]
    return "no graph is known of what it does"


def _own(kind: type, parent: type, methods: tuple[str, ...]) -> list[str]:
    """The methods that a class does not share with its parent."""
    return [name for name in methods if getattr(kind, name, None) is not getattr(parent, name, None)]
