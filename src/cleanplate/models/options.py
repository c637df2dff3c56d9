"""Options of models: plain dataclasses, validated without any library, so that a bare GPU box can read them."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from cleanplate.errors import ConfigError

_WORDS = {int: "a whole number", float: "a number", str: "a word", bool: "true or false", NoneType: "null"}


def filled(kind: type[Any], defaults: Mapping[str, Any], values: Mapping[str, Any], prefix: str) -> Any:
    """A dataclass from defaults and values, checked against its annotations and by its own `__post_init__`.

    Args:
        kind: a dataclass.
        defaults: what stands where `values` says nothing and the class's own default does not serve.
        values: what the user set.
        prefix: how the user reaches these keys, for messages: `model.`.

    Raises:
        ConfigError: naming the key, the value and the choices.
    """
    types = get_type_hints(kind)
    known = [field.name for field in fields(kind)]
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such option; choose from {', '.join(known) or 'none'}")
        if not _fits(value, types[key]):
            raise ConfigError(f"{prefix}{key}: {value!r} is not {_wanted(types[key])}")
    for field in fields(kind):
        required = field.default is MISSING and field.default_factory is MISSING
        if required and field.name not in {**defaults, **values}:
            raise ConfigError(f"{prefix}{field.name}: missing; it must be {_wanted(types[field.name])}")
    try:
        return kind(**{**defaults, **values})
    except ConfigError as error:
        raise ConfigError(f"{prefix}{error}") from error


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a plain value fits an annotation: the scalars, `Literal`, unions, lists and dicts that options use."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return True
    if origin is Literal:
        return value in arguments
    if origin in (Union, UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin in (list, tuple):
        return isinstance(value, list | tuple) and all(_fits(item, arguments[0]) for item in value)
    if origin in (dict, Mapping):
        return isinstance(value, Mapping) and all(_fits(item, arguments[1]) for item in value.values())
    return isinstance(value, wanted)


def _wanted(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return f"one of {', '.join(map(str, get_args(wanted)))}"
    if get_origin(wanted) in (Union, UnionType):
        return " or ".join(_wanted(argument) for argument in get_args(wanted))
    return _WORDS.get(wanted) or str(wanted)
