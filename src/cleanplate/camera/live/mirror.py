"""`cleanplate mirror`, play with yourself: a person before a camera gets a mirrored double."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import ClassVar

from cleanplate.camera.feed import camera_feed
from cleanplate.camera.live.double import doubled
from cleanplate.camera.live.given import DEFAULT_MODEL, Given
from cleanplate.camera.live.learning import Phase, Timing
from cleanplate.camera.live.scene_program import Making, SceneProgram
from cleanplate.camera.program import run
from cleanplate.camera.timing import Clock
from cleanplate.report import drawing
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image
from cleanplate.utils.window import Mouse

_CLICKED = {"space", "enter"}


@dataclass(frozen=True)
class Asked:
    """What the user asked for.

    Attributes:
        source: see `cleanplate.camera.feed.camera_feed`.
        model: name or checkpoint.
        settings: `key=value` each, of the model.
        timing: of the learning.
        out: folder for snapshots and recordings, or a video file.
        shadow: whether the double throws a shadow.
        retries: attempts to find a lost camera again.
    """

    source: str = "0"
    model: str = DEFAULT_MODEL
    settings: tuple[str, ...] = ()
    timing: Timing = field(default_factory=lambda: Timing(3.0, 3.0))
    out: Path = Path("mirror")
    shadow: bool = True
    retries: int = 10


class Mirror(SceneProgram):
    """See the module."""

    title: ClassVar[str] = "cleanplate mirror"
    keys: ClassVar[Mapping[str, str]] = {
        "click": "learn the scene, then the double",
        "l": "learn the empty scene again",
        "d": "the double on and off",
        "w": "its shadow on and off",
        "s": "snapshot",
        "r": "record",
    }

    def __init__(
        self,
        given: Given,
        tell: Callable[[str], None],
        clock: Clock = monotonic,
        worker: Making | None = None,
        *,
        shadow: bool = True,
    ) -> None:
        """Args: as `SceneProgram`; whether the double throws a shadow."""
        super().__init__(given, tell, clock, worker)
        self.double = False
        self.shadow = shadow
        self._tried = False
        self._viewed: tuple[FrameResult, bool, Image] | None = None

    def begin(self) -> None:
        """Nothing: a click begins."""

    @property
    def learning_rate(self) -> float:
        """0: a person who stands still must not become part of the scene."""
        return 0.0

    def learn(self) -> None:
        """See `SceneProgram.learn`: the double leaves, too."""
        self.double = False
        super().learn()

    def view(self) -> Image:
        """See `SceneProgram.view`."""
        if self.shot is None or not self.double:
            return self.frame
        seen = self._viewed
        if seen is None or seen[0] is not self.shot or seen[1] != self.shadow:
            plate = self.shot.background if self.shadow else None
            seen = self._viewed = (self.shot, self.shadow, doubled(self.shot.frame, self.shot.mask, plate))
        return seen[2]

    def picture(self) -> Image:
        """See `SceneProgram.picture`; says what a click does until it was tried."""
        picture = super().picture()
        if self.phase is Phase.NOT_ASKED:
            lines = ["Click, then leave the picture", "The empty scene is learnt first"]
            drawing.banner(picture, lines, round(0.4 * picture.shape[0]))
        elif self.phase is Phase.READY and not self._tried:
            drawing.banner(picture, ["Come back, and click"], round(0.85 * picture.shape[0]))
        return picture

    def on_mouse(self, mouse: Mouse) -> None:
        """See `Program.on_mouse`."""
        if mouse.action == "down" and mouse.button == "left":
            self._click()

    def on_key(self, name: str) -> None:
        """See `Program.on_key`."""
        if name in _CLICKED:
            self._click()
        elif name == "d" and self.phase is Phase.READY:
            self._toggle()
        elif name == "d":
            self.notes.bad("the empty scene must be learnt first: click")
        elif name == "w":
            self.shadow = not self.shadow
            self.notes.good("with a shadow" if self.shadow else "without a shadow")
        else:
            super().on_key(name)

    def pictures_to_keep(self, shot: FrameResult) -> dict[str, Image]:
        """See `SceneProgram.pictures_to_keep`."""
        plate = shot.background if self.shadow else None
        return {**super().pictures_to_keep(shot), "double": doubled(shot.frame, shot.mask, plate)}

    def _click(self) -> None:
        if self.phase in {Phase.NOT_ASKED, Phase.FAILED}:
            self.learn()
        elif self.phase is Phase.READY:
            self._toggle()

    def _toggle(self) -> None:
        self.double = not self.double
        self._tried = True


def mirror_command(asked: Asked, tell: Callable[[str], None]) -> bool:
    """Runs the program; returns whether all of it has ended, see `Worker.close`.

    Raises:
        CleanplateError: for what a user can mend.
    """
    given = Given.asked(asked.model, asked.settings, asked.timing, asked.out)
    feed = camera_feed(asked.source, mirrored=True, tell=tell, retries=asked.retries)
    program = Mirror(given, tell, shadow=asked.shadow)
    if given.place.video is not None:
        program.record()
    run(program, feed)
    return not program.hangs
