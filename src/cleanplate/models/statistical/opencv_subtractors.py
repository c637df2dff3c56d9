"""OpenCV's background subtractors behind the seam, each with its own mask as the score.

MOG2: Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction", 2004. KNN: Zivkovic and van der
Heijden, "Efficient adaptive density estimation per image pixel", 2006. GSOC: Samsonov, Google Summer of Code 2017, no
paper. CNT: Zeevi, "BackgroundSubtractorCNT", 2016, no paper. LSBP: Guo, Xu and Qiang, "Background subtraction using
local SVD binary pattern", 2016. The last three live in `cv2.bgsegm` and are listed only where OpenCV has it.
"""

from collections.abc import Sequence as Listing
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, ClassVar

import cv2
import numpy as np

from cleanplate.errors import ConfigError
from cleanplate.foreground import ForegroundHead, ForegroundOptions
from cleanplate.foreground.difference import Image
from cleanplate.models.base import BackgroundModel, Estimate
from cleanplate.models.registry import register

CONTRIB_PACKAGE = "opencv-contrib-python"


def _above_zero(options: Any, *keys: str) -> None:
    for key in keys:
        if not getattr(options, key) > 0:
            raise ConfigError(f"{key}: {getattr(options, key)} must be above 0")


@dataclass(frozen=True)
class Mog2Options:
    """Options of OpenCV's MOG2, with its defaults.

    Attributes:
        history: frames that the background remembers.
        var_threshold: squared Mahalanobis distance from which a pixel is foreground.
        detect_shadows: mark shadows as 127.
    """

    history: int = 500
    var_threshold: float = 16.0
    detect_shadows: bool = True

    def __post_init__(self) -> None:
        _above_zero(self, "history", "var_threshold")


@dataclass(frozen=True)
class KnnOptions:
    """Options of OpenCV's KNN, with its defaults.

    Attributes:
        history: frames that the background remembers.
        dist2_threshold: squared colour distance up to which a pixel is near a sample.
        detect_shadows: mark shadows as 127.
    """

    history: int = 500
    dist2_threshold: float = 400.0
    detect_shadows: bool = True

    def __post_init__(self) -> None:
        _above_zero(self, "history", "dist2_threshold")


@dataclass(frozen=True)
class GsocOptions:
    """Options of OpenCV's GSOC, with its defaults.

    Attributes:
        samples: samples kept per pixel.
        replace_rate: probability that a frame replaces a sample.
        propagation_rate: probability that it spreads to a neighbour.
        hits_threshold: matches a sample needs before it may be replaced.
    """

    samples: int = 20
    replace_rate: float = 0.003
    propagation_rate: float = 0.01
    hits_threshold: int = 32

    def __post_init__(self) -> None:
        _above_zero(self, "samples", "hits_threshold")
        for key in ("replace_rate", "propagation_rate"):
            if not 0 <= getattr(self, key) <= 1:
                raise ConfigError(f"{key}: {getattr(self, key)} is outside 0 … 1")


@dataclass(frozen=True)
class CntOptions:
    """Options of OpenCV's CNT, with its defaults, which are for 15 frames per second.

    Attributes:
        min_pixel_stability: frames a colour must last to count as stable.
        use_history: give credit for having been stable for long.
        max_pixel_stability: most credit a pixel can have, in frames.
    """

    min_pixel_stability: int = 15
    use_history: bool = True
    max_pixel_stability: int = 15 * 60

    def __post_init__(self) -> None:
        _above_zero(self, "min_pixel_stability", "max_pixel_stability")
        if self.min_pixel_stability > self.max_pixel_stability:
            raise ConfigError(
                f"min_pixel_stability: {self.min_pixel_stability} is above max_pixel_stability "
                f"{self.max_pixel_stability}"
            )


@dataclass(frozen=True)
class LsbpOptions:
    """Options of OpenCV's LSBP, with its defaults.

    Attributes:
        samples: samples kept per pixel.
        radius: of the local binary pattern, in pixels.
        pattern_threshold: differing bits from which two patterns are taken as different.
        least_matches: samples that must match for background.
    """

    samples: int = 20
    radius: int = 16
    pattern_threshold: int = 8
    least_matches: int = 2

    def __post_init__(self) -> None:
        _above_zero(self, "samples", "radius", "pattern_threshold", "least_matches")


class OpenCvSubtractor(BackgroundModel):
    """A subtractor of OpenCV: learns from every frame it is shown.

    The score is OpenCV's own mask, 255 foreground, 127 shadow, 0 background; the threshold lets only 255 pass. A
    learning rate goes through to OpenCV. At 0 a model that cannot stop learning is not asked: its last background is
    compared with the frame, as for models that are only a background.

    OpenCV does not give out what a subtractor has learnt. A checkpoint therefore holds the configuration only, and a
    model that is loaded starts afresh.
    """

    family = "statistical"
    streaming = True
    # What the field reports of these: their own mask after a median filter.
    foreground_defaults: ClassVar[ForegroundOptions] = ForegroundOptions(
        gain="none", score_median=0, threshold=254.0, mask_median=5
    )
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
        self._frozen_head = ForegroundHead(ForegroundOptions())

    @classmethod
    def unmet(cls) -> str:
        """What the installed OpenCV lacks for this model, and what to do about it; empty if nothing."""
        if hasattr(cv2, cls.module.removeprefix("cv2.")) or cls.module == "cv2":
            return ""
        return (
            f"{cls.name} needs {cls.module}, which opencv-python lacks; uninstall opencv-python and install "
            f"{CONTRIB_PACKAGE} in its place (side by side they overwrite each other)"
        )

    def state(self) -> dict[str, Any]:
        """No more than a fresh model has: OpenCV keeps what it learnt to itself."""
        return {"size": None, "background": None}

    def restore(self, state: dict[str, Any]) -> None:
        """Starts afresh."""
        super().restore(state)
        self._subtractor = self._fresh()

    def _fresh(self) -> Any:
        if problem := self.unmet():
            raise ConfigError(f"model.name: {problem}")
        home = import_module(self.module)
        values = {self.keywords[key]: value for key, value in asdict(self.options).items()}
        return getattr(home, self.factory)(**values)

    def _estimate(self, frames: Listing[Image], learning_rate: float) -> list[Estimate]:
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
        return np.where(plate.any(axis=2, keepdims=True), plate, seen).astype(np.uint8)


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


CONTRIB_MODELS: tuple[type[OpenCvSubtractor], ...] = (Gsoc, Cnt, Lsbp)
for _model in CONTRIB_MODELS:
    if not _model.unmet():
        register(_model)
