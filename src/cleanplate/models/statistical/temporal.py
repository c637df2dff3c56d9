"""One picture for the whole sequence: an initial background, on its own.

The oldest background models, and with enough frames hard to beat where the camera and the light stay still: the median
shows the background wherever it is seen more than half of the time, the mode wherever it is seen more often than any
other colour, the mean keeps a ghost of everything that passed, the trimmed mean of what stayed for a while. `benet`
learns which of them to trust where. Where people cover a place for half of the time, mean and trimmed mean lose to the
median as it loses to the mode: they average what the median only miscounts.

Lo and Velastin, "Automatic congestion detection system for underground platforms", 2001 (median). See also
`cleanplate.models.initializers`.
"""

from collections.abc import Sequence as Listing
from dataclasses import dataclass
from typing import ClassVar, Self

from cleanplate.data.sequence import Sequence
from cleanplate.errors import ConfigError
from cleanplate.foreground.difference import Image
from cleanplate.models.base import BackgroundModel, Estimate
from cleanplate.models.initializers import initial_background
from cleanplate.models.registry import register


@dataclass(frozen=True)
class TemporalOptions:
    """What a temporal statistic is taken over.

    Attributes:
        frames: number of frames, evenly spaced over the sequence; fewer if it has fewer.
        noise: measure what never rests; see `cleanplate.foreground.noise`.
    """

    frames: int = 200
    noise: bool = True

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise ConfigError(f"frames: {self.frames} are too few for a statistic over time; choose 2 or more")


class TemporalModel(BackgroundModel):
    """A still background, by the initialiser of the model's own name."""

    family = "statistical"
    Options = TemporalOptions
    options: TemporalOptions

    def fit(self, sequence: Sequence) -> Self:
        """Takes the statistic over evenly spaced frames."""
        self._background = initial_background(self.name, sequence, self.options.frames)
        self._size = (self._background.shape[0], self._background.shape[1])
        if self.options.noise:
            self.measure_noise(sequence)
        return self

    def _estimate(self, frames: Listing[Image], learning_rate: float) -> list[Estimate]:
        return [Estimate(self.background) for _ in frames]


@register
class Mean(TemporalModel):
    """Temporal mean."""

    name: ClassVar[str] = "mean"


@register
class TrimmedMean(TemporalModel):
    """Temporal mean without the lowest and highest fifth of each pixel's values."""

    name: ClassVar[str] = "trimmed_mean"


@register
class Median(TemporalModel):
    """Temporal median."""

    name: ClassVar[str] = "median"


@register
class Mode(TemporalModel):
    """Temporal mode."""

    name: ClassVar[str] = "mode"


@register
class LearnedInitializer(TemporalModel):
    """Statistics over time, weighed per pixel by a network that is trained on held-out frames of the scene."""

    name: ClassVar[str] = "benet"
    paper: ClassVar[str] = (
        "after the BENet of earlier software (mean, convolution, pooling); loss after AE-NE (arXiv 2112.08001)"
    )
