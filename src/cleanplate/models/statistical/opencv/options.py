"""What can be tuned of OpenCV's subtractors; the defaults are OpenCV's own."""

from typing import Any

from cleanplate.errors import ConfigError
from cleanplate.utils.options import Options, Share


def _above_zero(options: Any, *keys: str) -> None:
    for key in keys:
        if not getattr(options, key) > 0:
            raise ConfigError(f"{key}: {getattr(options, key)} must be above 0")


class Mog2Options(Options):
    """Options of OpenCV's MOG2, with its defaults."""

    history: int = 500
    """Frames that the background remembers."""
    var_threshold: float = 16.0
    """Squared Mahalanobis distance from which a pixel is foreground."""
    detect_shadows: bool = True
    """Mark shadows as 127."""

    def check(self) -> None:
        """See `Options.check`."""
        _above_zero(self, "history", "var_threshold")


class KnnOptions(Options):
    """Options of OpenCV's KNN, with its defaults."""

    history: int = 500
    """Frames that the background remembers."""
    dist2_threshold: float = 400.0
    """Squared colour distance up to which a pixel is near a sample."""
    detect_shadows: bool = True
    """Mark shadows as 127."""

    def check(self) -> None:
        """See `Options.check`."""
        _above_zero(self, "history", "dist2_threshold")


class GsocOptions(Options):
    """Options of OpenCV's GSOC, with its defaults."""

    samples: int = 20
    """Samples kept per pixel."""
    replace_rate: Share = 0.003
    """Probability that a frame replaces a sample."""
    propagation_rate: Share = 0.01
    """Probability that it spreads to a neighbour."""
    hits_threshold: int = 32
    """Matches a sample needs before it may be replaced."""

    def check(self) -> None:
        """See `Options.check`."""
        _above_zero(self, "samples", "hits_threshold")


class CntOptions(Options):
    """Options of OpenCV's CNT, with its defaults, which are for 15 frames per second."""

    min_pixel_stability: int = 15
    """Frames a colour must last to count as stable."""
    use_history: bool = True
    """Give credit for having been stable for long."""
    max_pixel_stability: int = 15 * 60
    """Most credit a pixel can have, in frames."""

    def check(self) -> None:
        """See `Options.check`."""
        _above_zero(self, "min_pixel_stability", "max_pixel_stability")
        if self.min_pixel_stability > self.max_pixel_stability:
            raise ConfigError(
                f"min_pixel_stability: {self.min_pixel_stability} is above max_pixel_stability "
                f"{self.max_pixel_stability}"
            )


class LsbpOptions(Options):
    """Options of OpenCV's LSBP, with its defaults."""

    samples: int = 20
    """Samples kept per pixel."""
    radius: int = 16
    """Of the local binary pattern, in pixels."""
    pattern_threshold: int = 8
    """Differing bits from which two patterns are taken as different."""
    least_matches: int = 2
    """Samples that must match for background."""

    def check(self) -> None:
        """See `Options.check`."""
        _above_zero(self, "samples", "radius", "pattern_threshold", "least_matches")
