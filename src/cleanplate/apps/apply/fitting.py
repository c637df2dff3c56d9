"""Finds the model that was asked for, and lets it learn the scene where it must."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import yaml

from cleanplate.data.io.sources import KeptFrames
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.stream import FrameStream, Numbered
from cleanplate.errors import CleanplateError, ConfigError, DataError, ModelError
from cleanplate.models import BackgroundModel, available, create
from cleanplate.models.checkpoint import load

LIVE_FRAMES = 200
"""As many frames of a camera a model is fitted to where nobody says how many."""

_FOREGROUND = "foreground."


def model_of(wanted: str, settings: Sequence[str] = ()) -> BackgroundModel:
    """The model of a name, or of a checkpoint.

    Args:
        wanted: a registered name, or a file that `cleanplate.save` wrote.
        settings: `key=value` each, options that differ from the defaults; `foreground.key=value` for the mask.

    Raises:
        ConfigError: for options that are not there.
        ModelError: if it is neither a name nor a checkpoint that can be read.
    """
    names = available()
    if wanted in names:
        options, foreground = _options(settings)
        return create(wanted, foreground, **options)
    if not Path(wanted).exists():
        raise ModelError(
            f"-m {wanted}: no model of that name and no such file; give a checkpoint, or one of {', '.join(names)}"
        )
    if settings:
        raise ConfigError(f"--set {settings[0]}: a checkpoint brings its options; give the name of a model to set them")
    return load(wanted)


def must_fit(model: BackgroundModel, count: int | None) -> bool:
    """Whether a model has to look at frames before it can be applied, or was told to.

    What has learnt from labels looks at each scene anew, unless it takes each frame for itself.
    """
    return count is not None or not model.fitted or (model.labelled and not model.any_size)


def fit(
    model: BackgroundModel, stream: FrameStream, frames: Iterator[Numbered], count: int | None
) -> Iterator[Numbered]:
    """Fits a model to the first `count` frames, or to a whole recording.

    Args:
        model: is fitted.
        stream: where the frames come from.
        frames: the stream's, of which nothing was taken yet.
        count: how many; `None` is all of a recording, and of a camera `LIVE_FRAMES`.

    Returns:
        All frames, those that were looked at included.

    Raises:
        DataError: if there is no frame.
        ModelError: if the model cannot learn from these frames.
    """
    sequence = stream.sequence(count)
    if sequence is None:
        kept = list(islice(frames, count or LIVE_FRAMES))
        if not kept:
            raise DataError(f"{stream.name}: gave no frame; check that it sends pictures")
        frames = chain(kept, frames)
        pictures = [frame for _, frame in kept]
        sequence = FrameSequence(stream.name, KeptFrames(pictures, stream.name), range(1, len(kept) + 1))
    with _quiet():
        try:
            model.fit(sequence)
        except CleanplateError:
            raise
        except SystemExit as error:  # what Lightning makes of Ctrl-C
            raise KeyboardInterrupt from error
        except Exception as error:  # of a network's layers and OpenCV's, on frames that they cannot take
            height, width = sequence.size
            raise ModelError(
                f"{model.name}: cannot be fitted to {len(sequence)} frames of {width}×{height}: {first_line(error)}; "
                "give more or larger frames, or another model"
            ) from error
    return frames


def first_line(error: BaseException) -> str:
    """What an error of another library says, shortened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160]


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
    """Lightning tells of devices and workers; who applies a model has a progress bar."""
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
