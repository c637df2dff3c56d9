"""What is remembered beside the outputs, so that a run that was stopped can be gone on with."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cleanplate.apps.apply.kinds import Target
from cleanplate.errors import ConfigError
from cleanplate.utils.files import replacing, unwritable

_VERSION = 1


@dataclass(frozen=True)
class Progress:
    """How many frames every output has on disk, and whether these are all there are."""

    done: int = 0
    complete: bool = False


class Note:
    """Says in a hidden file what was asked for, and how many frames are done.

    It never says more than what is on disk: frames done since it was written last are done again, with the same result.
    """

    def __init__(self, out: Path, asked: dict[str, Any]) -> None:
        """Args: `out` is the folder or file of the outputs, `asked` what decides how they look."""
        folder = out.is_dir() or not out.suffix
        self.path = out / ".cleanplate-apply.json" if folder else out.with_name(f".{out.name}.cleanplate-apply.json")
        self._asked: dict[str, Any] = json.loads(json.dumps(asked))

    def read(self) -> Progress | None:
        """How far an earlier run of the same had come; `None` if there was none.

        Raises:
            ConfigError: if something else was asked for then.
        """
        try:
            content = json.loads(self.path.read_text())
            progress = Progress(int(content["done"]), bool(content["complete"]))
            asked = dict(content["asked"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ConfigError(f"{self.path}: cannot be read ({error}); say --overwrite to begin again") from error
        for key, value in self._asked.items():
            if asked.get(key) != value:
                raise ConfigError(
                    f"--resume: the earlier run had another {key} ({asked.get(key)}, now {value}); repeat it as it "
                    "was, or say --overwrite to begin again"
                )
        return progress

    def write(self, progress: Progress) -> None:
        """Remembers how far it is."""
        try:
            with replacing(self.path) as temporary:
                temporary.write_text(json.dumps({"version": _VERSION, **asdict(progress), "asked": self._asked}) + "\n")
        except OSError as error:
            raise unwritable(self.path, error) from error


def fingerprint(source: str) -> str:
    """Tells whether a recording is still the same: size and date of a file, number of files in a folder."""
    path = Path(source)
    try:
        if path.is_file():
            return f"{path.stat().st_size} bytes, {path.stat().st_mtime_ns}"
        if path.is_dir():
            return f"{sum(1 for _ in path.iterdir())} files"
    except OSError:
        pass
    return ""


def begin(chosen: Sequence[Target], note: Note, *, live: bool, resume: bool, overwrite: bool) -> Progress:
    """Looks at what lies where the outputs go.

    Returns:
        How far it is already.

    Raises:
        ConfigError: if something lies there and nobody said what to do with it, or it cannot be gone on with.
    """
    if resume:
        if live:
            raise ConfigError("--resume: a camera or pipe does not show its frames again; give another -o")
        stubborn = [target.name for target in chosen if not target.kind.resumable]
        if stubborn:
            raise ConfigError(
                f"--resume: {', '.join(stubborn)} cannot be gone on with, only pictures and tables can; say "
                "--overwrite to begin again"
            )
        progress = note.read()
        if progress is not None:
            return progress
    earlier = [path for target in chosen for path in target.earlier()]
    if earlier and not overwrite:
        way = "no note of how far it was" if resume else "say --overwrite to replace it, --resume to go on"
        raise ConfigError(f"{earlier[0]}: lies there already; {way}, or give another -o")
    return Progress()


def clear(chosen: Sequence[Target], note: Note) -> None:
    """Removes what an earlier run left, so that nothing of it is taken for something of this one."""
    for path in [note.path, *(path for target in chosen for path in target.earlier())]:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error
