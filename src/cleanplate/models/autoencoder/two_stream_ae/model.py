"""Late fusion: one encoder for colours, one for optical flow, their codes fused, one decoder.

Each stream computes features of its own, and only their codes are fused. The fusion can undo the shift of the colour
code that an entering object causes.

Paper: Simonyan and Zisserman, Two-stream convolutional networks for action recognition in videos (2014, arXiv
1406.2199).

Example: `cleanplate.create("two_stream_ae").fit(sequence).apply(frame)`. See also `flow_ae`, `patch_attention_ae`.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from cleanplate.models.autoencoder.ae.model import AutoencoderOptions
from cleanplate.models.autoencoder.stream_ae import StreamAutoencoder
from cleanplate.models.autoencoder.streams import FlowStream, Stream, flow_roots
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import Decoder, Encoder
from cleanplate.models.registry import register
from cleanplate.utils.options import Count


class TwoStreamOptions(AutoencoderOptions):
    """What late fusion has beyond the plain autoencoder."""

    flow_latent_dim: Count = 8
    """Numbers in the code of the flow."""
    flow_width: Count = 8
    """Channels of the first stage of its encoder."""


@register
class TwoStreamAutoencoder(StreamAutoencoder):
    """See the module."""

    name = "two_stream_ae"
    paper = "Simonyan and Zisserman 2014 (arXiv 1406.2199)"
    Options = TwoStreamOptions
    options: TwoStreamOptions

    def make_stream(self) -> Stream:
        """See `StreamAutoencoder`."""
        return FlowStream()

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        return LateFusion(working, self.outputs, self.options, self.style)


class LateFusion(nn.Module):
    """Two encoders, one decoder: `[N, 5, H, W]` to fused codes `[N, latent_dim]` and back."""

    def __init__(self, size: tuple[int, int], outputs: int, options: TwoStreamOptions, style: Style) -> None:
        super().__init__()
        self.encoder = Encoder(size, 3, options.latent_dim, options.width, style)
        self.flow_encoder = Encoder(
            size, FlowStream.channels, options.flow_latent_dim, options.flow_width, motion_style(style)
        )
        self.fusion = nn.Linear(options.latent_dim + options.flow_latent_dim, options.latent_dim)
        self.decoder = Decoder(size, outputs, options.latent_dim, options.width, style)

    def encode(self, pictures: Tensor) -> Tensor:
        """See `Core`."""
        colours, flow = self.encoder(pictures[:, :3]), self.flow_encoder(flow_roots(pictures[:, 3:]))
        return self.fusion(torch.cat([colours, flow], dim=1))  # type: ignore[no-any-return]

    def decode(self, codes: Tensor) -> Tensor:
        """See `Core`."""
        return self.decoder(codes)  # type: ignore[no-any-return]


def motion_style(style: Style) -> Style:
    """The style of an encoder of flow: a norm would blow the noise of a scene at rest up to motion."""
    return replace(style, norm="none", attention="none")
