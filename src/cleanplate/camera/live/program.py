"""`cleanplate live`: learns the empty scene in front of a camera and shows what enters it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar

import cv2
import numpy as np

from cleanplate.camera.live.options import ADAPT, LiveOptions
from cleanplate.camera.live.recorder import OutputFolder
from cleanplate.camera.live.scene_learning import Phase
from cleanplate.camera.live.scene_program import SceneProgram, run_scene
from cleanplate.data.io.images import read_color
from cleanplate.report.colours import tinted
from cleanplate.report.frame_result import FrameResult, blurred, center_crop, on_background
from cleanplate.report.text import Colour
from cleanplate.utils.arrays import Image

GREEN_SCREEN: Colour = (64, 177, 0)
"""The green that video programs key out."""

BACKGROUND = "background"

_SHRINK = 4  # a blurred picture needs only every fourth pixel

View = Callable[[FrameResult], Image]


class Live(SceneProgram):
    """Shows the model's result in one of several views, and the background in a second window."""

    title: ClassVar[str] = "cleanplate live"
    keys: ClassVar[Mapping[str, str]] = {
        "l": "learn the empty scene again",
        "f": "freeze: learn no more",
        "m": "another view",
        "g": "background window",
        "s": "snapshot",
        "r": "record",
    }

    def __init__(self, *args: Any, adapt: float = ADAPT, scenery: Image | None = None, **kwargs: Any) -> None:
        """Takes the arguments of `SceneProgram`, the learning rate, and a picture to replace the background by."""
        super().__init__(*args, **kwargs)
        self.frozen = False
        self.shows_background = True
        self._adapt = adapt
        self._views = views(scenery)
        self._name = next(iter(self._views))
        self._viewed: tuple[FrameResult, str, Image] | None = None
        self._background: Image | None = None

    def on_first_frame(self) -> None:
        """Starts learning: streaming models at once, others with the countdown."""
        self.relearn()

    def relearn(self) -> None:
        """Learns the scene again."""
        if self.first_model.streaming:
            self.start_streaming()
        else:
            self.learn()

    @property
    def learning_rate(self) -> float:
        """0 while frozen; else `adapt` for a fitted model that can follow, and the model's own for others."""
        if self.frozen:
            return 0.0
        model = self.learner.model
        return self._adapt if model is not None and model.adapts else -1.0

    def view(self) -> Image:
        """Returns the result in the chosen view; the frame while there is none."""
        if self.result is None:
            return self.frame
        if self._viewed is None or self._viewed[0] is not self.result or self._viewed[1] != self._name:
            self._viewed = (self.result, self._name, self._views[self._name](self.result))
        return self._viewed[2]

    def side_windows(self) -> Mapping[str, Image | None]:
        """Returns the model's latest background."""
        if self.result is not None and self.result.background is not None:
            self._background = self.result.background
        return {BACKGROUND: self._background if self.shows_background else None}

    def status(self) -> str:
        """Returns model, frames per second and whether it is frozen."""
        return super().status() + ("  frozen" if self.frozen else "")

    def on_key(self, name: str) -> None:
        """`f` freezes, `m` changes the view, `g` toggles the background's window; others see `SceneProgram`."""
        if name == "f":
            self._freeze()
        elif name == "m":
            names = list(self._views)
            self._name = names[(names.index(self._name) + 1) % len(names)]
            self.message.info(self._name)
        elif name == "g":
            self.shows_background = not self.shows_background
        else:
            super().on_key(name)

    def snapshot_images(self, result: FrameResult) -> dict[str, Image]:
        """Adds the overlay."""
        return {**super().snapshot_images(result), "overlay": tinted(result.frame, result.mask)}

    def _freeze(self) -> None:
        model = self.learner.model
        if self.phase is Phase.READY and model is not None and not (model.streaming or model.adapts):
            self.message.info(f"{model.name} learns nothing more by itself: it is frozen anyway")
        else:
            self.frozen = not self.frozen


def live_command(options: LiveOptions, echo: Callable[[str], None]) -> bool:
    """Runs `cleanplate live`; returns `False` if a thread still computes.

    Raises:
        CleanplateError: for what a user can mend.
    """
    scenery = None if options.background is None else read_color(options.background)
    output = OutputFolder(options.out)
    program = Live(options.model_factory(), options.timing, output, echo, adapt=options.adapt, scenery=scenery)
    mirrored = options.source.isdecimal() if options.mirror is None else options.mirror
    return run_scene(program, options, mirrored=mirrored)


def views(scenery: Image | None = None) -> Mapping[str, View]:
    """Returns the views of a result, by name, in the order in which the key steps through them.

    Args:
        scenery: a picture to replace the background by; without one there is no view `replaced`.
    """
    found: dict[str, View] = {
        "overlay": lambda result: tinted(result.frame, result.mask),
        "mask": lambda result: np.asarray(cv2.cvtColor(result.mask, cv2.COLOR_GRAY2BGR), np.uint8),
        "cut out": lambda result: on_background(result.frame, result.mask, _green(result.frame.shape[:2])),
        "blurred": lambda result: on_background(
            result.frame, result.mask, _out_of_focus(result.frame if result.background is None else result.background)
        ),
    }
    if scenery is not None:
        fitted = cache(lambda height, width: center_crop(scenery, (height, width)))
        found["replaced"] = lambda result: on_background(result.frame, result.mask, fitted(*result.frame.shape[:2]))
    return found


@cache
def _green(size: tuple[int, int]) -> Image:
    return np.full((*size, 3), GREEN_SCREEN, np.uint8)


def _out_of_focus(picture: Image) -> Image:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // _SHRINK), max(1, height // _SHRINK)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(blurred(np.asarray(small, np.uint8)), (width, height)), np.uint8)
