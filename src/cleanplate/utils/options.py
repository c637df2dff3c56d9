"""Typed options: the default, the range and the meaning of each stand once, on the class that uses it."""

import warnings
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from cleanplate.errors import ConfigError

Count = Annotated[int, Field(ge=1)]
"""A whole number from 1."""
WholeNumber = Annotated[int, Field(ge=0)]
"""A whole number from 0."""
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1, both included."""

_WORDS = {int: "a whole number", float: "a number", str: "a word", bool: "true or false", NoneType: "null"}


class Options(BaseModel):
    """Options of a model or of the foreground head: immutable, strictly typed, unknown names refused.

    A subclass states each option as an annotated field with a default and a docstring below it. `check` holds the rules
    that concern several options.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )
    renamed: ClassVar[Mapping[str, str]] = {}
    """Former names of options, each with its present name; they are accepted for one version, with a warning."""

    if not TYPE_CHECKING:  # the type checker knows the signature that pydantic makes of the fields

        def __init__(self, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise ConfigError(_message(type(self), error)) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.check()
        return self

    def check(self) -> None:  # most options stand for themselves
        """Raises `ConfigError` where values that are valid one by one do not fit together."""

    @classmethod
    def meaning(cls, name: str) -> str:
        """The docstring of an option, also where a subclass only changes its default."""
        kinds = [kind for kind in cls.__mro__ if issubclass(kind, Options)]
        found = (kind.model_fields[name].description for kind in kinds if name in kind.model_fields)
        return " ".join((next(filter(None, found), "") or "").split())

    @classmethod
    def choices(cls, name: str) -> str:
        """The values that an option may take, in words: `one of adam, adamw`, `a number, 0 … 1`."""
        return _wanted(cls.model_fields[name])


Kind = TypeVar("Kind", bound=Options)


def validated(kind: type[Kind], values: Mapping[str, Any], prefix: str = "", defaults: Kind | None = None) -> Kind:
    """Options from what a user set.

    Args:
        kind: the class of options.
        values: what differs from the defaults; former names are accepted with a warning.
        prefix: how a user addresses these options in messages, such as `model.`.
        defaults: values in place of the class's own defaults.

    Raises:
        ConfigError: naming the option, the value and the choices.
    """
    given = dict(defaults.model_dump()) if defaults is not None else {}
    for former in [name for name in values if name in kind.renamed]:
        warnings.warn(f"{prefix}{former} is called {prefix}{kind.renamed[former]} now", FutureWarning, stacklevel=3)
    try:
        return kind(**(given | present_names(kind, values)))
    except ConfigError as error:
        raise ConfigError(f"{prefix}{error}") from error


def present_names(kind: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the present names of options in place of former ones; raises `ConfigError` if both are given."""
    for former, present in kind.renamed.items():
        if former in values and present in values:
            raise ConfigError(f"{former}: is called {present} now, and both are given; leave {former} out")
    return {kind.renamed.get(name, name): value for name, value in values.items()}


def _message(kind: type[Options], error: ValidationError) -> str:
    """The first of pydantic's errors, as one line: name, value, choices."""
    first = error.errors()[0]
    name, value, type_ = ".".join(map(str, first["loc"])), first["input"], first["type"]
    known = kind.model_fields
    if type_ == "extra_forbidden":
        return f"{name}: no such option; choose from {', '.join(known) or 'none'}"
    field = known.get(str(first["loc"][0]))
    if field is None:
        return f"{name}: {first['msg']}"
    if type_ == "missing":
        return f"{name}: missing; it must be {_wanted(field)}"
    if type_.startswith(("greater_than", "less_than")):
        return f"{name}: {value} {_out_of_range(field)}"
    return f"{name}: {value!r} is not {_wanted(field)}"


def _limits(field: FieldInfo) -> dict[str, Any]:
    """The bounds of a field: `ge`, `gt`, `le`, `lt`."""
    names = ("ge", "gt", "le", "lt")
    return {name: getattr(part, name) for part in field.metadata for name in names if hasattr(part, name)}


def _out_of_range(field: FieldInfo) -> str:
    limits = _limits(field)
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
    if high is not None:
        return f"is outside {low} … {high}"
    if limits.get("gt") == 0 or limits.get("ge") == 1:
        return "is not positive"
    if limits.get("ge") == 0:
        return "is negative; choose 0 or more"
    return f"is too few; choose {low} or more"


def _wanted(field: FieldInfo) -> str:
    words = _words(field.annotation)
    limits = _limits(field)
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
    if high is not None:
        return f"{words}, {low} … {high}"
    if "gt" in limits:
        return f"{words} above {low}"
    return words if low is None else f"{words}, {low} or more"


def _words(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(_words(argument) for argument in get_args(annotation))
    if get_origin(annotation) is list:
        return f"a list, each item {_words(get_args(annotation)[0])}"
    if get_origin(annotation) is not None:
        return "keys and values"
    return _WORDS.get(annotation) or str(annotation)
