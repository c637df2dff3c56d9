"""Graphs of fitted models: uint8 BGR frames in; mask, score and background out."""

# Each says of which kinds of models it makes graphs.
from cleanplate.engine.export import backgrounds, composed, networks, statistical, supervised  # noqa: F401
from cleanplate.engine.export.estimates import Size, check_exportable, exportable
from cleanplate.engine.export.model_graph import ModelGraph, model_graph
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.registry import available
from cleanplate.models.supervised.base import SupervisedModel

__all__ = ["ModelGraph", "exportable", "graph_of"]


def graph_of(model: BackgroundModel, size: Size | None = None, adaptive: bool = False) -> ModelGraph:
    """The graph of a fitted model.

    Args:
        model: fitted to a scene, or one that needs none.
        size: height and width of the frames, for models that take any; others know theirs.
        adaptive: go on learning online, where a learning rate asks for it; what is learnt is a state, and frames come
            one by one. Otherwise the model is as it was when it was written.

    Raises:
        ModelError: if it is not fitted or cannot be exported; says what can.
    """
    check_exportable(model, adaptive)
    graph = model_graph(model, _size_of(model, size), adaptive)
    if adaptive and not graph.takes_rate:
        names = [name for name, kind in available().items() if kind.adapts]
        raise ModelError(
            f"{model.name}: learns nothing online; leave out --adaptive ({', '.join(names[:-1])}, {names[-1]} and what "
            "stands on one of them do)"
        )
    return graph.eval()


def _size_of(model: BackgroundModel, size: Size | None) -> Size:
    if isinstance(model, SupervisedModel):
        model.needs_learning()
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
            f"{model.name}: takes frames of any size, an exported file those of one; say which, --size WIDTHxHEIGHT "
            "(or fit it to a scene first)"
        )
    if min(size) < 1:
        raise ModelError(f"{model.name}: --size {size[1]}x{size[0]} is no size of frames")
    return size
