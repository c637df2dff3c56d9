"""Network of `patch_attention_ae`: a second encoder for the flow computes the gates of the skip connections."""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cleanplate.models.autoencoder.patch_ae.model import PatchDecoder, PatchEncoder
from cleanplate.models.autoencoder.streams import FlowStream, flow_roots
from cleanplate.models.autoencoder.two_stream_ae.model import motion_style
from cleanplate.models.components.blocks import Style
from cleanplate.models.components.encoder_decoder import resized, stage_widths

Attend = Literal["background", "foreground"]
_STEEPNESS = 8  # slow motion makes weak features; a gate must open on them within a few hundred steps
_LEAST = 1e-3  # of attention in a patch; what is wholly moving has nothing to tell


@dataclass(frozen=True)
class AttentiveCodes:
    """What passes from encoder to decoder.

    Attributes:
        code: fused code of both streams, `[N, latent_dim]`.
        skips: per encoder stage, the finest first: means over patches, `[N, C, rows, columns]`.
        motion: per encoder stage, how sure the gates are of motion, logits `[N, 1, h, w]`.
    """

    code: Tensor
    skips: list[Tensor]
    motion: list[Tensor]


class PatchAttentionAutoencoder(nn.Module):
    """`[N, 5, H, W]`, colours and flow, to `AttentiveCodes` and back; see `patch_attention_ae`."""

    def __init__(
        self,
        size: tuple[int, int],
        outputs: int,
        latent_dim: int,
        width: int,
        style: Style,
        patch: int,
        stages: int,
        *,
        flow_width: int,
        attend: Attend,
    ) -> None:
        """Args: see `PatchEncoder`; `flow_width` channels of the first stage of the flow's encoder.

        That one gets the flow's length beside its components: what moves, moves whichever way.
        """
        super().__init__()
        self.patch = patch
        self.attend = attend
        self.encoder = PatchEncoder(size, 3, latent_dim, width, style, patch, stages)
        self.flow_encoder = PatchEncoder(
            size, FlowStream.channels + 1, latent_dim, flow_width, motion_style(style), patch, stages
        )
        self.fusion = nn.Linear(2 * latent_dim, latent_dim)
        self.decoder = PatchDecoder(size, outputs, latent_dim, width, style, patch, stages)
        self.gates = nn.ModuleList(Gate(channels) for channels in stage_widths(size, flow_width))
        self.lifts = nn.ModuleList(nn.Conv2d(channels, channels, 1) for channels in stage_widths(size, width))

    def encode(self, pictures: Tensor) -> AttentiveCodes:
        """See `Core`."""
        flow = flow_roots(pictures[:, 3:])
        flow = torch.cat([flow, flow.square().square().sum(dim=1, keepdim=True).pow(0.25)], dim=1)
        features, moving = self.encoder.features(pictures[:, :3]), self.flow_encoder.features(flow)
        code = torch.cat(
            [self.encoder.to_code(features[-1].flatten(1)), self.flow_encoder.to_code(moving[-1].flatten(1))], dim=1
        )
        motion = [gate(level) for gate, level in zip(self.gates, moving, strict=True)]
        skips = [
            patch_means(level, attention, self.patch)
            for level, attention in zip(features, self.attention(motion), strict=True)
        ]
        return AttentiveCodes(self.fusion(code), skips, motion)

    def attention(self, motion: list[Tensor]) -> list[Tensor]:
        """Where the skips look, 0 … 1: the gates' motion, or all but it."""
        sign = 1 if self.attend == "foreground" else -1
        return [torch.sigmoid(sign * logits) for logits in motion]

    def decode(self, codes: AttentiveCodes) -> Tensor:
        """See `Core`."""
        skips = [lift(skip) for lift, skip in zip(self.lifts, codes.skips, strict=True)]
        features = self.decoder.start(codes.code)
        features = features + resized(skips[-1], (features.shape[-2], features.shape[-1]))
        finer = [*skips[-2::-1], None]  # at full size no stage of the encoder lies beside the decoder's
        for stage, size, skip in zip(self.decoder.stages, self.decoder.sizes[-2::-1], finer, strict=True):
            features = stage(resized(features, size))
            if skip is not None:
                features = features + resized(skip, size)
        return self.decoder.output(features)  # type: ignore[no-any-return]


class Gate(nn.Module):
    """Features `[N, C, h, w]` to logits `[N, 1, h, w]` of motion; most of a scene rests, and so do untrained gates."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(channels, 1, 1)
        nn.init.constant_(self.weigh.bias, -2 / _STEEPNESS)  # type: ignore[arg-type]  # it has one

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return _STEEPNESS * self.weigh(features)  # type: ignore[no-any-return]


def patch_means(features: Tensor, attention: Tensor, patch: int) -> Tensor:
    """Mean of features over each patch, weighted by attention.

    Args:
        features: `[N, C, h, w]`.
        attention: `[N, 1, h, w]`, 0 … 1.
        patch: side in pixels.

    Returns:
        `[N, C, ⌈h / patch⌉, ⌈w / patch⌉]`: where attention is nowhere, zero.
    """

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, patch, ceil_mode=True, count_include_pad=False)

    return mean(features * attention) / (mean(attention) + _LEAST)
