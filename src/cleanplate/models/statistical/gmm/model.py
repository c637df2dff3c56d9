"""A mixture of Gaussians per pixel, fitted offline to the whole sequence.

Friedman and Russell, "Image segmentation in video sequences", 1997, fit it by EM; Stauffer and Grimson, "Adaptive
background mixture models for real-time tracking", 1999, say which components are background. Two uses: the heaviest
component's mean as a background picture, or each pixel of a frame labelled by the mixture itself. See `mog2` for the
mixture that learns online.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from cleanplate.data.sequence import FrameSequence
from cleanplate.foreground import PRESETS, ForegroundOptions
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.graphs.backgrounds import FixedBackground
from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, States
from cleanplate.models.registry import register
from cleanplate.models.statistical.gmm.gaussian_mixture import Covariance, Mixture, fit_mixtures, whitening
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image, Score
from cleanplate.utils.options import Count, Options, Positive


class MixtureGraph(FixedBackground):
    """Scores a pixel by its distance from the nearest background component."""

    means: Tensor
    white: Tensor
    blocked: Tensor

    def __init__(self, plate: Image, mixture: dict[str, Any], background_share: float, levels: float) -> None:
        """Makes the graph.

        Args:
            plate: the background, uint8 BGR `[H, W, 3]`.
            mixture: `weights` `[P, K]` descending, `means` `[P, K, 3]` and `covariances` `[P, K, 3, 3]`, float32.
            background_share: the components that first exceed this share together are background.
            levels: score of one standard deviation.
        """
        super().__init__(plate)
        self.levels = levels
        size, weights = plate.shape[:2], mixture["weights"]
        foreign = np.cumsum(weights, axis=1) - weights > background_share  # [P, K]
        white = whitening(torch.from_numpy(mixture["covariances"])).numpy()
        white = np.where(foreign[..., None, None], np.float32(0), white)  # that of an empty component is not a number
        self.register_buffer("means", torch.from_numpy(mixture["means"].transpose(1, 2, 0).reshape(-1, 3, *size)))
        self.register_buffer("white", torch.from_numpy(white.transpose(1, 2, 3, 0).reshape(-1, 3, 3, *size)))
        blocked = np.where(foreign.T, np.float32(np.inf), np.float32(0)).reshape(-1, *size)
        self.register_buffer("blocked", torch.from_numpy(blocked))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        away = frames[:, None] - self.means
        squared = self.blocked + torch.zeros_like(away[:, :, 0])
        for row in range(3):
            parts = [self.white[:, row, column] * away[:, :, column] for column in range(row + 1)]
            squared = squared + torch.stack(parts).sum(dim=0).square()
        score = (self.levels * squared.amin(dim=1, keepdim=True).sqrt()).clamp(max=255)
        return GraphEstimate(self.plate.expand_as(frames), score=score)


Use = Literal["background", "label"]


class GaussianMixtureOptions(Options):
    """Options of `GaussianMixtureModel`. Grey levels are 0 to 255."""

    components: Count = 2
    """Gaussians per pixel."""
    covariance: Covariance = "full"
    """`full` over blue, green and red, or `diagonal`."""
    use: Use = "background"
    """`background` shows the mean of the heaviest component and leaves the rest to the shared head; `label` scores
    each pixel by its distance from the background components."""
    frames: Annotated[int, Field(ge=2)] = 200
    """Number of frames, evenly spaced over the sequence; fewer if it has fewer."""
    reg_covar: Positive = 4.0
    """Added to every variance, in squared grey levels: no pixel is trusted to be quieter than this."""
    tol: Positive = 1e-3
    """A pixel has converged when its mean log-likelihood (nats per frame) changes by less."""
    max_iterations: Count = 100
    """Limit on EM steps."""
    background_share: Annotated[float, Field(gt=0, lt=1)] = 0.6
    """The first components that together hold more than this share of the frames are background."""
    levels_per_deviation: Positive = 7.0
    """For `label`, what one standard deviation is worth on the score's scale of 0 to 255."""


@register
class GaussianMixtureModel(BackgroundModel):
    """Per-pixel Gaussian mixture, offline.

    A pixel that never changes has one component of weight one; the others are empty, of weight zero.
    """

    name: ClassVar[str] = "gmm"
    family = "statistical"
    side_by_side = True
    paper: ClassVar[str] = "Stauffer and Grimson, 1999"
    Options = GaussianMixtureOptions
    # The median comes after the threshold, for the mixture's own score passes by the head's filters. On the head's
    # score it does the same: a median filter commutes with a threshold.
    # Nor does the score take support from around, which the mixture's own would not have either.
    foreground_defaults: ClassVar[ForegroundOptions] = PRESETS["gmm"]
    options: GaussianMixtureOptions

    def __init__(self, options: Any = None, foreground: ForegroundOptions | None = None) -> None:
        super().__init__(options, foreground)
        self._weights: NDArray[np.float32] | None = None  # [H·W, K], descending
        self._means: NDArray[np.float32] | None = None  # [H·W, K, 3]
        self._covariances: NDArray[np.float32] | None = None  # [H·W, K, 3, 3]
        self._labeller: PixelLabeller | None = None

    def _fit(self, sequence: FrameSequence) -> None:
        """Fits every pixel's mixture to evenly spaced frames."""
        frames = sequence.stack(self.options.frames)
        self._size = (frames.shape[1], frames.shape[2])
        self._take(self.mixtures(frames))

    def mixtures(self, frames: Image, device: str = "cpu") -> Mixture:
        """The mixtures of uint8 frames `[N, H, W, 3]`, without keeping them; `device` may be an accelerator."""
        options = self.options
        return fit_mixtures(
            torch.from_numpy(frames).flatten(1, 2),
            components=options.components,
            covariance=options.covariance,
            reg_covar=options.reg_covar,
            tol=options.tol,
            max_iterations=options.max_iterations,
            device=device,
        )

    def state_dict(self) -> dict[str, Any]:
        """Size, background and the mixtures."""
        learnt = {"weights": self._weights, "means": self._means, "covariances": self._covariances}
        return {**super().state_dict(), **learnt}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        super().load_state_dict(state)
        self._weights, self._means, self._covariances = (
            None if state[key] is None else np.asarray(state[key], dtype=np.float32)
            for key in ("weights", "means", "covariances")
        )
        self._labeller = None

    def _take(self, mixture: Mixture) -> None:
        assert self._size is not None
        self._weights = mixture.weights.numpy()
        self._means = mixture.means.numpy()
        self._covariances = mixture.covariances.numpy()
        heaviest = np.clip(np.rint(self._means[:, 0]), 0, 255)
        self._background = heaviest.astype(np.uint8).reshape(*self._size, 3)
        self._labeller = None

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        if self.options.use == "background":
            return [Estimate(self.background) for _ in frames]
        if self._labeller is None:
            assert self._weights is not None and self._means is not None and self._covariances is not None
            self._labeller = PixelLabeller(self._weights, self._means, self._covariances, self.options.background_share)
        worth = self.options.levels_per_deviation
        return [
            Estimate(self.background, score=np.minimum(worth * self._labeller.distance(frame), 255)) for frame in frames
        ]

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        options = self.options
        if options.use == "background":
            return FixedBackground(self.background)
        return MixtureGraph(self.background, self.state_dict(), options.background_share, options.levels_per_deviation)


class PixelLabeller:
    """Distance of each pixel's colour from its own background, in standard deviations.

    Background are the heaviest components, as many as it takes to exceed `background_share` (Stauffer and Grimson's B).
    They also divide the weight by the deviation, which here would take the even colour of whatever stands still for a
    while for background.
    """

    def __init__(
        self,
        weights: NDArray[np.float32],
        means: NDArray[np.float32],
        covariances: NDArray[np.float32],
        background_share: float,
    ) -> None:
        """Args: `weights` `[P, K]` descending, `means` `[P, K, 3]`, `covariances` `[P, K, 3, 3]`."""
        heavier = np.cumsum(weights, axis=1) - weights
        self._foreground = (heavier > background_share).T.copy()
        # Pixels last: whole planes are multiplied.
        self._means = np.ascontiguousarray(means.transpose(2, 1, 0))
        white = whitening(torch.from_numpy(covariances)).numpy()
        self._white = np.ascontiguousarray(white.transpose(2, 3, 1, 0))

    def distance(self, frame: Image) -> Score:
        """Mahalanobis distance from the nearest background component; frame uint8 `[H, W, 3]`, float32 `[H, W]`."""
        away = frame.reshape(-1, 3).T.astype(np.float32)[:, None] - self._means
        squared = np.zeros(self._means.shape[1:], np.float32)
        for row in range(3):
            white = self._white[row, 0] * away[0]
            for column in range(1, row + 1):
                white += self._white[row, column] * away[column]
            squared += white * white
        squared[self._foreground] = np.inf
        return np.asarray(np.sqrt(squared.min(axis=0)).reshape(frame.shape[:2]), np.float32)
