"""`cleanplate models`."""

from cleanplate.cli.group import main


@main.command()
def models() -> None:
    """List the models: family, league, whether they learn online, parameters for a 320×240 frame, paper.

    \b
    Examples:
      cleanplate models
      cleanplate models | grep online
    """  # noqa: D301
    from cleanplate.models import available
    from cleanplate.report.tables import print_models

    print_models(available())
