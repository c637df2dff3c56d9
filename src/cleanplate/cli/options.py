"""Options that several commands share, with the same names and help."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cleanplate.cli import completion

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

RETRIES = click.option(
    "--retries", default=10, show_default=True, type=click.IntRange(min=1), help="To find a lost camera again."
)
SETTINGS = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the model; may be given again."
)
CAMERA = click.argument("source", default="0", shell_complete=completion.file)
CAMERA_MODEL = click.option(
    "-m",
    "--model",
    default="plate",
    show_default=True,
    metavar="MODEL",
    shell_complete=completion.model_or_file,
    help="Name of a model (`cleanplate models`; plate is used with base=median), a checkpoint, or an exported file.",
)


def countdown(flag: str, short: str, seconds: float, before: str) -> Decorator:
    """Returns an option for the seconds of a countdown."""
    return click.option(
        *([short] if short else []),
        flag,
        default=seconds,
        show_default=True,
        type=click.FloatRange(min=0, max=3600),
        help=f"Countdown before {before}.",
    )


def learning_time(seconds: float) -> Decorator:
    """Returns the option `--learn-seconds`."""
    return click.option(
        "--learn-seconds",
        default=seconds,
        show_default=True,
        type=click.FloatRange(min=0.1, max=600),
        help="How long it looks at the empty scene.",
    )


def output_folder(folder: str, *flags: str) -> Decorator:
    """Returns the option for where snapshots and recordings go."""
    return click.option(
        *flags,
        "out",
        default=Path(folder),
        show_default=True,
        type=click.Path(path_type=Path, readable=False),
        help="Folder for snapshots and recordings; or a video file, recorded from the start.",
    )
