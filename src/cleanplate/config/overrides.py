"""`key=value` on the command line of a stage, without Hydra: a bare GPU box has params.yaml and no more.

`dvc exp run -S …` is the way to run experiments; this is for running one stage by hand.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from cleanplate.errors import ConfigError


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str], conf: Path) -> dict[str, Any]:
    """Returns `values` with the overrides applied.

    What a model's file takes from elsewhere (`runs: ${data.scenes}`) goes on following it, as under Hydra, unless
    `values` or an override says otherwise.

    Args:
        values: what params.yaml holds.
        overrides: `model.latent_dim=32` sets a value (read as YAML); `tracking=disabled` takes a group's file.
        conf: the folder of the groups.

    Raises:
        ConfigError: for a word without `=`, a value that is no YAML, a key that does not exist or an unknown group
            file, with the choices.
    """
    result: dict[str, Any] = deepcopy(dict(values))
    _link_again(result, conf)
    # As in conf/config.yaml, a protocol comes after the model and has the last word on the runs.
    for override in sorted(overrides, key=lambda override: override.startswith("protocol=")):
        key, equals, text = override.partition("=")
        if not (key and equals):
            raise ConfigError(f"{override!r}: write key=value, as in model.latent_dim=32")
        if "." not in key and isinstance(result.get(key), dict):
            _take_group(result, key, text, conf)
        else:
            _set(result, key, _read(key, text))
    return {name: _resolved(part, result) for name, part in result.items()}


def _link_again(result: dict[str, Any], conf: Path) -> None:
    """Puts the `${…}` of the model's and the protocol's file back where values still agree with what they point at."""
    for group in ("model", "protocol"):
        section = result.get(group)
        if not isinstance(section, dict):
            continue
        file = conf / group / f"{section.get('name')}.yaml"
        if not file.is_file():
            continue
        parts = _parts_of(file, group)
        for place, links in ((result, parts), (section, parts.get(group, {}))):
            for key, link in links.items():
                if key in place and _is_link(link) and place[key] == _resolved(link, result):
                    place[key] = link


def _take_group(result: dict[str, Any], group: str, choice: str, conf: Path) -> None:
    file = conf / group / f"{choice}.yaml"
    if not file.is_file():
        choices = ", ".join(sorted(path.stem for path in (conf / group).glob("*.yaml")))
        raise ConfigError(f"{group}: {choice!r} is unknown; choose one of {choices}")
    result.update(_parts_of(file, group))


def _parts_of(file: Path, group: str) -> dict[str, Any]:
    """What a group's file sets, by top-level key; the files of its `defaults` come first, as under Hydra."""
    text = file.read_text()
    content = dict(yaml.safe_load(text))
    own = content if text.startswith("# @package _global_") else {group: content}
    parts: dict[str, Any] = {}
    for base in content.pop("defaults", []):
        parts = _merged(parts, own if base == "_self_" else _parts_of(file.with_name(f"{base}.yaml"), group))
    return parts or own


def _merged(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _merged(below.get(key), value) for key, value in above.items()}


def _is_link(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("${") and value.endswith("}")


def _resolved(value: Any, root: Mapping[str, Any]) -> Any:
    """`${data.scenes}` and its like, replaced by what they point at."""
    if isinstance(value, dict):
        return {key: _resolved(item, root) for key, item in value.items()}
    if not _is_link(value):
        return value
    found: Any = root
    for part in value[2:-1].split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise ConfigError(f"{value}: points at nothing; {part!r} is missing")
        found = found[part]
    return _resolved(found, root)


def _read(key: str, text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{key}: {text!r} is no valid YAML") from error
    # YAML 1.1 takes 1e-3 for a word; Hydra, and whoever types it, for a number.
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        return float(value)
    return value


def _set(result: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    place: Any = result
    for depth, part in enumerate(path):
        if part not in place:
            raise ConfigError(f"{key}: no such key; {part!r} is not in {', '.join(place)}")
        place = place[part]
        if not isinstance(place, dict):
            raise ConfigError(f"{key}: {'.'.join(path[: depth + 1])} holds one value, not keys")
    place[last] = value
