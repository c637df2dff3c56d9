"""The part of the model interface that export uses: a model returns its own graph, or says why it has none."""

from typing import TYPE_CHECKING, ClassVar

from cleanplate.errors import ModelError

if TYPE_CHECKING:  # torch takes a second to import, and only export needs it here
    from cleanplate.models.components.graphs.estimates import EstimateGraph

_ALWAYS_TRACED = ("_estimate", "predict")


class Exportable:
    """A model that may return its prediction as a torch graph, see `cleanplate export`.

    A model overrides `export_graph` and lists in `graph_methods` the methods that the graph reproduces beside
    `_estimate` and `predict`. A subclass inherits the graph as long as it overrides none of them; otherwise export
    refuses it, because the graph would compute something else.
    """

    name: ClassVar[str]
    graph_methods: ClassVar[tuple[str, ...]] = ()
    """Methods whose behaviour `export_graph` reproduces, beside `_estimate` and `predict`."""
    not_exportable: ClassVar[str] = ""
    """Why no model of this class can be exported, as half a sentence; empty if one can."""

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> "EstimateGraph":
        """The graph of `_estimate` of this fitted model, for frames of one size.

        Args:
            size: height and width of the frames.
            adaptive: the graph also does what `_adapt` does, if the model learns online.
        """
        raise ModelError(f"{self.name}: cannot be exported: it defines no export_graph")

    def export_obstacle(self) -> str:
        """Why this model cannot be exported with its options, fitted or not: half a sentence, empty if it can."""
        return self.class_obstacle()

    @classmethod
    def class_obstacle(cls) -> str:
        """Why no model of this class can be exported: half a sentence, empty if one can."""
        owner = cls._graph_owner()
        if cls.not_exportable:
            return cls.not_exportable
        if owner is Exportable:
            return "it defines no export_graph"
        overridden = cls._overrides(owner, (*_ALWAYS_TRACED, *owner.graph_methods))
        return f"it overrides {overridden[0]}, which the exported graph does not reproduce" if overridden else ""

    @classmethod
    def adaptive_obstacle(cls) -> str:
        """Why the model's online learning cannot be exported: half a sentence, empty if it can."""
        overrides = cls._overrides(cls._graph_owner(), ("_adapt",))
        return "it overrides _adapt, which the exported graph does not reproduce" if overrides else ""

    @classmethod
    def _graph_owner(cls) -> type["Exportable"]:
        """The nearest class that defines `export_graph`."""
        return next(kind for kind in cls.__mro__ if issubclass(kind, Exportable) and "export_graph" in vars(kind))

    @classmethod
    def _overrides(cls, owner: type["Exportable"], methods: tuple[str, ...]) -> list[str]:
        """The methods that this class does not share with `owner`."""
        return [name for name in methods if getattr(cls, name, None) is not getattr(owner, name, None)]
