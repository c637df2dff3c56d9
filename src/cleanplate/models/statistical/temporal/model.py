"""Temporal statistics: one fixed background for the whole sequence.

The oldest background models, and hard to beat with enough frames of a still camera in constant light. The median shows
the background where it is visible more than half of the time, the mode where it is visible more often than any other
colour. The mean keeps a ghost of everything that passed, the trimmed mean of everything that stayed for a while.
`benet` learns which statistic to use for which pixel.

Lo and Velastin, "Automatic congestion detection system for underground platforms", 2001 (median). See also
`cleanplate.models.components.initializers`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cleanplate.data.sequence import FrameSequence
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.graphs.backgrounds import FixedBackground, RunningBackground
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.initializers import initial_background
from cleanplate.models.registry import register
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Options


class TemporalOptions(Options):
    """What a temporal statistic is taken over."""

    frames: Annotated[int, Field(ge=2)] = 200
    """Number of frames, evenly spaced over the sequence; fewer if it has fewer."""
    noise: bool = True
    """Whether to measure the noise of each pixel over time, which lowers the score of dynamic background."""


class TemporalModel(BackgroundModel):
    """A still background, by the initialiser of the model's own name.

    With a learning rate above 0 it follows slow changes: where a frame shows background, that much of it is taken over.
    """

    family = "statistical"
    adapts = True
    side_by_side = True
    Options = TemporalOptions
    options: TemporalOptions

    def __init__(self, options: Any = None, foreground: ForegroundOptions | None = None) -> None:
        super().__init__(options, foreground)
        self._plate: Image | None = None
        self._running: NDArray[np.float32] | None = None

    def _fit(self, sequence: FrameSequence) -> None:
        """Takes the statistic over evenly spaced frames."""
        self._background = self._plate = initial_background(self.name, sequence, self.options.frames)
        self._size = (self._background.shape[0], self._background.shape[1])
        self._running = None
        if self.options.noise:
            self.measure_noise(sequence)

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        background = self._plate if self._running is None else np.rint(self._running).astype(np.uint8)
        assert background is not None  # it was fitted
        return [Estimate(background) for _ in frames]

    def _adapt(self, frame: Image, mask: Image, learning_rate: float) -> None:
        if self._running is None:
            assert self._plate is not None
            self._running = self._plate.astype(np.float32)
        cv2.accumulateWeighted(frame, self._running, learning_rate, (mask == 0).astype(np.uint8))

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        plate = self._plate if self._running is None else self._running
        assert plate is not None  # it was fitted
        return RunningBackground(plate) if adaptive else FixedBackground(plate)

    @property
    def remembers(self) -> bool:
        """Only what it was told to take over, see `apply`."""
        return self._running is not None

    def reset(self) -> None:
        """Forgets what was taken over from frames: the background is again as it was fitted."""
        self._running = None
        self._background = self._plate

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`: the background as it was fitted."""
        return super().state_dict() | {"background": self._plate}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self._plate, self._running = self._background, None

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`: the background with what was taken over."""
        return {"running": self._running}

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `BackgroundModel.load_stream_state`."""
        running = memory.get("running")
        self._running = None if running is None else np.asarray(running, np.float32)


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
