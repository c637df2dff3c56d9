"""Autoencoder with a decoder head, and a loss, at several scales.

Deep supervision: each scale of the decoder has a loss of its own, so that the coarse scales learn the background
directly and the fine ones add detail. The finest head gives the background; the others are used in training only.

Paper: Lee et al., Deeply-supervised nets (AISTATS 2015, arXiv 1409.5185).

Example: `cleanplate.create("multi_decoder_ae", head_weights=[1.0, 0.5]).fit(sequence).apply(frame)`. See also `ae`.
"""

from typing import Any

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.autoencoder.criterion import ReconstructionCriterion
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import ConvAutoencoder, stage_widths, zero_convolution
from cleanplate.models.components.losses import background_weight, mixed
from cleanplate.models.registry import register


class MultiDecoderOptions(AutoencoderOptions):
    """What the autoencoder with several heads has beyond the plain one."""

    head_weights: list[float] = Field([1.0, 0.5, 0.25])
    """Of the loss at each depth, the finest first, each next one at half the size; a 0 leaves the head out. Weights
    beyond the decoder's last depth, on small pictures, have no effect."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if not self.head_weights or self.head_weights[0] <= 0:
            raise ConfigError(f"head_weights: {self.head_weights} does not train the finest head; begin with 1.0")
        if min(self.head_weights) < 0:
            raise ConfigError(f"head_weights: {self.head_weights} has a negative weight; 0 leaves a head out")


class MultiDecoderCriterion(ReconstructionCriterion):
    """Adds the losses of the coarser heads to the reconstruction."""

    def reconstruction(self, frames: Tensor, codes: Any, stage: str) -> Tensor:
        """Weighted sum over all heads; `<stage>/loss` is that of the finest, which gives the background."""
        weights: list[float] = self.options.head_weights
        finest, coarser = self.network.core.decode_all(codes)
        total = weights[0] * self.weighted(frames[:, :3], *self.network.onto_plate(finest), stage)
        for depth, output in coarser.items():
            loss = self._coarse(frames[:, :3], output[:, : 1 if self.options.grey else 3])
            total = total + weights[depth] * loss
            self.log({f"{stage}/depth_{depth}": loss})
        return total

    def _coarse(self, frames: Tensor, output: Tensor) -> Tensor:
        size = (output.shape[-2], output.shape[-1])
        target = F.interpolate(frames, size, mode="area")
        picture = F.interpolate(self._constant(), size, mode="area") + output
        box = 2 * (self.box * size[1] // (2 * frames.shape[-1])) + 1
        weight = background_weight(picture, target, self.options.foreground_suppression, box)
        return (weight * mixed(self.options.loss, picture, target)).sum() / weight.sum()

    def _constant(self) -> Tensor:
        """What all depths add to: the initial background, or the constant picture that is learnt in its place."""
        network = self.network
        plate: Tensor = network.small_plate
        return plate if network.constant is None else plate + network.constant


@register
class MultiDecoderAutoencoder(Autoencoder):
    """See the module."""

    name = "multi_decoder_ae"
    paper = "Lee et al. 2015 (arXiv 1409.5185)"
    Options = MultiDecoderOptions
    Criterion = MultiDecoderCriterion
    options: MultiDecoderOptions

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        depths = [depth for depth, weight in enumerate(options.head_weights) if depth and weight]
        return MultiDecoderCore(working, self.outputs, options.latent_dim, options.width, self.style, depths=depths)


class MultiDecoderCore(ConvAutoencoder):
    """The plain core with further heads on its decoder's trunk."""

    def __init__(
        self, size: tuple[int, int], outputs: int, latent_dim: int, width: int, style: Style, *, depths: list[int]
    ) -> None:
        """Args: `depths` that have a head, counted from the finest (0), which always has one."""
        super().__init__(size, outputs, latent_dim, width, style)
        widths = stage_widths(size, width)
        channels = [widths[0], *widths]  # of the trunk at each depth, the finest first
        self.heads = nn.ModuleDict(
            {str(depth): zero_convolution(channels[depth], outputs) for depth in depths if depth < len(channels)}
        )

    def decode_all(self, codes: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The finest picture, as `decode`, and the others by depth, `[N, outputs, h, w]` each at its size."""
        features = self.decoder.features(codes)
        by_depth = [*features[::-1], self.decoder.start(codes)]
        others = {int(depth): head(by_depth[int(depth)]) for depth, head in self.heads.items()}
        return self.decoder.output(features[-1]), others
