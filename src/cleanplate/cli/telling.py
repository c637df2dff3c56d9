"""`models`, `doctor`: what there is, and whether it is well."""

import sys

import click

from cleanplate.cli.group import main


@main.command()
def models() -> None:
    """List the models: family, league, whether they learn online, parameters for a 320×240 frame, paper."""
    from cleanplate.models import available
    from cleanplate.report.tables import print_models

    print_models(available())


@main.command()
def doctor() -> None:
    """Check this environment: versions, the accelerator, and that exactly one cv2 is installed."""
    from cleanplate.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(f"{'ok  ' if finding.well else 'BAD '} {finding.what}")
    if not all(finding.well for finding in findings):
        sys.exit(1)
