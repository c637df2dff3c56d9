"""All background models by name. A new model is a folder `models/<family>/<name>/` whose `model.py` registers it."""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from cleanplate.errors import ConfigError, ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.utils.options import validated

_MODELS: dict[str, type[BackgroundModel]] = {}
_ENTRY_POINTS = "cleanplate.models"
_complete = False

Model = TypeVar("Model", bound=type[BackgroundModel])


def register(model: Model) -> Model:
    """Class decorator: makes a model known under its `name`.

    Raises:
        ModelError: if another class already has the name.
    """
    known = _MODELS.setdefault(model.name, model)
    if _place(known) != _place(model):
        raise ModelError(f"two models are called {model.name!r}: {_place(known)} and {_place(model)}")
    _MODELS[model.name] = model  # a module that is loaded again brings the same class anew
    return model


def _place(model: type[BackgroundModel]) -> str:
    return f"{model.__module__}.{model.__qualname__}"


def available() -> dict[str, type[BackgroundModel]]:
    """Every registered model that can run here, by name.

    Other packages add theirs by the entry point group `cleanplate.models`.

    Raises:
        ModelError: if an entry point cannot be loaded, or two models have one name.
    """
    global _complete
    if not _complete:
        package = importlib.import_module("cleanplate.models")
        for path in sorted(Path(package.__path__[0]).glob("*/*/model.py")):
            family, name = path.parts[-3:-1]
            importlib.import_module(f"{package.__name__}.{family}.{name}.model")
        for entry in entry_points(group=_ENTRY_POINTS):
            try:
                entry.load()
            except (ImportError, AttributeError) as error:
                raise ModelError(f"entry point {entry.name} = {entry.value}: cannot be loaded: {error}") from error
        _complete = True
    return {name: model for name, model in sorted(_MODELS.items()) if not model.unmet()}


def registered() -> dict[str, type[BackgroundModel]]:
    """Every registered model by name, also those that cannot run here; raises as `available` does."""
    available()
    return dict(sorted(_MODELS.items()))


def model_class(name: str) -> type[BackgroundModel]:
    """The class of that name.

    Raises:
        ConfigError: naming the choices.
    """
    models = available()
    if name in _MODELS and name not in models:
        raise ConfigError(f"model.name: {_MODELS[name].unmet()}")
    if name not in models:
        raise ConfigError(f"model.name: {name!r} is unknown; choose one of {', '.join(models)}")
    return models[name]


def create(name: str, foreground: Mapping[str, Any] | None = None, **options: Any) -> BackgroundModel:
    """Makes a model.

    Args:
        name: one of `available()`.
        foreground: values that differ from the model's foreground defaults, see `ForegroundOptions`.
        options: values that differ from the model's `Options`.

    Raises:
        ConfigError: for an unknown name, an unknown option or a value out of range.
    """
    return model_class(name)(*check(name, foreground or {}, options))


def check(name: str, foreground: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[Any, ForegroundOptions]:
    """Validates what `create` would be given, without making the model.

    Returns:
        The model's `Options` and its `ForegroundOptions`.

    Raises:
        ConfigError: naming the key, the value and the choices.
    """
    model = model_class(name)
    return (
        validated(model.Options, options, "model."),
        validated(ForegroundOptions, foreground, "foreground.", model.foreground_defaults),
    )
