"""OpenCV's background subtractors, each with its own mask as the score.

MOG2: Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction", 2004. KNN: Zivkovic and van der
Heijden, "Efficient adaptive density estimation per image pixel", 2006. GSOC: Samsonov, Google Summer of Code 2017, no
paper. CNT: Zeevi, "BackgroundSubtractorCNT", 2016, no paper. LSBP: Guo, Xu and Qiang, "Background subtraction using
local SVD binary pattern", 2016. The last three live in `cv2.bgsegm` and are listed only where OpenCV has it.

These models work pixel by pixel and forget. On scenes with a still background MOG2 and KNN are worse than `median`:
single pixels of noise and shadow become foreground, and people who stay become background. In return they need no fit.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import cv2
import numpy as np

from cleanplate.errors import ModelError
from cleanplate.foreground import PRESETS, ForegroundHead, ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.models.registry import register
from cleanplate.models.statistical.opencv.options import CntOptions, GsocOptions, KnnOptions, LsbpOptions, Mog2Options
from cleanplate.models.types import Estimate, check_learning_rate
from cleanplate.utils.arrays import Image

CONTRIB_PACKAGE = "opencv-contrib-python"

# For a background that was learnt online and then held: no noise was measured with it.
_FROZEN = ForegroundOptions(support=0.0, threshold=22.0)


class OpenCvSubtractor(BackgroundModel):
    """A subtractor of OpenCV: learns from every frame it is shown.

    The score is OpenCV's own mask, 255 foreground, 127 shadow, 0 background; the threshold lets only 255 pass. A
    learning rate goes through to OpenCV. At 0 a model that cannot stop learning is not asked: its last background is
    compared with the frame, as for models that are only a background.

    OpenCV does not give out what a subtractor has learnt. A checkpoint therefore holds the configuration only, and a
    model that is loaded starts afresh; saving one that has seen frames is refused, for they would be lost.
    """

    family = "statistical"
    not_exportable = "OpenCV does not give out what its subtractor has learnt"
    streaming = True
    # What the field reports of these: their own mask after a median filter.
    foreground_defaults: ClassVar[ForegroundOptions] = PRESETS["opencv"]
    module: ClassVar[str] = "cv2"
    factory: ClassVar[str]
    keywords: ClassVar[dict[str, str]]
    """OpenCV's name for each option."""
    freezes: ClassVar[bool] = False
    """Whether OpenCV stops learning at rate 0. KNN learns fastest then; CNT, GSOC and LSBP go on as ever."""
    gray: ClassVar[bool] = False
    """Whether OpenCV's background has no colour."""

    def __init__(self, options: Any = None, foreground: ForegroundOptions | None = None) -> None:
        super().__init__(options, foreground)
        self._subtractor = self._fresh()
        self._frozen_head = ForegroundHead(_FROZEN)
        self._unasked: Image | None = None  # the last frame, where nobody has asked for the background since

    @classmethod
    def unmet(cls) -> str:
        """See `BackgroundModel.unmet`."""
        if hasattr(cv2, cls.module.removeprefix("cv2.")) or cls.module == "cv2":
            return ""
        return (
            f"{cls.name} needs {cls.module}, which opencv-python lacks; uninstall opencv-python and install "
            f"{CONTRIB_PACKAGE} in its place (side by side they overwrite each other)"
        )

    def state_dict(self) -> dict[str, Any]:
        """No more than a fresh model has: OpenCV keeps what it learnt to itself."""
        return {"size": None, "background": None}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Starts afresh."""
        super().load_state_dict(state)
        self._subtractor = self._fresh()
        self._unasked = None

    def reset(self) -> None:
        """Starts afresh: all that a subtractor knows are the frames it has seen."""
        self.load_state_dict(OpenCvSubtractor.state_dict(self))

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`: raises `ModelError` once a frame was seen."""
        if self._background is not None or self._unasked is not None:
            raise ModelError(
                f"{self.name}: OpenCV does not give out what its subtractor has learnt, so it cannot be saved in the "
                "midst of a stream; reset() it first and show it the last frames again after loading, or use a model "
                "that is fitted, such as median"
            )
        return {}

    def _fresh(self) -> Any:
        home = import_module(self.module)
        values = {self.keywords[key]: value for key, value in self.options.model_dump().items()}
        return getattr(home, self.factory)(**values)

    def apply(self, frame: Image, learning_rate: float = -1.0) -> Image:
        """See `BackgroundModel.apply`. The background, which costs as much again, is made once somebody asks for it."""
        if self.head.options.shadows or (learning_rate == 0 and not self.freezes):
            return super().apply(frame, learning_rate)
        check_learning_rate(learning_rate, self.name)
        frame = self._checked_frame(frame)
        mask = self._subtractor.apply(frame, learningRate=learning_rate)
        self._unasked = frame.copy()  # callers may use their array again
        return self.head.mask(mask.astype(np.float32), frame, frame)

    @property
    def background(self) -> Image:
        """See `BackgroundModel.background`."""
        self._ask()
        return super().background

    def _ask(self) -> None:
        """Works the background out if it was not since the last frame."""
        if self._unasked is not None:
            self._background, self._unasked = self._plate(self._unasked), None

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        self._ask()
        return [self._next(frame, learning_rate) for frame in frames]

    def _next(self, frame: Image, learning_rate: float) -> Estimate:
        if learning_rate == 0 and not self.freezes and self._background is not None:
            return self._compared(frame, self._background)
        mask = self._subtractor.apply(frame, learningRate=learning_rate)
        self._background = self._plate(frame)
        return Estimate(self._background, score=mask.astype(np.float32))

    def _compared(self, frame: Image, background: Image) -> Estimate:
        seen = _as_gray(frame) if self.gray else frame
        mask = self._frozen_head.mask(self._frozen_head.score(seen, background), seen, background)
        return Estimate(background, score=mask.astype(np.float32))

    def _plate(self, frame: Image) -> Image:
        """OpenCV's background; the frame where it has none yet, which it leaves black."""
        plate = self._subtractor.getBackgroundImage()
        if plate.ndim == 2:
            plate = cv2.cvtColor(plate, cv2.COLOR_GRAY2BGR)
        seen = _as_gray(frame) if self.gray else frame
        black = cv2.inRange(plate, (0, 0, 0), (0, 0, 0))
        return np.asarray(cv2.copyTo(seen, black, plate), np.uint8)


def _as_gray(frame: Image) -> Image:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


@register
class Mog2(OpenCvSubtractor):
    """A mixture of Gaussians per pixel, learnt online."""

    name: ClassVar[str] = "mog2"
    paper: ClassVar[str] = "Zivkovic, 2004"
    Options = Mog2Options
    factory = "createBackgroundSubtractorMOG2"
    keywords: ClassVar[dict[str, str]] = {
        "history": "history",
        "var_threshold": "varThreshold",
        "detect_shadows": "detectShadows",
    }
    freezes = True


@register
class Knn(OpenCvSubtractor):
    """The nearest of a few samples per pixel."""

    name: ClassVar[str] = "knn"
    paper: ClassVar[str] = "Zivkovic and van der Heijden, 2006"
    Options = KnnOptions
    factory = "createBackgroundSubtractorKNN"
    keywords: ClassVar[dict[str, str]] = {
        "history": "history",
        "dist2_threshold": "dist2Threshold",
        "detect_shadows": "detectShadows",
    }


@register
class Gsoc(OpenCvSubtractor):
    """Samples per pixel with feedback, as made for OpenCV."""

    name: ClassVar[str] = "gsoc"
    paper: ClassVar[str] = "Samsonov, 2017 (code)"
    Options = GsocOptions
    module = "cv2.bgsegm"
    factory = "createBackgroundSubtractorGSOC"
    keywords: ClassVar[dict[str, str]] = {
        "samples": "nSamples",
        "replace_rate": "replaceRate",
        "propagation_rate": "propagationRate",
        "hits_threshold": "hitsThreshold",
    }


@register
class Cnt(OpenCvSubtractor):
    """Counts for how long a pixel has not changed; very fast, and gray."""

    name: ClassVar[str] = "cnt"
    paper: ClassVar[str] = "Zeevi, 2016 (code)"
    Options = CntOptions
    module = "cv2.bgsegm"
    factory = "createBackgroundSubtractorCNT"
    keywords: ClassVar[dict[str, str]] = {
        "min_pixel_stability": "minPixelStability",
        "use_history": "useHistory",
        "max_pixel_stability": "maxPixelStability",
    }
    gray = True


@register
class Lsbp(OpenCvSubtractor):
    """Samples of colour and local pattern."""

    name: ClassVar[str] = "lsbp"
    paper: ClassVar[str] = "Guo, Xu and Qiang, 2016"
    Options = LsbpOptions
    module = "cv2.bgsegm"
    factory = "createBackgroundSubtractorLSBP"
    keywords: ClassVar[dict[str, str]] = {
        "samples": "nSamples",
        "radius": "LSBPRadius",
        "pattern_threshold": "LSBPthreshold",
        "least_matches": "minCount",
    }
