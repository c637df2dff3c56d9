"""`cleanplate capture`: takes pictures of a scene, without and with people, in front of a camera."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from cleanplate.camera.capture.buttons import BACKGROUND, BUTTONS, EXIT, SAVE, PalmPress, PalmWatch, RoundButton
from cleanplate.camera.feed import camera_feed
from cleanplate.camera.program import Clock, Countdown, Program, run
from cleanplate.data.datasets.capture_writer import NO_BACKGROUND, SetWriter
from cleanplate.errors import DataError, ModelError
from cleanplate.report import drawing
from cleanplate.utils.arrays import Image
from cleanplate.utils.window import Mouse

NO_PALMS = "no palm model: cleanplate download palm; mouse and keys work"
PALM_RADIUS = 0.02
BANNER = 0.4  # its middle row, in heights
FPS = (0.05, 0.74)
_STATUS = 0.3  # left side of the label beside it, in widths
_TEXT = 0.54  # the banner's text, in widths: fits between the buttons
_HANGS = 0.5  # seconds after the end of a countdown without a frame, from which the camera counts as hanging
_HINT = 0.7  # width of the hint, up to the upper right button


@dataclass(frozen=True)
class CaptureOptions:
    """Options of `cleanplate capture`.

    Attributes:
        source: see `cleanplate.data.open.open_stream`.
        out: folder of the sets.
        background_seconds: countdown before the background is taken.
        save_seconds: countdown before a picture is saved.
        palms: detect palms, if the detector's weights are there.
        mirror: show and save mirrored pictures.
        retries: attempts to find a lost camera again.
    """

    source: str
    out: Path
    background_seconds: float = 5
    save_seconds: float = 2
    palms: bool = True
    mirror: bool = True
    retries: int = 10


class Capture(Program):
    """Saves the camera's frame after a countdown: first the background, which begins a set, then images of that set.

    The saved frame is the first one after the countdown, as it came from the feed, with nothing drawn on it.
    """

    title = "cleanplate capture"
    keys = {"b": "take the background", "s": "save a picture", "click, palm": "press a button"}  # noqa: RUF012

    def __init__(
        self,
        sets: SetWriter,
        echo: Callable[[str], None],
        *,
        background_seconds: float = 5,
        save_seconds: float = 2,
        watch: PalmWatch | None = None,
        hint: str = "",
        clock: Clock = monotonic,
    ) -> None:
        """Takes the folder, and optionally what detects palms and a hint that stays in the window."""
        super().__init__(echo, clock)
        self.sets = sets
        self.hint = hint
        self._watch = watch
        self._presses = {button: PalmPress(clock) for button in BUTTONS}
        self._countdowns = {BACKGROUND: Countdown(background_seconds, clock), SAVE: Countdown(save_seconds, clock)}
        self._frame: Image = np.full((240, 320, 3), drawing.DARK, np.uint8)

    def on_frame(self, frame: Image) -> None:
        """Detects palms that press a button, and saves the frame if a countdown has expired."""
        self._frame = frame
        if self._watch is not None and self._watch.detect(frame):
            self.hint = self._watch.unmet or self.hint
            for button, press in self._presses.items():
                if press.update([button.distance(frame, *palm.centre) for palm in self._watch.palms]):
                    self.press(button)
        # After a camera that hung both may have expired. They are served in order: a background begins a set.
        for button in sorted(self._countdowns, key=lambda button: self._countdowns[button].due):
            if self._countdowns[button].expired():
                self._save(button)

    def on_mouse(self, mouse: Mouse) -> None:
        """A left click on a button presses it."""
        if mouse.action == "down" and mouse.button == "left":
            for button in BUTTONS:
                if button.distance(self._frame, mouse.x, mouse.y) <= 1:
                    self.press(button)

    def on_key(self, name: str) -> None:
        """`b` and `s` press Bkg and Sav."""
        if name in ("b", "s"):
            self.press(BACKGROUND if name == "b" else SAVE)

    def press(self, button: RoundButton) -> None:
        """Ends the program, or starts the button's countdown unless it is running."""
        if button is EXIT:
            self.done = True
        elif button is SAVE and self.sets.folder is None and not self._countdowns[BACKGROUND].running:
            self.message.error(NO_BACKGROUND)
        else:
            self._countdowns[button].start()

    def picture(self) -> Image:
        """Returns the frame with palms, banner, buttons, numbers and messages."""
        shown = self._frame.copy()
        height, width = shown.shape[:2]
        if lines := self._lines():
            drawing.banner(shown, lines, round(BANNER * height), round(_TEXT * width))
        for button in BUTTONS:
            button.draw(shown, counting=button in self._countdowns and self._countdowns[button].running)
        for palm in self._watch.palms if self._watch is not None else []:
            centre = (round(palm.centre[0]), round(palm.centre[1]))
            drawing.disc(shown, centre, max(1, round(PALM_RADIUS * width)), drawing.RED)
        self.draw_numbers(shown)
        self.draw_hint(shown)
        self.message.draw(shown)
        return shown

    def draw_numbers(self, shown: Image) -> None:
        """Writes frames per second and the number of images in the open set."""
        height, width = shown.shape[:2]
        row = round(FPS[1] * height)
        drawing.label(shown, f"fps:{self.rate.per_second:.0f}", round(FPS[0] * width), row, drawing.MAGENTA)
        if self.sets.folder is not None:
            text = f"{self.sets.folder.name}: {_pictures(self.sets.images_in_set)}"
            drawing.label(shown, text, round(_STATUS * width), row)

    def draw_hint(self, shown: Image) -> None:
        """Writes why palms are not detected."""
        if self.hint:
            size = max(11, drawing.text_size(shown) * 3 // 4)
            drawing.paragraph(shown, self.hint, 0, 0, round(_HINT * shown.shape[1]), size=size)

    def close(self) -> None:
        """Prints how many sets and pictures were taken."""
        if self.sets.set_count:
            sets = f"{self.sets.set_count} new set{'s' * (self.sets.set_count > 1)}"
            self.echo(f"{self.sets.root}: {sets} with {_pictures(self.sets.image_count)} besides the background")

    def _save(self, button: RoundButton) -> None:
        try:
            written = self.sets.begin(self._frame) if button is BACKGROUND else self.sets.add(self._frame)
        except DataError as error:
            self.message.error(str(error))
            self.echo(f"error: {error}")
            return
        self.message.info(f"{written.parent.name}/{written.name} saved")
        self.echo(f"{written} saved")

    def _lines(self) -> list[str]:
        """Returns the banner: each countdown that runs."""
        lines = []
        for text, button in (("Taking the background", BACKGROUND), ("Saving image", SAVE)):
            countdown = self._countdowns[button]
            if countdown.running and self.clock() > countdown.due + _HANGS:
                lines.append(f"{text}: waiting for the camera")
            elif countdown.running:
                seconds = max(1, countdown.left)
                lines.append(f"{text} in {seconds} sec{'s' * (seconds > 1)}")
        return lines


def capture_command(options: CaptureOptions, echo: Callable[[str], None]) -> None:
    """Runs `cleanplate capture`; `echo` prints a line for the user.

    Raises:
        ConfigError: if there is no display.
        DataError: if the source gives no frames, or the folder cannot be written to.
    """
    feed = camera_feed(options.source, mirrored=options.mirror, echo=echo, retries=options.retries)
    watch, hint = palm_watch(echo) if options.palms else (None, "")
    program = Capture(
        SetWriter(options.out),
        echo,
        background_seconds=options.background_seconds,
        save_seconds=options.save_seconds,
        watch=watch,
        hint=hint,
    )
    run(program, feed)


def palm_watch(echo: Callable[[str], None]) -> tuple[PalmWatch | None, str]:
    """Returns what detects palms; where that is not possible, `None` and a hint for the window."""
    from cleanplate.camera.capture.palm_detector import PalmDetector

    try:
        return PalmWatch(PalmDetector()), ""
    except ModelError as error:
        echo(f"{error}; mouse and keys work")
        return None, NO_PALMS


def _pictures(count: int) -> str:
    return f"{count} picture{'s' * (count != 1)}"
