"""Every wrong number of the head is refused by its name."""

import math

import pytest

from cleanplate.errors import ConfigError
from cleanplate.foreground import ForegroundOptions
from cleanplate.utils.options import validated


@pytest.mark.parametrize("key", ["blur", "score_median", "mask_median"])
@pytest.mark.parametrize("value", [1, 2, 4, -3])
def test_a_side_that_is_no_filters_is_refused(key: str, value: int) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}: {value} is no filter side; choose 0 \(off\) or an odd number"):
        ForegroundOptions(**{key: value})


@pytest.mark.parametrize("key", ["opening", "closing", "noise_scale", "noise_floor", "support", "threshold", "low"])
def test_a_negative_number_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}: -1 is negative; choose 0 or more"):
        ForegroundOptions(**{key: -1})


@pytest.mark.parametrize("key", ["fill_holes", "smallest", "shadow_darkest", "shadow_chroma"])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_share_outside_0_to_1_is_refused(key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}: {value} is outside 0 … 1"):
        ForegroundOptions(**{key: value})


def test_hysteresis_with_its_levels_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^low: 40.0 is above threshold 30.0; hysteresis needs low ≤ threshold"):
        ForegroundOptions(rule="hysteresis", low=40, threshold=30)
    assert ForegroundOptions(rule="fixed", low=40, threshold=30).low == 40


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("channels", "maximum", "'maximum' is not one of max, mean, luma"),
        ("gain", "auto", "'auto' is not one of none, offset, gain"),
        ("rule", "triangle", "'triangle' is not one of fixed, noise, otsu, hysteresis"),
        ("threshold", "high", "'high' is not a number"),
        ("threshold", math.nan, "nan is not a number"),
        ("threshold", True, "True is not a number"),
        ("blur", 3.5, "3.5 is not a whole number"),
        ("shadows", "yes", "'yes' is not true or false"),
        ("treshold", 3, "no such option; choose from channels, blur, gain"),
    ],
)
def test_what_a_user_sets_is_refused_by_key_value_and_choices(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^foreground\.{key}: {message}"):
        validated(ForegroundOptions, {key: value}, "foreground.")
