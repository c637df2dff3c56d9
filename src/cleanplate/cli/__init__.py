"""The command line, `cleanplate …`. Each command imports what it needs when it runs, so that help comes at once."""

from cleanplate.cli import (  # noqa: F401  # they add their commands to the group
    apply,
    camera,
    completion,
    doctor,
    download,
    evaluate,
    export,
    models,
    recommend,
)
from cleanplate.cli.group import main

__all__ = ["main"]
