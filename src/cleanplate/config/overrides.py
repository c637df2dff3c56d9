"""Applies `key=value` overrides to params.yaml without Hydra, for a machine that has only params.yaml.

`dvc exp run -S …` is the way to run experiments; this is for running one stage by hand.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cleanplate.errors import ConfigError


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str], conf: Path) -> dict[str, Any]:
    """Returns `values` with the overrides applied.

    A value that a group's file takes from elsewhere (`runs: ${data.scenes}`) keeps following it, as under Hydra, unless
    `values` or an override sets it to something else.

    Args:
        values: what params.yaml holds.
        overrides: `model.latent_dim=32` sets a value (read as YAML); `tracking=disabled` takes a group's file.
        conf: the folder of the groups.

    Raises:
        ConfigError: for an override without `=`, invalid YAML, a key that does not exist or an unknown group file, with
            the choices.
    """
    result = OmegaConf.create(dict(values))
    _restore_interpolations(result, conf)
    # As in conf/config.yaml, a protocol comes after the model and has the last word on the runs.
    for override in sorted(overrides, key=lambda override: override.startswith("protocol=")):
        key, equals, text = override.partition("=")
        if not (key and equals):
            raise ConfigError(f"{override!r}: write key=value, as in model.latent_dim=32")
        if "." not in key and isinstance(result.get(key), DictConfig):
            for name, section in _group_file(conf, key, text).items_ex(resolve=False):
                result[name] = section
        else:
            _set(result, key, _parsed(key, text))
    try:
        resolved = OmegaConf.to_container(result, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(str(error).splitlines()[0]) from error
    assert isinstance(resolved, dict)
    return {str(key): value for key, value in resolved.items()}


def _restore_interpolations(result: DictConfig, conf: Path) -> None:
    """Puts back the `${…}` of the model's and the protocol's file where the values agree with what they refer to."""
    for group in ("model", "protocol"):
        section = result.get(group)
        if not isinstance(section, DictConfig) or not (conf / group / f"{section.get('name')}.yaml").is_file():
            continue
        parts: Any = OmegaConf.to_container(_group_file(conf, group, section.name), resolve=False)
        for place, links in ((result, parts), (section, parts.get(group, {}))):
            for key, link in links.items():
                if isinstance(link, str) and link.startswith("${") and key in place:
                    present = place[key]
                    place[key] = link
                    if place[key] != present:
                        place[key] = present


def _group_file(conf: Path, group: str, choice: str) -> DictConfig:
    """What a group's file sets, by top-level key; the files of its `defaults` come first, as under Hydra."""
    file = conf / group / f"{choice}.yaml"
    if not file.is_file():
        choices = ", ".join(sorted(path.stem for path in (conf / group).glob("*.yaml")))
        raise ConfigError(f"{group}: {choice!r} is unknown; choose one of {choices}")
    text = file.read_text()
    content = yaml.safe_load(text)
    own = OmegaConf.create({key: value for key, value in content.items() if key != "defaults"})
    if not text.startswith("# @package _global_"):
        own = OmegaConf.create({group: own})
    parts = OmegaConf.create()
    for entry in content.get("defaults", ["_self_"]):
        if entry == "_self_":
            below = own
        elif isinstance(entry, dict):
            below = OmegaConf.create({})
            for name, chosen in entry.items():
                below = _group_file(conf, name.removeprefix("/"), chosen)
        else:
            below = _group_file(conf, group, entry)
        merged = OmegaConf.merge(parts, below)
        assert isinstance(merged, DictConfig)
        parts = merged
    return parts


def _parsed(key: str, text: str) -> Any:
    """A value as OmegaConf, and so Hydra, reads YAML: `1e-3` is a number."""
    try:
        content = OmegaConf.create(f"value: {text}")
        assert isinstance(content, DictConfig)
        return content["value"]
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(f"{key}: {text!r} is no valid YAML") from error


def _set(result: DictConfig, key: str, value: Any) -> None:
    *path, last = key.split(".")
    place: Any = result
    for depth, part in enumerate(path):
        if part not in place:
            raise ConfigError(f"{key}: no such key; {part!r} is not in {', '.join(map(str, place))}")
        place = place[part]
        if not isinstance(place, DictConfig):
            raise ConfigError(f"{key}: {'.'.join(path[: depth + 1])} holds one value, not keys")
    place[last] = value
