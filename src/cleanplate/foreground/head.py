"""The foreground head: the one way from frame, background and noise to score and mask, shared by all models."""

from cleanplate.foreground.difference import compensate_light, difference_score, less_noise, supported
from cleanplate.foreground.mask import binarize, clean, mark_shadows
from cleanplate.foreground.options import ForegroundOptions
from cleanplate.utils.arrays import Image, Score


class ForegroundHead:
    """Scores and cuts with one set of options; holds no state between frames."""

    def __init__(self, options: ForegroundOptions) -> None:
        self.options = options

    def difference(self, frame: Image, background: Image) -> Score:
        """How far the frame is from its background, float32 `[H, W]` in grey levels. See `difference_score`."""
        return difference_score(frame, background, self.options)

    def score(self, frame: Image, background: Image, noise: Score | None = None) -> Score:
        """Evidence of foreground per pixel, float32 `[H, W]` in grey levels: the difference, less noise, supported."""
        return self.weighed(self.difference(frame, background), noise)

    def weighed(self, difference: Score, noise: Score | None = None) -> Score:
        """The score that a difference makes."""
        score = less_noise(difference, noise, self.options)
        return supported(score, self.options.support) if self.options.support > 0 else score

    def mask(self, score: Score, frame: Image, background: Image) -> Image:
        """Cuts a score: threshold, cleaning, shadow test. uint8 `[H, W]`: 255 foreground, 127 shadow, 0 background."""
        mask = clean(binarize(score, self.options), self.options)
        if not self.options.shadows:
            return mask
        return mark_shadows(mask, frame, compensate_light(frame, background, self.options.gain), self.options)
