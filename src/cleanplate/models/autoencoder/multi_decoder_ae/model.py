"""One encoder, several decoder heads: a picture at several of the decoder's depths, each held to the frame.

Deep supervision: coarse depths are told directly what the background is, not only through the layers above them, so
that the fine ones have only detail left to add. The finest head gives the background; the others serve training alone.

Paper: Lee et al., Deeply-supervised nets (AISTATS 2015, arXiv 1409.5185).

Example: `cleanplate.create("multi_decoder_ae", head_weights=[1.0, 0.5]).fit(sequence).apply(frame)`. See also `ae`.
"""

from typing import TYPE_CHECKING

from pydantic import Field
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import Autoencoder, AutoencoderOptions
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import ConvAutoencoder, stage_widths, zero_convolution
from cleanplate.models.registry import register

if TYPE_CHECKING:
    from cleanplate.models.autoencoder.multi_decoder_ae.training import MultiDecoderTask


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


@register
class MultiDecoderAutoencoder(Autoencoder):
    """See the module."""

    name = "multi_decoder_ae"
    paper = "Lee et al. 2015 (arXiv 1409.5185)"
    Options = MultiDecoderOptions
    options: MultiDecoderOptions

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        depths = [depth for depth, weight in enumerate(options.head_weights) if depth and weight]
        return MultiDecoderCore(working, self.outputs, options.latent_dim, options.width, self.style, depths=depths)

    def task(self, sequence: FrameSequence) -> "MultiDecoderTask":
        """See `LearnedModel.task`."""
        from cleanplate.models.autoencoder.multi_decoder_ae.training import MultiDecoderTask

        return MultiDecoderTask(self, self._frames_of(sequence))


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
