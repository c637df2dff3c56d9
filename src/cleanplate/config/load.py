"""Reads params.yaml, or composes it from `conf/`, into a `Config`; what is wrong is said by key, value and choices."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cleanplate.config.overrides import apply_overrides
from cleanplate.config.schema import Config
from cleanplate.errors import ConfigError

PARAMS = Path("params.yaml")


def load(path: Path = PARAMS, overrides: Sequence[str] = ()) -> Config:
    """Reads and validates the configuration of the current folder.

    Args:
        path: params.yaml.
        overrides: see `apply_overrides`.

    Raises:
        ConfigError: if the file is missing or a value in it is wrong; nothing has been done by then.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path}: not here; run from the project's folder, where params.yaml lies") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: no valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must hold keys and values")
    return validate(apply_overrides(values, overrides, path.parent / "conf"))


def compose(overrides: Sequence[str] = (), folder: Path = Path("conf")) -> dict[str, Any]:
    """Composes `conf/` as `dvc exp run -S …` does, into plain values.

    Args:
        overrides: as for `-S`: `model=aae`, `model.latent_dim=32`.
        folder: the configuration's folder.

    Raises:
        ConfigError: if Hydra is not installed or refuses an override, with the choices it names.
    """
    try:
        from hydra import compose as hydra_compose
        from hydra import initialize_config_dir
        from hydra.errors import HydraException
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException
    except ImportError as error:
        raise ConfigError("composing conf/ needs Hydra: pip install 'cleanplate[pipeline]'") from error
    try:
        with initialize_config_dir(str(folder.resolve()), version_base=None):
            composed = OmegaConf.to_container(hydra_compose("config", list(overrides)), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(str(error)) from error
    assert isinstance(composed, dict)
    return {str(key): value for key, value in composed.items()}


def validate(values: Mapping[str, Any]) -> Config:
    """Turns plain values into a `Config`.

    Raises:
        ConfigError: naming every wrong key with its value and what it may be.
    """
    plugins = values.get("plugins")
    for name in plugins if isinstance(plugins, list) else []:
        if not isinstance(name, str):
            continue  # refused below, with all else that is of the wrong kind
        try:
            importlib.import_module(name)
        except (ImportError, TypeError, ValueError) as error:  # the latter two for names that can be no module's
            raise ConfigError(f"plugins: {name!r} cannot be imported: {error}") from error
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        sentences = [_sentence(detail, values) for detail in error.errors()]
        raise ConfigError("\n".join(dict.fromkeys(sentences))) from error


def _sentence(detail: Any, values: Mapping[str, Any]) -> str:
    key = _key(detail["loc"], values)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error" and ":" in message.split(" ")[0]:
        return str(message)  # already names its key
    if detail["type"] == "missing":
        return f"{key}: missing"
    if detail["type"] == "extra_forbidden":
        return f"{key}: no such key (value {detail['input']!r})"
    return f"{key}: {detail['input']!r}: {message[0].lower()}{message[1:]}"


def _key(location: Sequence[Any], values: Mapping[str, Any]) -> str:
    """The dotted key of a value; what pydantic appends for the members of a union is no key and left out."""
    parts: list[str] = []
    place: Any = values
    for part in location:
        if not isinstance(place, Mapping | list):
            break
        parts.append(str(part))
        place = place[part] if isinstance(place, list) else place.get(part)
    return ".".join(parts)
