"""A file that has arrived in part: `<name>.part` beside its place, and a small JSON of the bytes that are in it.

Kept by hand: httpx does not resume, and what must survive (kills, full disks, other versions, other mirrors) is tested
in `tests/acquire/test_stops.py` and `test_versions.py`.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cleanplate.utils.files import remove


@dataclass
class Segment:
    """Bytes `[start, end)` of the file, of which the first `done` have arrived; `end` is `None` while unknown."""

    start: int
    end: int | None
    done: int = 0

    @property
    def position(self) -> int:
        """Offset of the next byte to write."""
        return self.start + self.done

    @property
    def complete(self) -> bool:
        """Whether all of it has arrived."""
        return self.end is not None and self.position >= self.end


@dataclass
class Partial:
    """State of one transfer, valid for the file of this address, version and size only.

    Attributes:
        url: where the bytes came from.
        etag: the server's name for the version; `None` if it gives none.
        modified: `Last-Modified`; `None` if there is none.
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
        """Number of bytes that have arrived."""
        return sum(segment.done for segment in self.segments)


class PartFile:
    """The `.part` file and its JSON beside `target`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.data = target.with_name(f"{target.name}.part")
        self.state = target.with_name(f"{target.name}.part.json")

    def load(self) -> Partial | None:
        """The saved state; `None` if there is none, or none that can be trusted."""
        try:
            saved = json.loads(self.state.read_text())
            segments = [Segment(**segment) for segment in saved.pop("segments")]
            partial = Partial(**saved, segments=segments)
            valid = all(
                segment.done >= 0 and (segment.end is None or segment.position <= segment.end) for segment in segments
            )
            reaches = max((segment.position for segment in segments if segment.done), default=0)
            return partial if valid and self.data.stat().st_size >= reaches else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def save(self, partial: Partial) -> None:
        """Saves the state after flushing the data, so that the JSON never names a byte that is not on disk."""
        text = json.dumps(asdict(partial))  # counts taken before the data is flushed
        with self.data.open("rb") as file:
            os.fsync(file.fileno())
        temporary = self.state.with_name(f"{self.state.name}.new")
        temporary.write_text(text)
        temporary.replace(self.state)

    def start(self) -> None:
        """Creates an empty `.part` without state."""
        self.discard()
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.touch()

    def finish(self) -> None:
        """Gives the complete `.part` its final name."""
        with self.data.open("rb") as file:
            os.fsync(file.fileno())
        self.data.replace(self.target)
        self.discard()

    def discard(self) -> None:
        """Removes the `.part` and its state."""
        for path in (self.state, self.state.with_name(f"{self.state.name}.new"), self.data):
            remove(path)
