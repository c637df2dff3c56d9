"""Sets up the model that a user asked for: by name or from a file, with options, fitted to a sequence."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import CleanplateError, ConfigError, ModelError, first_line
from cleanplate.models.base import BackgroundModel
from cleanplate.models.checkpoint import load
from cleanplate.models.registry import available, create
from cleanplate.utils.worker import CancelledError

_FOREGROUND = "foreground."


def open_model(name_or_path: str, settings: Sequence[str] = ()) -> BackgroundModel:
    """Returns a new model of a name, or the one in a file.

    Args:
        name_or_path: a registered name, a checkpoint of `cleanplate.save`, or an exported file.
        settings: `key=value` each, options that differ from the defaults; `foreground.key=value` for the mask.

    Raises:
        ConfigError: for options that do not exist.
        ModelError: if it is neither a name nor a file that can be read.
    """
    names = available()
    if name_or_path in names:
        options, foreground = _options(settings)
        return create(name_or_path, foreground, **options)
    if not Path(name_or_path).exists():
        raise ModelError(
            f"-m {name_or_path}: no model of that name and no such file; give a checkpoint, or one of "
            f"{', '.join(names)}"
        )
    if settings:
        raise ConfigError(f"--set {settings[0]}: a checkpoint brings its options; give the name of a model to set them")
    return load(name_or_path)


def needs_fit(model: BackgroundModel) -> bool:
    """Returns whether a model must be fitted to a scene before it can be applied there.

    A model that was trained on labels is fitted to each scene anew, unless it takes frames of any size.
    """
    return not model.fitted or (model.labelled and not model.any_size)


def fit_quietly(model: BackgroundModel, sequence: FrameSequence) -> None:
    """Fits a model to a sequence, without what Lightning writes to the terminal.

    Raises:
        ModelError: if the model cannot learn from these frames.
    """
    with _quiet():
        try:
            model.fit(sequence)
        except (CleanplateError, CancelledError):
            raise
        except SystemExit as error:  # Lightning's answer to Ctrl-C
            raise KeyboardInterrupt from error
        except Exception as error:  # of network layers and of OpenCV, for frames that they cannot take
            height, width = sequence.size
            raise ModelError(
                f"{model.name}: cannot be fitted to {len(sequence)} frames of {width}×{height}: {first_line(error)}; "
                "give more or larger frames, or another model"
            ) from error


def _options(settings: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    options: dict[str, Any] = {}
    foreground: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (equals and key):
            raise ConfigError(f"--set {setting}: must be key=value, such as frames=100 or foreground.threshold=40")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {setting}: its value is no YAML") from error
        if key.startswith(_FOREGROUND):
            foreground[key.removeprefix(_FOREGROUND)] = value
        else:
            options[key] = value
    return options, foreground


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences Lightning's notes on devices and workers."""
    names = ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero", "pytorch_lightning.accelerators.cuda")
    before = [(name, logging.getLogger(name).level) for name in names]
    for name, _ in before:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in before:
            logging.getLogger(name).setLevel(level)
