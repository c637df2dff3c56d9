"""`cleanplate mirror`: a person in front of a camera gets a mirrored double."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cleanplate.camera.live.double import doubled
from cleanplate.camera.live.options import MirrorOptions
from cleanplate.camera.live.recorder import OutputFolder
from cleanplate.camera.live.scene_learning import Phase
from cleanplate.camera.live.scene_program import SceneProgram, run_scene
from cleanplate.report import drawing
from cleanplate.report.frame_result import FrameResult
from cleanplate.utils.arrays import Image
from cleanplate.utils.window import Mouse


class Mirror(SceneProgram):
    """A click learns the empty scene; the next ones show and hide the double."""

    title: ClassVar[str] = "cleanplate mirror"
    keys: ClassVar[Mapping[str, str]] = {
        "click": "learn the scene, then the double",
        "l": "learn the empty scene again",
        "d": "the double on and off",
        "w": "its shadow on and off",
        "s": "snapshot",
        "r": "record",
    }

    def __init__(self, *args: Any, shadow: bool = True, **kwargs: Any) -> None:
        """Takes the arguments of `SceneProgram`, and whether the double casts a shadow."""
        super().__init__(*args, **kwargs)
        self.double = False
        self.shadow = shadow
        self._tried = False
        self._viewed: tuple[FrameResult, bool, Image] | None = None

    def on_first_frame(self) -> None:
        """Waits for a click."""

    @property
    def learning_rate(self) -> float:
        """0: a person who stands still must not become background."""
        return 0.0

    def learn(self) -> None:
        """Starts learning and hides the double."""
        self.double = False
        super().learn()

    def view(self) -> Image:
        """Returns the frame with the double, if it is shown."""
        if self.result is None or not self.double:
            return self.frame
        if self._viewed is None or self._viewed[0] is not self.result or self._viewed[1] != self.shadow:
            self._viewed = (self.result, self.shadow, self._doubled(self.result))
        return self._viewed[2]

    def picture(self) -> Image:
        """Adds what the next click does, until the user has tried it."""
        picture = super().picture()
        if self.phase is Phase.IDLE:
            lines = ["Click, then leave the picture", "The empty scene is learnt first"]
            drawing.banner(picture, lines, round(0.4 * picture.shape[0]))
        elif self.phase is Phase.READY and not self._tried:
            drawing.banner(picture, ["Come back, and click"], round(0.85 * picture.shape[0]))
        return picture

    def on_mouse(self, mouse: Mouse) -> None:
        """A left click learns, or toggles the double."""
        if mouse.action == "down" and mouse.button == "left":
            self._click()

    def on_key(self, name: str) -> None:
        """`space` clicks, `d` toggles the double, `w` its shadow; others see `SceneProgram`."""
        if name in {"space", "enter"}:
            self._click()
        elif name == "d" and self.phase is Phase.READY:
            self._toggle()
        elif name == "d":
            self.message.error("the empty scene must be learnt first: click")
        elif name == "w":
            self.shadow = not self.shadow
            self.message.info("with a shadow" if self.shadow else "without a shadow")
        else:
            super().on_key(name)

    def snapshot_images(self, result: FrameResult) -> dict[str, Image]:
        """Adds the picture with the double."""
        return {**super().snapshot_images(result), "double": self._doubled(result)}

    def _doubled(self, result: FrameResult) -> Image:
        return doubled(result.frame, result.mask, result.background if self.shadow else None)

    def _click(self) -> None:
        if self.phase in {Phase.IDLE, Phase.FAILED}:
            self.learn()
        elif self.phase is Phase.READY:
            self._toggle()

    def _toggle(self) -> None:
        self.double = not self.double
        self._tried = True


def mirror_command(options: MirrorOptions, echo: Callable[[str], None]) -> bool:
    """Runs `cleanplate mirror`; returns `False` if a thread still computes.

    Raises:
        CleanplateError: for what a user can mend.
    """
    output = OutputFolder(options.out)
    program = Mirror(options.model_factory(), options.timing, output, echo, shadow=options.shadow)
    return run_scene(program, options, mirrored=True)
