"""A model's whole prediction as a graph: its estimate, the foreground head and the threshold."""

from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.graphs.estimates import EstimateGraph, PredictionGraph, Size
from cleanplate.models.components.graphs.head import HeadGraph
from cleanplate.models.registry import available


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
