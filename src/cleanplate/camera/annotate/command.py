"""From what was asked for to a window."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cleanplate.camera.annotate.desk import Desk
from cleanplate.camera.annotate.pictures import find_shots
from cleanplate.camera.annotate.program import Annotate
from cleanplate.camera.annotate.proposing import Proposals
from cleanplate.camera.annotate.storage import Json, Storage
from cleanplate.camera.program import run
from cleanplate.errors import ConfigError, DataError

NOTHING = "none"
"""In place of a model: nothing proposes."""


@dataclass(frozen=True)
class Asked:
    """What a user wants to label, see `cleanplate annotate --help`."""

    folder: Path
    number: int | None = None
    model: str = ""
    json: Json = "labelme"
    label: str = "person"
    again: bool = False

    def __post_init__(self) -> None:
        if not self.label.strip() or self.label.lower().startswith("hole"):
            raise ConfigError(
                f"--label {self.label!r}: must be a word, and none that begins with hole, which is cut out"
            )


def annotate_command(asked: Asked, tell: Callable[[str], None]) -> None:
    """Opens the window and stays until it is closed.

    Args:
        asked: what to label.
        tell: takes a line for the user.

    Raises:
        DataError: if there is nothing to label, or it cannot be written to.
        ConfigError: if there is no display.
    """
    shots = find_shots(asked.folder, asked.number)
    for place in dict.fromkeys(shot.path.parent for shot in shots):
        if not os.access(place, os.W_OK):
            raise DataError(f"{place}: masks cannot be written into it; change its permissions, or label a copy")
    desk = Desk(shots, Storage(asked.json, asked.label), again=asked.again)
    proposes = asked.model != NOTHING and (asked.model or any(shot.plate for shot in shots))
    program = Annotate(desk, Proposals(asked.model, shots) if proposes else None, tell)
    before = desk.labelled
    with _ended_in_order():
        run(program, None)
    tell(f"{asked.folder}: {desk.labelled} of {len(shots)} pictures are labelled, {desk.labelled - before} of them now")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Whoever ends the program, or closes its terminal, ends it as Ctrl-C does: with everything saved."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    kinds = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(kind, signal.signal(kind, leave)) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in before:
            signal.signal(kind, handler)
