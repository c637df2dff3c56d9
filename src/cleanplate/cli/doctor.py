"""`cleanplate doctor`."""

import sys

import click

from cleanplate.cli.group import main


@main.command()
def doctor() -> None:
    """Check this environment: versions, the accelerator, and that exactly one cv2 is installed.

    Exit code 1 tells that something is not well.

    \b
    Example:
      cleanplate doctor
    """  # noqa: D301
    from cleanplate.apps.doctor import examine

    findings = examine()
    for finding in findings:
        click.echo(f"{'ok  ' if finding.well else 'BAD '} {finding.what}")
    if not all(finding.well for finding in findings):
        sys.exit(1)
