"""`cleanplate models`: the list of models, or every option of one of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleanplate.cli import completion
from cleanplate.cli.group import main

if TYPE_CHECKING:
    from cleanplate.models import BackgroundModel


@main.command()
@click.argument("name", required=False, shell_complete=completion.model)
def models(name: str | None) -> None:
    """List the models: family, league, whether they learn online, parameters for a 320×240 frame, paper.

    With NAME, list every option of that model and of its foreground detection: its value, the values that it may take
    and what it means. In a project whose params.yaml names the model, the values are those of params.yaml; elsewhere
    they are the defaults.

    \b
    Examples:
      cleanplate models
      cleanplate models | grep online
      cleanplate models plate
    """  # noqa: D301
    from cleanplate.models import available
    from cleanplate.models.registry import create, model_class
    from cleanplate.report.tables import print_models, print_options

    if name is None:
        print_models(available())
        return
    model_class(name)
    configured = _configured(name)
    model = configured or create(name)
    print_options(f"model ({name})", model.options)
    print_options("foreground", model.head.options)
    click.echo("Values of params.yaml." if configured else "Default values.")


def _configured(name: str) -> "BackgroundModel | None":
    """The model as params.yaml of this folder describes it; `None` if there is none, or of another model."""
    from cleanplate.config.load import PARAMS, load

    if not Path(PARAMS).is_file():
        return None
    config = load()
    return config.create_model() if config.model.name == name else None
