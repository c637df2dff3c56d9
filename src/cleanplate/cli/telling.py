"""`models`, `doctor`, `completion`: what there is, whether it is well, and how the shell gets to know it."""

import sys

import click

from cleanplate.cli.completion import SHELLS, script
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


@main.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what SHELL (bash, zsh, fish) needs to complete commands, options and names of models with the Tab key.

    \b
    Put one line at the end of your shell's file, and open a new shell:
      ~/.bashrc                      eval "$(cleanplate completion bash)"
      ~/.zshrc, after compinit       eval "$(cleanplate completion zsh)"
      ~/.config/fish/config.fish     cleanplate completion fish | source

    \b
    Then:
      cleanplate apply my.mp4 -m m<Tab><Tab>
      cleanplate apply my.mp4 -m plate --write <Tab><Tab>
    """  # noqa: D301
    click.echo(script(shell))
