"""Robust autoencoder: a frame is the sum of a background and a sparse picture, and both are solved for.

As robust PCA splits a matrix into low rank and sparse, this splits frames X into what an autoencoder says, f(X − S),
and S, by turns: the network takes a step on reconstructing X − S; then S takes the proximal step of λ‖S‖₁ given f,
the soft threshold of X − f at λ. Both go down ½‖X − S − f‖² + λ‖S‖₁. One S is kept per training frame.

At test time the frame's S is not known: it starts at zero and takes a few proximal steps, so that a large object is
taken out of what the encoder sees and does not move the code.

Papers: Zhou and Paffenroth, Anomaly detection with robust deep autoencoders (KDD 2017); Chalapathy et al., Robust, deep
and inductive anomaly detection (ECML 2017, arXiv 1704.06743).

It loses to `median` on highway and pedestrians (F .88 and .86 against .96 and .97). The soft threshold leaves λ of
every object's error in what the network is to reconstruct, and no weight keeps foreground from pulling (`pull` is 0,
as in the papers); where objects pass all the time the background follows them a little, and what is pale in them sinks
under the line.

Example: `cleanplate.create("rcae", sparsity=0.1).fit(sequence).apply(frame)`. See also `ae`, `dae`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from cleanplate.data.sequence import FrameSequence
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.components.residual_on_background import ResidualOnBackground
from cleanplate.models.registry import register
from cleanplate.utils.options import Count, NonNegative

if TYPE_CHECKING:
    from cleanplate.models.training import FramesTask


class RobustOptions(AutoencoderOptions):
    """What the robust autoencoder has beyond the plain one; S takes out what the pull takes out there."""

    renamed: ClassVar[Mapping[str, str]] = {**AutoencoderOptions.renamed, "plain": "warm_up"}

    loss: dict[str, float] = Field({"mse": 1.0})
    foreground_suppression: NonNegative = 0.0
    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Λ, on pictures in 0 … 1: how far a pixel must be from the background to be counted as foreground."""
    isotropic: bool = False
    """Threshold the length of a pixel's colour difference (λ‖S‖₂,₁), so that a pixel is foreground in all channels
    or in none; otherwise each channel for itself (λ‖S‖₁)."""
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Share of the training before the first proximal step. With S from the start, a network that knows nothing
    would call the whole picture foreground."""
    iterations: Count = 3
    """Proximal steps for a new frame."""


def soft_threshold(values: Tensor, threshold: float, *, isotropic: bool = False) -> Tensor:
    """The proximal step: argmin over S of ½‖values − S‖² + threshold · ‖S‖₁.

    Args:
        values: `[N, C, H, W]`.
        threshold: λ, not negative.
        isotropic: the norm is ‖S‖₂,₁, the sum over pixels of the length over channels.

    Returns:
        Same shape: zero where |values| (the length over channels) is at most λ, shorter by λ elsewhere.
    """
    if not isotropic:
        return values - values.clamp(-threshold, threshold)
    length = values.square().sum(dim=1, keepdim=True).sqrt()
    return values * (1 - threshold / length.clamp(min=1e-12)).clamp(min=0)


class RobustNetwork(ResidualOnBackground):
    """A `ResidualOnBackground` that takes the sparse part out of a frame before it looks at it."""

    def __init__(self, plain: ResidualOnBackground, options: RobustOptions) -> None:
        """Args: `plain` gives plate and core."""
        size = (plain.plate.shape[-2], plain.plate.shape[-1])
        super().__init__(size, plain.working, plain.core, anchored=plain.anchored, grey=plain.grey)
        self.options = options

    def proximal(self, frames: Tensor, background: Tensor) -> Tensor:
        """The sparse part of frames given their background, `[N, 3, h, w]` each; no gradient."""
        gap = (frames - background).detach().float()
        return soft_threshold(gap, self.options.sparsity, isotropic=self.options.isotropic)

    def sparse(self, frames: Tensor) -> Tensor:
        """The sparse part of new frames `[N, 3, h, w]`: proximal steps from zero."""
        sparse = torch.zeros_like(frames)
        for _ in range(self.options.iterations):
            sparse = self.proximal(frames, self.decode(self.encode(frames - sparse))[0])
        return sparse

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """See `ResidualOnBackground.forward`; of the frames without their sparse part."""
        return super().forward(frames - self.sparse(frames))


@register
class RobustAutoencoder(Autoencoder):
    """See the module."""

    name = "rcae"
    paper = "Zhou and Paffenroth 2017; Chalapathy et al. 2017 (arXiv 1704.06743)"
    Options = RobustOptions
    options: RobustOptions
    network: RobustNetwork

    def build(self, size: tuple[int, int]) -> None:
        """See `LearnedModel.build`."""
        super().build(size)
        self.network = RobustNetwork(self.network, self.options)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs

    def task(self, sequence: FrameSequence) -> "FramesTask":
        """See `LearnedModel.task`."""
        from cleanplate.models.autoencoder.rcae.training import RobustTask

        frames = self._frames_of(sequence)
        return RobustTask(self.network, self.options, frames, self.criterion(frames))
