"""Shell completion of models and scenes, which imports nothing slow, and the command `cleanplate completion`."""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from cleanplate.cli.group import main

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "cleanplate"

_NAME = re.compile(r'^ {4}name(?:: [^=\n]+)? = "(\w+)"', re.MULTILINE)
_NEEDS = re.compile(r'^ {4}module = "cv2\.(\w+)"', re.MULTILINE)
_ENTRY_POINTS = "cleanplate.models"


def model_names() -> list[str]:
    """The names that `cleanplate.available` gives, in a hundredth of its time: read from the sources, not imported.

    Of another package's models the names of their entry points.
    """
    spec = find_spec("cleanplate")
    homes = [Path(place) / "models" for place in (spec.submodule_search_locations or ())] if spec else []
    names = {name for home in homes for path in home.rglob("*.py") for name in _registered(path)}
    return sorted(names | {entry.name for entry in entry_points(group=_ENTRY_POINTS)})


def _registered(path: Path) -> Iterator[str]:
    for part in path.read_text(encoding="utf-8").split("\n@register\n")[1:]:
        name, needs = _NAME.search(part), _NEEDS.search(part)
        if name and (needs is None or _opencv_has(needs[1])):
            yield name[1]


def _opencv_has(module: str) -> bool:
    spec = find_spec("cv2")
    return any((Path(place) / module).is_dir() for place in (spec.submodule_search_locations or ())) if spec else False


def model(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes a model's name."""
    return [CompletionItem(name) for name in model_names() if name.startswith(incomplete)]


def model_or_file(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes a model's name; where none begins so, the shell completes the file of a checkpoint."""
    return model(context, parameter, incomplete) or [CompletionItem(incomplete, type="file")]


def file(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leaves it to the shell to complete a file or folder."""
    return [CompletionItem(incomplete, type="file")]


def scene(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes <category>/<video> of the data sets that stand on the command line already."""
    # In the midst of a line click has told options from arguments, but not given the arguments their names.
    given = (context.params.get("dataset"), *(context.params.get("data") or ()), *context.args)
    roots = [Path(root) for root in given if root]
    found = {path.parent.relative_to(root).as_posix() for root in roots for path in root.glob("*/*/input")}
    return [CompletionItem(name) for name in sorted(found) if name.startswith(incomplete)]


def script(shell: str) -> str:
    """What a shell evaluates to complete `cleanplate`."""
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"{shell}: no shell that click knows")
    # Not `source()`, which for bash starts one to ask its version.
    made = kind(click.Command(PROGRAM), {}, PROGRAM, "_CLEANPLATE_COMPLETE")
    return made.source_template % made.source_vars()


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
