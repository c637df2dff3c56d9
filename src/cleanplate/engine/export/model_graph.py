"""A whole model as a graph with the inputs and outputs of an exported file, see `cleanplate.models.exported`."""

import math

import torch
from torch import Tensor, nn

from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.graphs.estimates import PredictionGraph, Size
from cleanplate.models.registry import available
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.models.wrapper import check_exportable, prediction_graph


class ModelGraph(nn.Module):
    """A `PredictionGraph` between uint8 frames and uint8 pictures.

    A graph that remembers or learns takes one frame at a time: `forward(frames, learning_rate, *states)`, the rate only
    where `takes_rate`. It returns mask, score and background, followed by the states for the next frame.

    Attributes:
        size: height and width of the frames.
    """

    __jit_unused_properties__ = ("states", "takes_rate")

    def __init__(self, prediction: PredictionGraph, size: Size) -> None:
        super().__init__()
        self.prediction = prediction
        self.size = size

    @property
    def states(self) -> dict[str, Tensor]:
        """The states before the first frame, by name and in order; empty for most models."""
        return self.prediction.estimate.initial_states

    @property
    def takes_rate(self) -> bool:
        """Whether the learning rate, float32 `[1]`, is an input."""
        return self.prediction.estimate.takes_rate

    def example(self) -> tuple[Tensor, ...]:
        """Inputs to trace the graph with; two frames where it takes any number, or tracing would fix the number."""
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
        mask, score, background, after = self.prediction(pictures, rate, states)
        background = background.permute(0, 2, 3, 1).to(torch.uint8)
        return mask[:, 0], score[:, 0], background, *(after[name] for name in self.states)


def graph_of(model: BackgroundModel, size: Size | None = None, adaptive: bool = False) -> ModelGraph:
    """The graph of a fitted model.

    Args:
        model: fitted to a scene, or one that needs no scene.
        size: height and width of the frames, for models that take any size; others know theirs.
        adaptive: the graph goes on learning online when the learning rate asks for it. What it learns is a state, and
            frames come one by one. Otherwise the model stays as it is now.

    Raises:
        ModelError: if the model is not fitted or cannot be exported; says which models can.
    """
    check_exportable(model, adaptive)
    size = _frame_size(model, size)
    graph = ModelGraph(prediction_graph(model, size, adaptive), size)
    if adaptive and not graph.takes_rate:
        names = [name for name, kind in available().items() if kind.adapts]
        raise ModelError(
            f"{model.name}: learns nothing online; leave out --adaptive ({', '.join(names[:-1])}, {names[-1]} and "
            "models based on one of them do)"
        )
    return graph.eval()


def _frame_size(model: BackgroundModel, size: Size | None) -> Size:
    """Height and width of the frames; raises a `ModelError` if they are unknown or wrong."""
    if isinstance(model, SupervisedModel):
        model.check_trained()
    known = model.fitted_size
    if known is not None and model.fitted:
        if size not in (None, known):
            assert size is not None
            raise ModelError(
                f"{model.name}: fitted to {known[1]}×{known[0]} frames, not {size[1]}×{size[0]}; leave out --size, or "
                "fit it to frames of that size"
            )
        return known
    if not (model.any_size and model.fitted):
        raise ModelError(f"{model.name}: not fitted to a scene yet; fit it first (cleanplate apply … --write model)")
    if size is None:
        raise ModelError(
            f"{model.name}: takes frames of any size, but an exported file takes one size; give it with --size "
            "WIDTHxHEIGHT (or fit the model to a scene first)"
        )
    if min(size) < 1:
        raise ModelError(f"{model.name}: --size {size[1]}x{size[0]} is not a frame size")
    return size
