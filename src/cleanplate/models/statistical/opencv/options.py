"""What can be tuned of OpenCV's subtractors; the defaults are OpenCV's own."""

from dataclasses import dataclass
from typing import Any

from cleanplate.errors import ConfigError


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
