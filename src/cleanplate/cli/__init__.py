"""`cleanplate …`: the command line. Every command imports what it needs when it runs, so that help comes at once."""

from cleanplate.cli import (  # noqa: F401  # they add their commands to the group
    camera,
    exporting,
    measuring,
    sets,
    telling,
    using,
)
from cleanplate.cli.group import main

__all__ = ["main"]
