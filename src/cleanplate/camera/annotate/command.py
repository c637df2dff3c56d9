"""Runs `cleanplate annotate` with its options."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cleanplate.camera.annotate.images import find_images
from cleanplate.camera.annotate.program import Annotate
from cleanplate.camera.annotate.proposals import Proposals
from cleanplate.camera.annotate.session import Session
from cleanplate.camera.annotate.storage import Json, Storage
from cleanplate.camera.program import run
from cleanplate.errors import ConfigError, DataError

NO_MODEL = "none"
"""In place of a model: no proposals."""


@dataclass(frozen=True)
class AnnotateOptions:
    """Options of `cleanplate annotate`.

    Attributes:
        folder: sets or images.
        number: label only the set of this number.
        model: proposes masks; empty for the default, `none` for no proposals.
        json: what to write beside the masks.
        label: of the polygons.
        again: begin at the first image, including labelled ones.
    """

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


def annotate_command(options: AnnotateOptions, echo: Callable[[str], None]) -> None:
    """Runs `cleanplate annotate` until its window is closed.

    Args:
        options: what to label.
        echo: prints a line for the user.

    Raises:
        DataError: if there is nothing to label, or it cannot be written to.
        ConfigError: if there is no display.
    """
    images = find_images(options.folder, options.number)
    for place in dict.fromkeys(image.path.parent for image in images):
        if not os.access(place, os.W_OK):
            raise DataError(f"{place}: masks cannot be written into it; change its permissions, or label a copy")
    session = Session(images, Storage(options.json, options.label), again=options.again)
    proposes = options.model != NO_MODEL and (options.model or any(image.plate for image in images))
    program = Annotate(session, Proposals(options.model, images) if proposes else None, echo)
    before = session.labelled
    with _exit_on_signals():
        run(program, None)
    labelled = session.labelled
    echo(f"{options.folder}: {labelled} of {len(images)} pictures are labelled, {labelled - before} of them now")


@contextmanager
def _exit_on_signals() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP end the program as Ctrl-C does, with everything saved."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    kinds = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(kind, signal.signal(kind, leave)) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in before:
            signal.signal(kind, handler)
