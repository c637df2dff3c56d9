"""Overrides without Hydra do what Hydra does."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from cleanplate.config import compose, load
from cleanplate.config.overrides import apply_overrides
from cleanplate.errors import ConfigError

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
LEARNED = "model=ae"  # a model with options enough to try everything on
PARAMS = compose([LEARNED], folder=CONF)
FILES = sorted((path.parent.name, path.stem) for path in CONF.glob("*/*.yaml"))


def composed(overrides: list[str]) -> dict[str, Any]:
    """Hydra's word for it; it takes a group once."""
    chosen = [] if any(override.startswith("model=") for override in overrides) else [LEARNED]
    return compose([*chosen, *overrides], folder=CONF)


@pytest.mark.parametrize(("group", "choice"), FILES)
def test_taking_a_groups_file_equals_composing_with_it(group: str, choice: str) -> None:
    override = f"{group}={choice}"
    assert apply_overrides(PARAMS, [override], CONF) == composed([override])


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["seed=7"],
        ["data.scenes=[baseline/highway]"],
        ["data=cdnet", "data.scenes=[baseline/highway,shadow/backdoor]", "model=median"],
        ["model=aae", "data=video", "data.root=/my.mp4", "seed=3"],
        ["runs=[all]", "data=cdnet"],
        ["model.seed=5", "seed=6"],
        ["model.learning_rate=1e-3", "model.latent_dim=32", "trainer.progress=false"],
        ["tracking.entity=null", "trainer.devices=2", "data.root=/a b/c"],
        ["model.loss.smooth_l1=0.5", "foreground.rule=otsu"],
    ],
)
def test_several_overrides_equal_composing_with_them(overrides: list[str]) -> None:
    assert apply_overrides(PARAMS, overrides, CONF) == composed(overrides)


def test_values_that_were_set_apart_stay_apart() -> None:
    values = deepcopy(PARAMS)
    values["model"]["seed"] = 99
    values["runs"] = ["all"]
    changed = apply_overrides(values, ["seed=3", "data.scenes=[a/b]"], CONF)
    assert changed["model"]["seed"] == 99
    assert changed["runs"] == ["all"]


def test_what_is_given_is_not_written_to() -> None:
    values = deepcopy(PARAMS)
    apply_overrides(values, ["seed=3", "model=median", "foreground.threshold=9.0"], CONF)
    assert values == PARAMS


def test_without_conf_single_values_can_still_be_set(tmp_path: Path) -> None:
    changed = apply_overrides(PARAMS, ["trainer.threads=4"], tmp_path / "conf")
    assert changed["trainer"]["threads"] == 4
    assert changed["model"] == PARAMS["model"]


@pytest.mark.parametrize(
    ("text", "value"), [("1e-3", 1e-3), ("-2.5E+2", -250.0), ("e3", "e3"), ("1e", "1e"), ("", None)]
)
def test_numbers_are_read_as_they_are_typed(text: str, value: object) -> None:
    assert apply_overrides({"a": {"b": 0}}, [f"a.b={text}"], CONF)["a"]["b"] == value


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", r"'seed': write key=value, as in model\.latent_dim=32"),
        ("=5", "'=5': write key=value"),
        ("", "'': write key=value"),
        ("model=autoencoder", "model: 'autoencoder' is unknown; choose one of aae, ae, .*median"),
        ("data=", "data: '' is unknown; choose one of capture, cdnet, coco, .*synthetic, video"),
        ("modle.latent_dim=3", r"modle\.latent_dim: no such key; 'modle' is not in data, "),
        ("model.los.mse=3", r"model\.los\.mse: no such key; 'los' is not in name, "),
        ("seed.more=3", r"seed\.more: seed holds one value, not keys"),
        ("seed.more.still=3", r"seed\.more\.still: seed holds one value, not keys"),
        ("data.scenes.0=a/b", r"data\.scenes\.0: data\.scenes holds one value, not keys"),
        ("data.scenes=[a/b", r"data\.scenes: '\[a/b' is no valid YAML"),
    ],
)
def test_a_wrong_override_is_refused_with_what_to_do(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        apply_overrides(PARAMS, [override], CONF)


@pytest.mark.parametrize(
    ("override", "message"),
    [("trackin=disabled", r"trackin: no such key"), ("model.latent_dimm=3", r"model\.latent_dimm: no such option")],
)
def test_a_key_that_does_not_exist_is_refused_when_the_configuration_is_read(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        load(ROOT / "params.yaml", [LEARNED, override])
