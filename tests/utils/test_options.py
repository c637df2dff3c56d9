"""Typed options: every mistake is one line that names the option, the value and the choices."""

import math
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from cleanplate.errors import ConfigError
from cleanplate.utils.options import Count, NonNegative, Options, Positive, Share, validated


class Sample(Options):
    """Options of every kind that models use."""

    renamed: ClassVar[dict[str, str]] = {"pull": "weight"}

    count: Count = 3
    """How many."""
    weight: NonNegative = 0.5
    rate: Positive = 0.5
    share: Share = 0.5
    frames: Annotated[int, Field(ge=2)] = 10
    name: str = "x"
    active: bool = False
    kind: Literal["one", "two"] = "one"
    limit: int | None = None
    sizes: list[int] = Field([])
    weights: dict[str, float] = Field({})
    anything: Any = None

    def check(self) -> None:
        if self.count > self.frames:
            raise ConfigError(f"count: {self.count} is above frames {self.frames}")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("count", 1),
        ("rate", 1),
        ("weight", 0),
        ("share", 1),
        ("name", ""),
        ("active", True),
        ("kind", "two"),
        ("limit", None),
        ("limit", 4),
        ("sizes", [1, 2]),
        ("weights", {"a": 1, "b": 0.5}),
        ("anything", {"a": [1]}),
    ],
)
def test_a_valid_value_is_taken(key: str, value: Any) -> None:
    assert getattr(validated(Sample, {key: value}, "model."), key) == value


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("count", 1.5, "1.5 is not a whole number"),
        ("count", "3", "'3' is not a whole number"),
        ("count", True, "True is not a whole number"),
        ("count", None, "None is not a whole number"),
        ("count", 0, "0 is not positive"),
        ("rate", 0, "0 is not positive"),
        ("rate", "fast", "'fast' is not a number"),
        ("rate", False, "False is not a number"),
        ("rate", math.nan, "nan is not a number"),
        ("weight", -1, "-1 is negative; choose 0 or more"),
        ("share", 1.5, "1.5 is outside 0 … 1"),
        ("frames", 1, "1 is too few; choose 2 or more"),
        ("name", 3, "3 is not a word"),
        ("active", 1, "1 is not true or false"),
        ("kind", "three", "'three' is not one of one, two"),
        ("kind", ["one"], r"\['one'\] is not one of one, two"),
        ("limit", "none", "'none' is not a whole number or null"),
        ("sizes", 3, "3 is not a list, each item a whole number"),
        ("weights", [1], r"\[1\] is not keys and values"),
    ],
)
def test_an_invalid_value_is_refused(key: str, value: Any, wanted: str) -> None:
    with pytest.raises(ConfigError, match=rf"^model\.{key}: {wanted}"):
        validated(Sample, {key: value}, "model.")


@pytest.mark.parametrize(
    ("values", "place"), [({"sizes": [1, "a"]}, "sizes.1"), ({"weights": {"a": "b"}}, "weights.a")]
)
def test_an_invalid_item_is_named_by_its_place(values: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigError, match=rf"^model\.{place}: "):
        validated(Sample, values, "model.")


def test_an_unknown_option_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"^model\.cuont: no such option; choose from count, weight, rate, "):
        validated(Sample, {"cuont": 3}, "model.")
    with pytest.raises(ConfigError, match=r"^model\.a: no such option; choose from none"):
        validated(Options, {"a": 1}, "model.")


def test_options_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^model\.count: 30 is above frames 10$"):
        validated(Sample, {"count": 30}, "model.")


def test_a_required_option_must_be_set() -> None:
    class Required(Options):
        path: str

    with pytest.raises(ConfigError, match=r"^model\.path: missing; it must be a word"):
        validated(Required, {}, "model.")
    assert validated(Required, {"path": "a"}, "model.").path == "a"


def test_values_win_over_defaults_and_defaults_over_the_class() -> None:
    made = validated(Sample, {"rate": 0.2}, "model.", defaults=Sample(count=7, rate=0.1))
    assert (made.count, made.rate, made.name) == (7, 0.2, "x")


def test_a_former_name_is_accepted_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match=r"^model\.pull is called model\.weight now"):
        assert validated(Sample, {"pull": 2.0}, "model.").weight == 2.0
    with pytest.raises(ConfigError, match="both are given"):
        validated(Sample, {"pull": 2.0, "weight": 1.0}, "model.")


def test_options_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Sample().count = 4  # type: ignore[misc]


def test_a_meaning_stands_once_for_all_subclasses() -> None:
    class More(Sample):
        count: Count = 5

    assert More.meaning("count") == "How many."
    assert More.choices("kind") == "one of one, two"
    assert More.choices("share") == "a number, 0 … 1"
