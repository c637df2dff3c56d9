"""Every number of the foreground head, in one place."""

from dataclasses import dataclass
from typing import Literal

from cleanplate.errors import ConfigError

Channels = Literal["max", "mean", "luma"]
Gain = Literal["none", "offset", "gain"]
ThresholdRule = Literal["fixed", "noise", "otsu", "hysteresis"]


@dataclass(frozen=True)
class ForegroundOptions:
    """How frame and background become score and mask. Grey levels are 0 to 255, lengths are pixels.

    Attributes:
        channels: how the differences of blue, green and red become one number.
        blur: side of the Gaussian on the colour difference; 0 leaves it out.
        gain: light compensation before the difference: none, one offset per channel, or one factor per channel.
        noise_scale: how many times the expected error, beyond `noise_floor`, is taken off the score; 0 ignores it.
        noise_floor: grey levels of expected error that every camera has and the threshold already allows for.
        score_median: side of the median filter of the score; 0 leaves it out.
        support: how much of the surroundings' score (mean over 21×21) is added, and a little of the pixel's own taken
            off: lonely specks sink, pale parts of objects rise; 0 leaves it out.
        rule: `fixed` and `noise` use `threshold` (in grey levels; in multiples of the frame's own noise), `otsu` finds
            its own (at least `threshold`), `hysteresis` keeps what exceeds `low` and touches what exceeds `threshold`.
        threshold: see `rule`.
        low: see `rule`.
        mask_median: side of the median filter of the mask; 0 leaves it out.
        opening: side of the ellipse that removes thin specks; 0 leaves it out.
        closing: side of the ellipse that closes thin gaps; 0 leaves it out.
        fill_holes: largest hole that is filled, as a share of the picture; 0 fills none.
        smallest: smallest object that is kept, as a share of the picture; 0 keeps all.
        shadows: mark foreground that looks like darkened background as shadow (127).
        shadow_darkest: lowest ratio of frame to background that still counts as shadow.
        shadow_chroma: largest change of chromaticity (0 to 1) that still counts as shadow.
    """

    channels: Channels = "max"
    blur: int = 3
    gain: Gain = "offset"
    noise_scale: float = 1.0
    noise_floor: float = 4.0
    score_median: int = 9
    support: float = 0.25
    rule: ThresholdRule = "fixed"
    threshold: float = 30.0
    low: float = 15.0
    mask_median: int = 0
    opening: int = 0
    closing: int = 0
    fill_holes: float = 0.0
    smallest: float = 0.0
    shadows: bool = False
    shadow_darkest: float = 0.4
    shadow_chroma: float = 0.04

    def __post_init__(self) -> None:
        for key in ("blur", "score_median", "mask_median"):
            value = getattr(self, key)
            if value and (value < 3 or value % 2 == 0):
                raise ConfigError(f"{key}: {value} is no filter side; choose 0 (off) or an odd number from 3 on")
        for key in ("opening", "closing", "noise_scale", "noise_floor", "support", "threshold", "low"):
            if getattr(self, key) < 0:
                raise ConfigError(f"{key}: {getattr(self, key)} is negative; choose 0 or more")
        for key in ("fill_holes", "smallest", "shadow_darkest", "shadow_chroma"):
            if not 0 <= getattr(self, key) <= 1:
                raise ConfigError(f"{key}: {getattr(self, key)} is outside 0 … 1")
        if self.rule == "hysteresis" and self.low > self.threshold:
            raise ConfigError(f"low: {self.low} is above threshold {self.threshold}; hysteresis needs low ≤ threshold")
