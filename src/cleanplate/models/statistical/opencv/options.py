"""Options of OpenCV's subtractors; the defaults are OpenCV's."""

from cleanplate.errors import ConfigError
from cleanplate.utils.options import Count, Options, Positive, Share


class Mog2Options(Options):
    """Options of OpenCV's MOG2, with its defaults."""

    history: Count = 500
    """Frames that the background remembers."""
    var_threshold: Positive = 16.0
    """Squared Mahalanobis distance from which a pixel is foreground."""
    detect_shadows: bool = True
    """Mark shadows as 127."""


class KnnOptions(Options):
    """Options of OpenCV's KNN, with its defaults."""

    history: Count = 500
    """Frames that the background remembers."""
    dist2_threshold: Positive = 400.0
    """Squared colour distance up to which a pixel is near a sample."""
    detect_shadows: bool = True
    """Mark shadows as 127."""


class GsocOptions(Options):
    """Options of OpenCV's GSOC, with its defaults."""

    samples: Count = 20
    """Samples kept per pixel."""
    replace_rate: Share = 0.003
    """Probability that a frame replaces a sample."""
    propagation_rate: Share = 0.01
    """Probability that it spreads to a neighbour."""
    hits_threshold: Count = 32
    """Matches a sample needs before it may be replaced."""


class CntOptions(Options):
    """Options of OpenCV's CNT, with its defaults, which are for 15 frames per second."""

    min_pixel_stability: Count = 15
    """Frames a colour must last to count as stable."""
    use_history: bool = True
    """Give credit for having been stable for long."""
    max_pixel_stability: Count = 15 * 60
    """Most credit a pixel can have, in frames."""

    def check(self) -> None:
        """See `Options.check`."""
        if self.min_pixel_stability > self.max_pixel_stability:
            raise ConfigError(
                f"min_pixel_stability: {self.min_pixel_stability} is above max_pixel_stability "
                f"{self.max_pixel_stability}"
            )


class LsbpOptions(Options):
    """Options of OpenCV's LSBP, with its defaults."""

    samples: Count = 20
    """Samples kept per pixel."""
    radius: Count = 16
    """Of the local binary pattern, in pixels."""
    pattern_threshold: Count = 8
    """Differing bits from which two patterns are taken as different."""
    least_matches: Count = 2
    """Samples that must match for background."""
