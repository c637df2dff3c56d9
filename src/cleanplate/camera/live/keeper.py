"""Snapshots and recordings of a program, and what it says of them."""

from collections.abc import Callable, Mapping

from cleanplate.camera.live.keeping import Place
from cleanplate.camera.live.recording import Recording
from cleanplate.camera.notes import Notes
from cleanplate.camera.timing import Clock
from cleanplate.errors import CleanplateError
from cleanplate.report import drawing
from cleanplate.report.text import width_of
from cleanplate.utils.arrays import Image


class Keeper:
    """Keeps what a person asks for. What goes wrong with it is told, and the program goes on."""

    def __init__(self, place: Place, notes: Notes, tell: Callable[[str], None], clock: Clock) -> None:
        """Args: where to; where the window, and where the terminal says what was kept; seconds."""
        self._place = place
        self._notes = notes
        self._tell = tell
        self._clock = clock
        self._recording: Recording | None = None

    @property
    def records(self) -> bool:
        """Whether it records."""
        return self._recording is not None

    def snapshot(self, pictures: Mapping[str, Image]) -> None:
        """Keeps pictures, by name, under one number."""
        try:
            path = self._place.snapshot(pictures)
        except CleanplateError as error:
            self._notes.bad(str(error))
            return
        self._notes.good(f"kept as {'-'.join(path.stem.split('-')[:2])}")

    def toggle(self, rate: float) -> None:
        """Ends the recording, or begins one."""
        if self.records:
            self._stop()
            return
        try:
            self.record(rate)
        except CleanplateError as error:
            self._notes.bad(str(error))

    def record(self, rate: float) -> None:
        """Begins a recording of so many pictures per second; 0 where nobody knows.

        Raises:
            DataError: if it cannot be written.
        """
        self._recording = Recording(self._place.recording(), rate, self._clock)

    def add(self, picture: Image) -> None:
        """What is shown from now on, for the recording; it must not be drawn on later."""
        if self._recording is None:
            return
        self._recording.add(picture)
        if not self._recording.running:
            self._stop()

    def close(self) -> None:
        """The program ends.

        Raises:
            DataError: if the recording could not be brought to an end.
        """
        recording, self._recording = self._recording, None
        if recording is not None and recording.begun:
            recording.stop()
            self._tell(f"{recording.path}: recorded")

    def draw(self, picture: Image, margin: int) -> None:
        """How long it has been recording, in the upper right corner."""
        if self._recording is None:
            return
        minutes, seconds = divmod(int(self._recording.seconds), 60)
        text, size = f"rec {minutes}:{seconds:02d}", drawing.text_size(picture)
        left = picture.shape[1] - width_of(text, size) - 2 * (size // 3) - margin
        drawing.label(picture, text, left, margin, drawing.RED)

    def _stop(self) -> None:
        name = self._recording.path.name if self._recording is not None and self._recording.begun else ""
        try:
            self.close()
        except CleanplateError as error:
            self._notes.bad(str(error))
            self._tell(str(error))
            return
        if name:
            self._notes.good(f"recorded {name}")
