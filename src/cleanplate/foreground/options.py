"""Options of the foreground head."""

from typing import Literal

from cleanplate.errors import ConfigError
from cleanplate.utils.options import NonNegative, Options, Share, WholeNumber

Channels = Literal["max", "mean", "luma"]
Gain = Literal["none", "offset", "gain"]
ThresholdRule = Literal["fixed", "noise", "otsu", "hysteresis"]


class ForegroundOptions(Options):
    """How frame and background become score and mask. Grey levels are 0 to 255, lengths are pixels."""

    channels: Channels = "max"
    """How the differences of blue, green and red become one number."""
    blur: int = 3
    """Side of the Gaussian on the colour difference; 0 leaves it out."""
    gain: Gain = "offset"
    """Light compensation before the difference: none, one offset per channel, or one factor per channel."""
    noise_scale: NonNegative = 1.0
    """How many times the expected error, beyond `noise_floor`, is taken off the score; 0 ignores it."""
    noise_floor: NonNegative = 4.0
    """Grey levels of expected error that every camera has and the threshold already allows for."""
    score_median: int = 9
    """Side of the median filter of the score; 0 leaves it out."""
    support: NonNegative = 0.25
    """How much of the surroundings' score (mean over 21×21) is added, and a little of the pixel's own taken off:
    lonely specks sink, pale parts of objects rise; 0 leaves it out."""
    rule: ThresholdRule = "fixed"
    """`fixed` and `noise` use `threshold` (in grey levels; in multiples of the frame's own noise), `otsu` finds its
    own (at least `threshold`), `hysteresis` keeps what exceeds `low` and touches what exceeds `threshold`."""
    threshold: NonNegative = 30.0
    """See `rule`."""
    low: NonNegative = 15.0
    """See `rule`."""
    mask_median: int = 0
    """Side of the median filter of the mask; 0 leaves it out."""
    opening: WholeNumber = 0
    """Side of the ellipse that removes thin specks; 0 leaves it out."""
    closing: WholeNumber = 0
    """Side of the ellipse that closes thin gaps; 0 leaves it out."""
    fill_holes: Share = 0.0
    """Largest hole that is filled, as a share of the picture; 0 fills none."""
    smallest: Share = 0.0
    """Smallest object that is kept, as a share of the picture; 0 keeps all."""
    shadows: bool = False
    """Mark foreground that looks like darkened background as shadow (127)."""
    shadow_darkest: Share = 0.4
    """Lowest ratio of frame to background that still counts as shadow."""
    shadow_chroma: Share = 0.04
    """Largest change of chromaticity (0 to 1) that still counts as shadow."""

    def check(self) -> None:
        """See `Options.check`."""
        for key in ("blur", "score_median", "mask_median"):
            value = getattr(self, key)
            if value and (value < 3 or value % 2 == 0):
                raise ConfigError(f"{key}: {value} is no filter side; choose 0 (off) or an odd number from 3 on")
        if self.rule == "hysteresis" and self.low > self.threshold:
            raise ConfigError(f"low: {self.low} is above threshold {self.threshold}; hysteresis needs low ≤ threshold")


PRESETS: dict[str, ForegroundOptions] = {
    "default": ForegroundOptions(),
    "plate": ForegroundOptions(threshold=28.0),
    "gmm": ForegroundOptions(score_median=0, support=0.0, threshold=35.0, mask_median=9),
    "opencv": ForegroundOptions(gain="none", score_median=0, support=0.0, threshold=254.0, mask_median=5),
    "pairnet": ForegroundOptions(threshold=80.0),
    "unet": ForegroundOptions(threshold=127.5),
}
"""Named sets of options, which `conf/foreground/` offers; each model says with which one it was measured best."""
