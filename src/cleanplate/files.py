"""Outputs are written to a temporary place and moved: a killed program leaves nothing half-written."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives a temporary path beside `target`; what was written there, file or folder, takes its place at the end.

    If the block raises, `target` stays as it was and the temporary is removed. A folder is replaced in two moves, so
    that a kill between them leaves the old or no folder, never a mixture.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    remove(temporary)
    try:
        yield temporary
        if target.is_dir() and not target.is_symlink():
            remove(target)
        temporary.replace(target)
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Removes a file or a folder with all in it; missing is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
