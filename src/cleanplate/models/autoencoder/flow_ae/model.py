"""Early fusion: the encoder receives optical flow, or another model's mask, as further channels.

Colour alone does not separate an object from a change of the scene. With the motion as input, the encoder can leave
moving objects out of the code. The second stream enters at the first convolution; the output is the background only.

Paper: for two streams joined early or late, Simonyan and Zisserman, Two-stream convolutional networks (2014, arXiv
1406.2199), and Feichtenhofer et al., Convolutional two-stream network fusion (2016, arXiv 1604.06573).

Example: `cleanplate.create("flow_ae", stream="mask", mask_model="mog2").fit(sequence)`. See also `two_stream_ae`, `ae`.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from cleanplate.errors import ConfigError
from cleanplate.models.autoencoder.ae.model import AutoencoderOptions
from cleanplate.models.autoencoder.stream_ae import StreamAutoencoder
from cleanplate.models.autoencoder.streams import FlowStream, MaskStream, Stream, flow_roots
from cleanplate.models.components.encoder_decoder import ConvAutoencoder
from cleanplate.models.components.graphs.estimates import EstimateGraph
from cleanplate.models.components.graphs.networks import NetworkBackground
from cleanplate.models.registry import available, register
from cleanplate.models.wrapper import prediction_graph


class FlowOptions(AutoencoderOptions):
    """What early fusion has beyond the plain autoencoder."""

    stream: Literal["flow", "mask"] = "flow"
    """What goes in with the colours: optical `flow`, or the binary `mask` of another model."""
    mask_model: str = "median"
    """Name of that model; it is fitted to the same sequence first, with its defaults."""

    def check(self) -> None:
        """See `Options.check`."""
        super().check()
        if self.stream == "mask" and self.mask_model not in available():
            raise ConfigError(f"mask_model: {self.mask_model!r} is unknown; choose one of {', '.join(available())}")


@register
class FlowAutoencoder(StreamAutoencoder):
    """See the module."""

    name = "flow_ae"
    paper = "Simonyan and Zisserman 2014 (arXiv 1406.2199); Feichtenhofer et al. 2016 (arXiv 1604.06573)"
    Options = FlowOptions
    not_exportable = ""
    options: FlowOptions

    def make_stream(self) -> Stream:
        """See `StreamAutoencoder`."""
        return FlowStream() if self.options.stream == "flow" else MaskStream(self.options.mask_model)

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        inputs = 3 + self.stream.channels
        return EarlyFusion(working, self.outputs, options.latent_dim, options.width, self.style, inputs=inputs)

    def export_obstacle(self) -> str:
        """See `Exportable.export_obstacle`: optical flow cannot be exported."""
        if self.options.stream == "flow":
            return f"{StreamAutoencoder.not_exportable}; with stream=mask it can, where the model of the mask can"
        return super().export_obstacle()

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        assert isinstance(self.stream, MaskStream)  # see `export_obstacle`
        stream = prediction_graph(self.stream.model, size, adaptive)
        return NetworkBackground(self.network, size, grey=self.options.grey, stream=stream)


class EarlyFusion(ConvAutoencoder):
    """The plain core with more channels at its input; two behind the colours are flow."""

    def encode(self, pictures: Tensor) -> Tensor:
        """`[N, 3 + k, H, W]` to codes `[N, latent_dim]`."""
        stream = pictures[:, 3:]
        stream = flow_roots(stream) if stream.shape[1] == FlowStream.channels else stream
        return self.encoder(torch.cat([pictures[:, :3], stream], dim=1))  # type: ignore[no-any-return]
