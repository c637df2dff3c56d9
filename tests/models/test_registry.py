"""Models by name: built in, registered by a user, brought by another package."""

from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

import cleanplate
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models import BackgroundModel, available, registry
from cleanplate.models.types import Estimate


@pytest.fixture(autouse=True)
def untouched_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_MODELS", dict(available()))


def model_called(model_name: str, class_name: str = "Mine", module: str = __name__) -> type[BackgroundModel]:
    class Mine(BackgroundModel):
        name: ClassVar[str] = model_name
        family = "statistical"
        streaming = True

        def _estimate(self, frames, learning_rate):
            return [Estimate(frame) for frame in frames]

    Mine.__qualname__, Mine.__module__ = class_name, module
    return Mine


def test_models_are_listed_by_name_in_order() -> None:
    names = list(available())
    assert names == sorted(names)
    assert {"ae", "aae", "mean", "median", "mode", "gmm", "mog2", "knn"} <= set(names)
    assert all(model.name == name for name, model in available().items())


def test_the_list_is_the_callers_own() -> None:
    available().clear()
    assert available()


def test_an_unknown_name_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"^model\.name: 'medain' is unknown; choose one of .*median, mode"):
        cleanplate.create("medain")


@pytest.mark.parametrize(
    ("foreground", "options", "message"),
    [
        ({}, {"frames": 1}, r"model\.frames: 1 is too few"),
        ({}, {"frames": "all"}, r"model\.frames: 'all' is not a whole number"),
        ({}, {"framse": 9}, r"model\.framse: no such option; choose from frames"),
        ({"rule": "x"}, {}, r"foreground\.rule: 'x' is not one of"),
        ({"ruel": "otsu"}, {}, r"foreground\.ruel: no such option; choose from channels, "),
    ],
)
def test_a_wrong_value_is_refused_before_a_model_is_made(foreground, options, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        cleanplate.create("median", foreground, **options)


def test_what_is_not_said_stays_at_the_models_defaults() -> None:
    model = cleanplate.create("median", {"rule": "otsu"})
    assert model.head.options.rule == "otsu"
    assert model.head.options.threshold == type(model).foreground_defaults.threshold


def test_a_users_model_is_found_under_its_name() -> None:
    cleanplate.register(model_called("mine"))
    assert isinstance(cleanplate.create("mine"), BackgroundModel)
    assert "mine" in available()


def test_a_model_that_cannot_run_here_is_not_listed_and_says_what_it_needs() -> None:
    model = model_called("mine")
    model.unmet = classmethod(lambda cls: "mine needs a telescope; install one")
    cleanplate.register(model)
    assert "mine" not in available()
    with pytest.raises(ConfigError, match=r"^model\.name: mine needs a telescope; install one"):
        cleanplate.create("mine")


@pytest.mark.parametrize("class_name", ["Other", "Median"])
def test_a_second_model_of_one_name_is_refused_with_both_places(class_name: str) -> None:
    with pytest.raises(ModelError, match=rf"two models are called 'median': cleanplate\.models\S+ and .*{class_name}"):
        cleanplate.register(model_called("median", class_name))
    assert available()["median"].__module__ == "cleanplate.models.statistical.temporal.model"


def test_a_class_that_is_loaded_again_takes_its_own_place() -> None:
    cleanplate.register(model_called("mine"))
    again = cleanplate.register(model_called("mine"))
    assert available()["mine"] is again


def entry(value: str) -> EntryPoint:
    return EntryPoint("theirs", value, "cleanplate.models")


def test_another_package_adds_its_models_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def entry_points(group: str) -> list[EntryPoint]:
        asked.append(group)
        return [entry(f"{__name__}:model_called")]

    def load(self: EntryPoint) -> None:
        cleanplate.register(model_called("theirs"))

    monkeypatch.setattr(registry, "_complete", False)
    monkeypatch.setattr(registry, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", load)
    assert "theirs" in available()
    available()
    assert asked == ["cleanplate.models"]


@pytest.mark.parametrize("value", ["no_such_package.models", "cleanplate.errors:Missing"])
def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setattr(registry, "_complete", False)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry(value)])
    with pytest.raises(ModelError, match=f"entry point theirs = {value}: cannot be loaded"):
        available()
