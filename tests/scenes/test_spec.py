"""Specs that cannot be rendered are refused by name."""

from typing import Any

import pytest

from cleanplate.errors import DataError
from cleanplate.scenes import SceneSpec, categories
from cleanplate.scenes.spec import generator


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("category", "sunshine"), ("video", ""), ("video", "a/b"), ("video", ".."), ("height", 31), ("width", 0),
        ("height", 64.0), ("frames", 1), ("frames", True), ("seed", -1), ("seed", "1"),
    ],
)  # fmt: skip
def test_bad_values_name_key_and_value(key: str, value: Any) -> None:
    with pytest.raises(DataError, match=rf"^{key}: ") as caught:
        SceneSpec(**{"category": "baseline", "video": "v"} | {key: value})
    assert repr(value) in str(caught.value)


def test_unknown_category_lists_the_choices() -> None:
    with pytest.raises(DataError) as caught:
        SceneSpec("sunshine", "v")
    assert all(name in str(caught.value) for name in categories())


def test_scene_name() -> None:
    assert SceneSpec("PTZ", "harbour").scene == "PTZ/harbour"


def test_a_category_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        generator(categories()[0])(lambda spec: None)  # type: ignore[arg-type,return-value]
