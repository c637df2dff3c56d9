"""What has come of a file so far: a `.part` beside its place, and a small JSON that says which bytes are in it."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cleanplate.utils.files import remove


@dataclass
class Segment:
    """Bytes `[start, end)` of the file, of which the first `done` have come; `end` is `None` while nobody knows it."""

    start: int
    end: int | None
    done: int = 0

    @property
    def position(self) -> int:
        """Where the next byte goes."""
        return self.start + self.done

    @property
    def complete(self) -> bool:
        """Whether all of it has come."""
        return self.end is not None and self.position >= self.end


@dataclass
class Partial:
    """State of one transfer; it holds for the file of this address, version and size only.

    Attributes:
        url: where the bytes came from.
        etag: the server's name for the version; `None` if it gives none.
        modified: `Last-Modified`; `None` if it gives none.
        size: of the whole file in bytes; `None` if the server does not tell.
        segments: ranges that are fetched side by side.
    """

    url: str
    etag: str | None
    modified: str | None
    size: int | None
    segments: list[Segment] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Bytes that have come."""
        return sum(segment.done for segment in self.segments)


class PartFile:
    """The `.part` and its JSON beside `target`; neither counts as the file."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.data = target.with_name(f"{target.name}.part")
        self.state = target.with_name(f"{target.name}.part.json")

    def load(self) -> Partial | None:
        """The state that was saved; `None` if there is none, or none that can be trusted."""
        try:
            saved = json.loads(self.state.read_text())
            segments = [Segment(**segment) for segment in saved.pop("segments")]
            partial = Partial(**saved, segments=segments)
            covers = all(
                segment.done >= 0 and (segment.end is None or segment.position <= segment.end) for segment in segments
            )
            reaches = max((segment.position for segment in segments if segment.done), default=0)
            return partial if covers and self.data.stat().st_size >= reaches else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def save(self, partial: Partial) -> None:
        """Saves the state. The data is on disk first: the JSON never promises a byte that is not there."""
        text = json.dumps(asdict(partial))  # counts taken before the data is flushed
        with self.data.open("rb") as file:
            os.fsync(file.fileno())
        temporary = self.state.with_name(f"{self.state.name}.new")
        temporary.write_text(text)
        temporary.replace(self.state)

    def start(self) -> None:
        """An empty `.part`, without state."""
        self.discard()
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.touch()

    def finish(self) -> None:
        """The `.part` becomes the file."""
        with self.data.open("rb") as file:
            os.fsync(file.fileno())
        self.data.replace(self.target)
        self.discard()

    def discard(self) -> None:
        """Forgets what has come."""
        for path in (self.state, self.state.with_name(f"{self.state.name}.new"), self.data):
            remove(path)
