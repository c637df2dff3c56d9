"""Resuming a run of `cleanplate apply`: a hidden file beside the outputs says how far an earlier run came."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cleanplate.apps.apply.outputs import Target
from cleanplate.errors import ConfigError
from cleanplate.utils.files import replacing, unwritable

_VERSION = 1


@dataclass(frozen=True)
class Progress:
    """How many frames every output has on disk, and whether these are all there are."""

    done: int = 0
    complete: bool = False


class ResumeFile:
    """A hidden file that holds the settings of a run and the number of frames done.

    It never counts more frames than are on disk. Frames done since it was last written are done again, with the same
    result.
    """

    def __init__(self, out: Path, settings: dict[str, Any]) -> None:
        """Args: `out` is the folder or file of the outputs, `settings` all that decides their content."""
        folder = out.is_dir() or not out.suffix
        self.path = out / ".cleanplate-apply.json" if folder else out.with_name(f".{out.name}.cleanplate-apply.json")
        self._settings: dict[str, Any] = json.loads(json.dumps(settings))

    def read(self) -> Progress | None:
        """Returns how far an earlier run came; `None` if there was none.

        Raises:
            ConfigError: if its settings were others.
        """
        try:
            content = json.loads(self.path.read_text())
            progress = Progress(int(content["done"]), bool(content["complete"]))
            earlier = dict(content["asked"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ConfigError(f"{self.path}: cannot be read ({error}); say --overwrite to begin again") from error
        for key, value in self._settings.items():
            if earlier.get(key) != value:
                raise ConfigError(
                    f"--resume: the earlier run had another {key} ({earlier.get(key)}, now {value}); repeat it as it "
                    "was, or say --overwrite to begin again"
                )
        return progress

    def write(self, progress: Progress) -> None:
        """Writes how far this run is."""
        try:
            with replacing(self.path) as temporary:
                temporary.write_text(
                    json.dumps({"version": _VERSION, **asdict(progress), "asked": self._settings}) + "\n"
                )
        except OSError as error:
            raise unwritable(self.path, error) from error


def fingerprint(source: str) -> str:
    """Returns what changes with a recording: size and date of a file, number of files in a folder."""
    path = Path(source)
    try:
        if path.is_file():
            return f"{path.stat().st_size} bytes, {path.stat().st_mtime_ns}"
        if path.is_dir():
            return f"{sum(1 for _ in path.iterdir())} files"
    except OSError:
        pass
    return ""


def begin(chosen: Sequence[Target], note: ResumeFile, *, live: bool, resume: bool, overwrite: bool) -> Progress:
    """Returns how far the outputs are already: nothing of a new run, or what an earlier one left to resume.

    Raises:
        ConfigError: if outputs exist and neither `resume` nor `overwrite` is set, or they cannot be resumed.
    """
    if resume:
        if live:
            raise ConfigError("--resume: a camera or pipe does not show its frames again; give another -o")
        whole = [target.name for target in chosen if not target.kind.resumable]
        if whole:
            raise ConfigError(
                f"--resume: {', '.join(whole)} cannot be gone on with, only pictures and tables can; say "
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


def clear(chosen: Sequence[Target], note: ResumeFile) -> None:
    """Removes the outputs of an earlier run, so that none is taken for one of this run."""
    for path in [note.path, *(path for target in chosen for path in target.earlier())]:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error
