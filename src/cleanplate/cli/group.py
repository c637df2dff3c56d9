"""The group that the commands belong to."""

import sys
from typing import Any

import click

import cleanplate
from cleanplate.errors import CleanplateError

_EPILOG = """
\b
The pipeline is run by DVC, from the project's folder:
  dvc repro                             the default scenes with the default model
  dvc exp run -S model=aae              another model
  dvc exp run -S data=cdnet -S data.root=/path/to/cdnet
"""


class _Commands(click.Group):
    """Turns an error that a user can mend into one line and exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except CleanplateError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cleanplate.__version__)
def main() -> None:
    """The picture of a scene with nobody in it: learn it, cut out the foreground, score it by the official rules."""
