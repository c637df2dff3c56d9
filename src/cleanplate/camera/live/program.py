"""`cleanplate live`: learns the empty scene before a camera, and shows what has come into it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import ClassVar

from cleanplate.camera.feed import camera_feed
from cleanplate.camera.live.given import DEFAULT_MODEL, Given
from cleanplate.camera.live.learning import Phase, Timing
from cleanplate.camera.live.scene_program import Making, SceneProgram
from cleanplate.camera.live.views import View, views
from cleanplate.camera.program import run
from cleanplate.camera.timing import Clock
from cleanplate.data.io.images import read_color
from cleanplate.report.colours import tinted
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image

ADAPT = 0.005
"""Learning rate of models that can follow the light after they were fitted.

They take over only what they take for background, so that a person who sits still stays. On four sets of a person
before a camera F of `median` goes from 0.911 to 0.917 by a rate of 0.002, and where the light fades by 15 % from 0.894
to 0.908 by 0.01.
"""

BACKGROUND = "background"


@dataclass(frozen=True)
class Asked:
    """What the user asked for.

    Attributes:
        source: see `cleanplate.camera.feed.camera_feed`.
        model: name or checkpoint.
        settings: `key=value` each, of the model.
        timing: of the learning.
        out: folder for snapshots and recordings, or a video file.
        adapt: learning rate of models that can go on learning after they were fitted.
        background: picture to put the foreground before.
        mirror: whether left and right are exchanged; `None` where the source is a webcam.
        retries: attempts to find a lost camera again.
    """

    source: str = "0"
    model: str = DEFAULT_MODEL
    settings: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)
    out: Path = Path("live")
    adapt: float = ADAPT
    background: Path | None = None
    mirror: bool | None = None
    retries: int = 10


class Live(SceneProgram):
    """See the module."""

    title: ClassVar[str] = "cleanplate live"
    keys: ClassVar[Mapping[str, str]] = {
        "l": "learn the empty scene again",
        "f": "freeze: learn no more",
        "m": "another view",
        "g": "background window",
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
        adapt: float = ADAPT,
        scenery: Image | None = None,
    ) -> None:
        """Args: as `SceneProgram`; `adapt` and `scenery` as `Asked.adapt` and `Asked.background`."""
        super().__init__(given, tell, clock, worker)
        self.frozen = False
        self.shows_background = True
        self._adapt = adapt
        self._views: Mapping[str, View] = views(scenery)
        self._view = next(iter(self._views))
        self._viewed: tuple[FrameResult, str, Image] | None = None
        self._background: Image | None = None

    def begin(self) -> None:
        """What learns online starts at once, all else with the countdown."""
        self.relearn()

    def relearn(self) -> None:
        """See `SceneProgram.relearn`."""
        if self._given.model.streaming:
            self.start_anew()
        else:
            self.learn()

    @property
    def learning_rate(self) -> float:
        """0 while frozen; else the model's own, or `adapt` of a model that was fitted and can follow."""
        if self.frozen:
            return 0.0
        model = self.learning.model
        return self._adapt if model is not None and model.adapts else -1.0

    def view(self) -> Image:
        """See `SceneProgram.view`."""
        if self.shot is None:
            return self.frame
        seen = self._viewed
        if seen is None or seen[0] is not self.shot or seen[1] != self._view:
            seen = self._viewed = (self.shot, self._view, self._views[self._view](self.shot))
        return seen[2]

    def beside(self) -> Mapping[str, Image | None]:
        """The background, as the model has it now."""
        if self.shot is not None and self.shot.background is not None:
            self._background = self.shot.background
        return {BACKGROUND: self._background if self.shows_background else None}

    def status(self) -> str:
        """See `SceneProgram.status`."""
        return super().status() + ("  frozen" if self.frozen else "")

    def on_key(self, name: str) -> None:
        """See `Program.on_key`."""
        if name == "f":
            self._freeze()
        elif name == "m":
            names = list(self._views)
            self._view = names[(names.index(self._view) + 1) % len(names)]
            self.notes.good(self._view)
        elif name == "g":
            self.shows_background = not self.shows_background
        else:
            super().on_key(name)

    def pictures_to_keep(self, shot: FrameResult) -> dict[str, Image]:
        """See `SceneProgram.pictures_to_keep`."""
        return {**super().pictures_to_keep(shot), "overlay": tinted(shot.frame, shot.mask)}

    def _freeze(self) -> None:
        model = self.learning.model
        if self.phase is Phase.READY and model is not None and not (model.streaming or model.adapts):
            self.notes.good(f"{model.name} learns nothing more by itself: it is frozen anyway")
            return
        self.frozen = not self.frozen


def live_command(asked: Asked, tell: Callable[[str], None]) -> bool:
    """Runs the program; returns whether all of it has ended, see `Worker.close`.

    Raises:
        CleanplateError: for what a user can mend.
    """
    scenery = None if asked.background is None else read_color(asked.background)
    given = Given.asked(asked.model, asked.settings, asked.timing, asked.out)
    mirrored = asked.source.isdecimal() if asked.mirror is None else asked.mirror
    feed = camera_feed(asked.source, mirrored=mirrored, tell=tell, retries=asked.retries)
    program = Live(given, tell, adapt=asked.adapt, scenery=scenery)
    if given.place.video is not None:
        program.record()
    run(program, feed)
    return not program.hangs
