"""`cleanplate capture`: pictures of a scene, with and without people, taken before a camera."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from cleanplate.camera.capture.buttons import BACKGROUND, BUTTONS, EXIT, SAVE, RoundButton
from cleanplate.camera.capture.captured_sets import NO_PLATE, CapturedSets
from cleanplate.camera.capture.pointing import PalmWatch, Press
from cleanplate.camera.feed import camera_feed
from cleanplate.camera.notes import Notes
from cleanplate.camera.program import Program, run
from cleanplate.camera.timing import Clock, Countdown
from cleanplate.errors import DataError, ModelError
from cleanplate.report import drawing
from cleanplate.utils.arrays import Image
from cleanplate.utils.window import Mouse

NO_PALMS = "no palm model: cleanplate download palm; mouse and keys work"
PALM_RADIUS = 0.02
BANNER = 0.4  # its middle, in heights
FPS = (0.05, 0.74)
_STATUS = 0.3  # left side of the plate beside it, in widths
_TEXT = 0.54  # widths between the buttons' circles, less a little
_HANGS = 0.5  # seconds after which a camera gives no picture for a countdown that is over
_HINT = 0.7  # widths to the left of the button at the upper right


class Capture(Program):
    """Counts down, then saves the camera's picture: the background first, which begins a set, then what belongs to it.

    What is saved is the picture that came from the camera, mirrored if the program is shown a mirrored one, without
    anything that is drawn. It is the first one after the countdown is over: of a camera that hangs just then, the first
    when it is back.
    """

    title = "cleanplate capture"
    keys = {"b": "take the background", "s": "save a picture", "click, palm": "press a button"}  # noqa: RUF012

    def __init__(
        self,
        sets: CapturedSets,
        tell: Callable[[str], None],
        *,
        background_seconds: float = 5,
        save_seconds: float = 2,
        watch: PalmWatch | None = None,
        hint: str = "",
        clock: Clock = monotonic,
    ) -> None:
        """Args: where pictures go, what finds palms, if anything, and a hint that stays in the window."""
        super().__init__(tell, clock)
        self.sets = sets
        self.notes = Notes(clock)
        self.hint = hint
        self._watch = watch
        self._presses = {button: Press(clock) for button in BUTTONS}
        self._counts = {BACKGROUND: Countdown(background_seconds, clock), SAVE: Countdown(save_seconds, clock)}
        self._frame: Image = np.full((240, 320, 3), drawing.DARK, np.uint8)

    def see(self, frame: Image) -> None:
        """Looks for palms that press a button, and saves the picture if a countdown is over."""
        self._frame = frame
        if self._watch is not None and self._watch.looks(frame):
            self.hint = self._watch.unmet or self.hint
            for button, press in self._presses.items():
                if press.by([button.away(frame, *palm.centre) for palm in self._watch.palms]):
                    self.press(button)
        # After a camera that hung both may be over: what was due first comes first, for a background begins a set.
        for button in sorted(self._counts, key=lambda button: self._counts[button].due):
            if self._counts[button].rings():
                self._take(button)

    def on_mouse(self, mouse: Mouse) -> None:
        """A left click on a button presses it."""
        if mouse.action == "down" and mouse.button == "left":
            for button in BUTTONS:
                if button.away(self._frame, mouse.x, mouse.y) <= 1:
                    self.press(button)

    def on_key(self, name: str) -> None:
        """`b` and `s` press Bkg and Sav."""
        for key, button in (("b", BACKGROUND), ("s", SAVE)):
            if name == key:
                self.press(button)

    def press(self, button: RoundButton) -> None:
        """Ends the program, or starts the countdown; one that runs goes on."""
        if button is EXIT:
            self.done = True
        elif button is SAVE and self.sets.folder is None and not self._counts[BACKGROUND].running:
            self.notes.bad(NO_PLATE)
        else:
            self._counts[button].start()

    def picture(self) -> Image:
        """The camera's picture with palms, banner, buttons, numbers and messages."""
        shown = self._frame.copy()
        height, width = shown.shape[:2]
        lines = self._lines()
        if lines:
            drawing.banner(shown, lines, round(BANNER * height), round(_TEXT * width))
        for button in BUTTONS:
            button.draw(shown, counting=button in self._counts and self._counts[button].running)
        for palm in self._watch.palms if self._watch is not None else []:
            centre = (round(palm.centre[0]), round(palm.centre[1]))
            drawing.disc(shown, centre, max(1, round(PALM_RADIUS * width)), drawing.RED)
        self.draw_numbers(shown)
        self.draw_hint(shown)
        self.notes.draw(shown)
        return shown

    def draw_numbers(self, shown: Image) -> None:
        """Frames per second, and what the set that is open has come to."""
        height, width = shown.shape[:2]
        row = round(FPS[1] * height)
        drawing.label(shown, f"fps:{self.rate.per_second:.0f}", round(FPS[0] * width), row, drawing.MAGENTA)
        if self.sets.folder is not None:
            drawing.label(shown, f"{self.sets.folder.name}: {_pictures(self.sets.here)}", round(_STATUS * width), row)

    def draw_hint(self, shown: Image) -> None:
        """Why palms are not looked for."""
        if self.hint:
            size = max(11, drawing.text_size(shown) * 3 // 4)
            drawing.paragraph(shown, self.hint, 0, 0, round(_HINT * shown.shape[1]), size=size)

    def close(self) -> None:
        """Says what there is now."""
        if self.sets.sets:
            sets = f"{self.sets.sets} new set{'s' * (self.sets.sets > 1)}"
            self.tell(f"{self.sets.root}: {sets} with {_pictures(self.sets.pictures)} besides the background")

    def _take(self, button: RoundButton) -> None:
        try:
            written = self.sets.begin(self._frame) if button is BACKGROUND else self.sets.add(self._frame)
        except DataError as error:
            self.notes.bad(str(error))
            self.tell(f"error: {error}")
            return
        saved = f"{written.parent.name}/{written.name} saved"
        self.notes.good(saved)
        self.tell(f"{written} saved")

    def _lines(self) -> list[str]:
        words = {BACKGROUND: "Taking the background", SAVE: "Saving image"}
        lines = []
        for button, count in self._counts.items():
            if count.running and self.clock() > count.due + _HANGS:
                lines.append(f"{words[button]}: waiting for the camera")
            elif count.running:
                seconds = max(1, count.left)
                lines.append(f"{words[button]} in {seconds} sec{'s' * (seconds > 1)}")
        return lines


@dataclass(frozen=True)
class Asked:
    """What the user asked for.

    Attributes:
        source: see `cleanplate.data.open.open_stream`.
        out: folder of the sets.
        background_seconds: countdown before the background is taken.
        save_seconds: countdown before a picture is saved.
        palms: look for palms, if the detector's weights are there.
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


def capture_command(asked: Asked, tell: Callable[[str], None]) -> None:
    """`cleanplate capture`.

    Args:
        asked: what for.
        tell: takes a line for the user.

    Raises:
        ConfigError: if there is no display.
        DataError: if the source gives no pictures, or the folder cannot be written to.
    """
    feed = camera_feed(asked.source, mirrored=asked.mirror, tell=tell, retries=asked.retries)
    watch, hint = found_palms(tell) if asked.palms else (None, "")
    program = Capture(
        CapturedSets(asked.out),
        tell,
        background_seconds=asked.background_seconds,
        save_seconds=asked.save_seconds,
        watch=watch,
        hint=hint,
    )
    run(program, feed)


def found_palms(tell: Callable[[str], None]) -> tuple[PalmWatch | None, str]:
    """What finds palms, and, where nothing does, a line for the window."""
    from cleanplate.camera.capture.palms import PalmDetector

    try:
        return PalmWatch(PalmDetector()), ""
    except ModelError as error:
        tell(f"{error}; mouse and keys work")
        return None, NO_PALMS


def _pictures(count: int) -> str:
    return f"{count} picture{'s' * (count != 1)}"
