"""Writes snapshots and recordings of a program into numbered files that never replace others."""

import contextlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from cleanplate.camera.live.video_recording import VideoRecording
from cleanplate.camera.program import Clock, Message
from cleanplate.data.io.images import replace_image
from cleanplate.errors import CleanplateError, ConfigError
from cleanplate.report import drawing
from cleanplate.report.text import width_of
from cleanplate.utils.arrays import Image
from cleanplate.utils.files import unwritable

_VIDEOS = frozenset({".mp4", ".mov", ".mkv"})


class OutputFolder:
    """The folder of all files; or one video file, with everything else beside it.

    Attributes:
        folder: where files are written.
        video: the first recording, if the user named a file.
    """

    def __init__(self, out: Path) -> None:
        """Checks that it can be written; creates nothing yet.

        Raises:
            ConfigError: if a file is in the way of the folder, the video exists, or its suffix is no video's.
        """
        self.video = out if out.suffix.lower() in _VIDEOS and not out.is_dir() else None
        if self.video is not None and self.video.exists():
            raise ConfigError(f"-o {out}: is there already and is not written over; give another name, or a folder")
        if self.video is None and out.suffix and not out.exists():
            known = ", ".join(sorted(_VIDEOS))
            raise ConfigError(f"-o {out}: a recording's name ends in {known}; give one, or a folder")
        self.folder = out if self.video is None else out.parent
        _check(self.folder)

    def snapshot(self, images: Mapping[str, Image]) -> str:
        """Writes images as `snapshot-N-NAME.png` with one number for all; returns `snapshot-N`.

        Raises:
            DataError: if one cannot be written; none of them is left then.
        """
        snapshot = f"snapshot-{self._number('snapshot')}"
        paths = [self.folder / f"{snapshot}-{name}.png" for name in images]
        for path, image in zip(paths, images.values(), strict=True):
            try:
                replace_image(path, image)
            except OSError as error:
                for written in paths:
                    with contextlib.suppress(OSError):
                        written.unlink()
                raise unwritable(path, error) from error
        return snapshot

    def recording(self) -> Path:
        """Returns the file of the next recording: the named video first, then `recording-N.mp4`.

        Raises:
            DataError: if its folder cannot be created.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        if self.video is not None and not self.video.exists():
            return self.video
        return self.folder / f"recording-{self._number('recording')}.mp4"

    def _number(self, kind: str) -> str:
        """Returns the number above all numbers of that kind in the folder."""
        pattern = re.compile(rf"\.?{kind}-(\d+)\b.*")
        try:
            names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        except OSError as error:
            raise unwritable(self.folder, error) from error
        taken = [int(match[1]) for name in names if (match := pattern.match(name))]
        return f"{max(taken, default=0) + 1:03d}"


class Recorder:
    """Writes snapshots and recordings on demand. Errors are shown, and the program goes on."""

    def __init__(self, output: OutputFolder, message: Message, echo: Callable[[str], None], clock: Clock) -> None:
        """Takes the folder, the window's message, what prints a line for the user, and a clock."""
        self._output = output
        self._message = message
        self._echo = echo
        self._clock = clock
        self._recording: VideoRecording | None = None

    @property
    def recording(self) -> bool:
        """Whether it is recording."""
        return self._recording is not None

    def snapshot(self, images: Mapping[str, Image]) -> None:
        """Writes images, by name, under one number."""
        try:
            self._message.info(f"kept as {self._output.snapshot(images)}")
        except CleanplateError as error:
            self._message.error(str(error))

    def toggle(self, rate: float) -> None:
        """Stops the recording, or starts one at `rate` frames per second."""
        if self.recording:
            self._stop()
            return
        try:
            self.start(rate)
        except CleanplateError as error:
            self._message.error(str(error))

    def start(self, rate: float) -> None:
        """Starts a recording at `rate` frames per second, 0 if unknown.

        Raises:
            DataError: if it cannot be written.
        """
        self._recording = VideoRecording(self._output.recording(), rate, self._clock)

    def add(self, picture: Image) -> None:
        """Adds what is shown from now on to the recording; it must not be changed later."""
        if self._recording is not None:
            self._recording.add(picture)
            if self._recording.error is not None:
                self._stop()

    def close(self) -> None:
        """Completes the recording, if there is one.

        Raises:
            DataError: if it could not be completed.
        """
        recording, self._recording = self._recording, None
        if recording is not None and recording.started:
            recording.stop()
            self._echo(f"{recording.path}: recorded")

    def draw(self, picture: Image, margin: int) -> None:
        """Writes the recording's length into the upper right corner."""
        if self._recording is None:
            return
        minutes, seconds = divmod(int(self._recording.seconds), 60)
        text, size = f"rec {minutes}:{seconds:02d}", drawing.text_size(picture)
        left = picture.shape[1] - width_of(text, size) - 2 * (size // 3) - margin
        drawing.label(picture, text, left, margin, drawing.RED)

    def _stop(self) -> None:
        name = self._recording.path.name if self._recording is not None and self._recording.started else ""
        try:
            self.close()
        except CleanplateError as error:
            self._message.error(str(error))
            self._echo(str(error))
            return
        if name:
            self._message.info(f"recorded {name}")


def _check(folder: Path) -> None:
    """Raises a `ConfigError` if the folder cannot be created or written to."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise ConfigError(f"-o {folder}: {existing} is a file, no folder; give another name")
    try:
        probe = existing / ".cleanplate-probe"
        probe.write_bytes(b"\0")
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"-o {folder}: cannot be written: {error.strerror or error}; mend the permissions, or give another folder"
        ) from error
