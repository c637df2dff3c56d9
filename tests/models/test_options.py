"""Plain dataclasses filled from what a user set, every mistake told by key, value and choices."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, Optional, Union

import pytest

from cleanplate.errors import ConfigError
from cleanplate.models.options import filled


@dataclass(frozen=True)
class Options:
    count: int = 3
    rate: float = 0.5
    name: str = "x"
    active: bool = False
    kind: Literal["one", "two"] = "one"
    limit: int | None = None
    either: Union[int, str] = 1  # noqa: UP007
    old: Optional[float] = None  # noqa: UP045
    sizes: list[int] = field(default_factory=list)
    pair: tuple[int, int] = (1, 2)
    weights: dict[str, float] = field(default_factory=dict)
    anything: Any = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ConfigError(f"count: {self.count} is negative")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("count", 0),
        ("rate", 1),
        ("rate", -2.5),
        ("rate", math.inf),
        ("name", ""),
        ("active", True),
        ("kind", "two"),
        ("limit", None),
        ("limit", 4),
        ("either", "a"),
        ("old", 1.5),
        ("sizes", []),
        ("sizes", [1, 2]),
        ("pair", [3, 4]),
        ("weights", {"a": 1, "b": 0.5}),
        ("anything", {"a": [1]}),
    ],
)
def test_a_fitting_value_is_taken(key: str, value: Any) -> None:
    assert getattr(filled(Options, {}, {key: value}, "model."), key) == value


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("count", 1.5, "1.5 is not a whole number"),
        ("count", "3", "'3' is not a whole number"),
        ("count", True, "True is not a whole number"),
        ("count", None, "None is not a whole number"),
        ("rate", "fast", "'fast' is not a number"),
        ("rate", False, "False is not a number"),
        ("rate", math.nan, "nan is not a number"),
        ("name", 3, "3 is not a word"),
        ("active", 1, "1 is not true or false"),
        ("kind", "three", "'three' is not one of one, two"),
        ("kind", ["one"], r"\['one'\] is not one of one, two"),
        ("limit", "none", "'none' is not a whole number or null"),
        ("either", 1.5, "1.5 is not a whole number or a word"),
        ("old", "x", "'x' is not a number or null"),
        ("sizes", 3, "3 is not list"),
        ("sizes", [1, "a"], r"\[1, 'a'\] is not list\[int\]"),
        ("weights", [1], r"\[1\] is not dict"),
        ("weights", {"a": "b"}, r"\{'a': 'b'\} is not dict\[str, float\]"),
    ],
)
def test_a_value_of_another_kind_is_refused(key: str, value: Any, wanted: str) -> None:
    with pytest.raises(ConfigError, match=rf"^model\.{key}: {wanted}"):
        filled(Options, {}, {key: value}, "model.")


def test_an_unknown_key_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"^model\.cuont: no such option; choose from count, rate, name, "):
        filled(Options, {}, {"cuont": 3}, "model.")


def test_a_class_without_options_says_so() -> None:
    @dataclass(frozen=True)
    class Nothing:
        pass

    assert filled(Nothing, {}, {}, "model.") == Nothing()
    with pytest.raises(ConfigError, match=r"^model\.a: no such option; choose from none"):
        filled(Nothing, {}, {"a": 1}, "model.")


def test_what_a_class_refuses_itself_is_told_under_the_users_key() -> None:
    with pytest.raises(ConfigError, match=r"^model\.count: -1 is negative$"):
        filled(Options, {}, {"count": -1}, "model.")


def test_an_option_without_default_must_be_set() -> None:
    @dataclass(frozen=True)
    class Required:
        path: str

    with pytest.raises(ConfigError, match=r"^model\.path: missing; it must be a word"):
        filled(Required, {}, {}, "model.")
    assert filled(Required, {"path": "a"}, {}, "model.").path == "a"


def test_values_win_over_defaults_and_defaults_over_the_class() -> None:
    made = filled(Options, {"count": 7, "rate": 0.1}, {"rate": 0.2}, "model.")
    assert (made.count, made.rate, made.name) == (7, 0.2, "x")
