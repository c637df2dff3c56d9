"""`key=value` on the command line of a stage, without Hydra: a bare GPU box has params.yaml and no more.

`dvc exp run -S …` is the way to run experiments; this is for running one stage by hand.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from cleanplate.errors import ConfigError


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str], conf: Path) -> dict[str, Any]:
    """Returns `values` with the overrides applied.

    Args:
        values: what params.yaml holds.
        overrides: `model.latent_dim=32` sets a value (read as YAML); `tracking=disabled` takes a group's file.
        conf: the folder of the groups.

    Raises:
        ConfigError: for a word without `=`, a key that does not exist or an unknown group file, with the choices.
    """
    result: dict[str, Any] = deepcopy(dict(values))
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(f"{override!r}: write key=value, as in model.latent_dim=32")
        if "." not in key and (conf / key).is_dir():
            _take_group(result, key, text, conf)
        else:
            _set(result, key, yaml.safe_load(text))
    return result


def _take_group(result: dict[str, Any], group: str, choice: str, conf: Path) -> None:
    file = conf / group / f"{choice}.yaml"
    if not file.is_file():
        choices = ", ".join(sorted(path.stem for path in (conf / group).glob("*.yaml")))
        raise ConfigError(f"{group}: {choice!r} is unknown; choose one of {choices}")
    text = file.read_text()
    content = yaml.safe_load(text)
    parts = content if text.startswith("# @package _global_") else {group: content}
    for name, part in parts.items():
        result[name] = {key: _resolved(value, result) for key, value in part.items()}


def _resolved(value: Any, root: Mapping[str, Any]) -> Any:
    """`${data.scenes}` and its like, replaced by what they point at."""
    if not (isinstance(value, str) and value.startswith("${") and value.endswith("}")):
        return value
    found: Any = root
    for part in value[2:-1].split("."):
        found = found[part]
    return found


def _set(result: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    place: Any = result
    for part in path:
        if not isinstance(place, dict) or part not in place:
            raise ConfigError(f"{key}: no such key; {part!r} is not in {', '.join(place)}")
        place = place[part]
    if not isinstance(place, dict):
        raise ConfigError(f"{key}: {'.'.join(path)} holds one value, not keys")
    place[last] = value
