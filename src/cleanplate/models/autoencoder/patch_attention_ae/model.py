"""Patch-level autoencoder with attention: skip connections gated by optical flow.

Two encoders with separate weights per patch position process colours and flow. At every stage the features of the flow
give a gate, the probability that a pixel moves. The features of the colours, weighted by the gate (`attend:
foreground`) or by one minus the gate (`attend: background`), skip to the decoder.

A skip connection that copies would bring every object back into the background. Two things prevent it:

- what skips is no picture, but the weighted mean of each patch, `patch` pixels wide at its own stage: light and colour
  of a neighbourhood pass, an outline does not;
- while it learns, boxes are pasted into the colours of some frames, with no motion to betray them, and the loss asks
  for the frame without them: the decoder learns to leave out what is only here and now, moving or not.

A small loss against the mask of the flow makes the gates represent motion.

Paper: Oktay et al., Attention U-Net (2018, arXiv 1804.03999), for gated skips.

Example: `cleanplate.create("patch_attention_ae", attend="background").fit(sequence)`. See also `patch_ae`, `unet_ae`.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import nn

from cleanplate.models.autoencoder.patch_ae.model import PatchOptions
from cleanplate.models.autoencoder.patch_attention_ae.criterion import AttentionCriterion
from cleanplate.models.autoencoder.patch_attention_ae.network import Attend, PatchAttentionAutoencoder
from cleanplate.models.autoencoder.stream_ae import StreamAutoencoder
from cleanplate.models.autoencoder.streams import FlowStream, Stream
from cleanplate.models.registry import register
from cleanplate.utils.arrays import Image
from cleanplate.utils.options import Count, Positive, Share


class PatchAttentionOptions(PatchOptions):
    """What attention has beyond the patch-level autoencoder."""

    attend: Attend = "background"
    """What the skips look at."""
    flow_width: Count = 4
    """Channels of the first stage of the flow's encoder."""
    pasted: Share = 0.5
    """Share of the training frames that get boxes pasted in."""
    motion_level: Positive = 0.1
    """Pixels at working size from which flow is motion to the gates."""
    gate_weight: Positive = 0.05
    """Weight of the gates' own loss."""


@register
class PatchAttention(StreamAutoencoder):
    """See the module."""

    name = "patch_attention_ae"
    paper = "Oktay et al. 2018 (arXiv 1804.03999)"
    Options = PatchAttentionOptions
    Criterion = AttentionCriterion
    options: PatchAttentionOptions

    def make_stream(self) -> Stream:
        """See `StreamAutoencoder`."""
        return FlowStream()

    def core(self, working: tuple[int, int]) -> nn.Module:
        """See `Autoencoder.core`."""
        options = self.options
        return PatchAttentionAutoencoder(
            working,
            self.outputs,
            options.latent_dim,
            options.width,
            self.style,
            options.patch,
            options.patch_stages,
            flow_width=options.flow_width,
            attend=options.attend,
        )

    def attention_maps(self, frames: Sequence[Image]) -> list[list[Image]]:
        """Where the skips look in consecutive frames, from black (nowhere) over red to yellow.

        The model starts anew on them, and has forgotten them afterwards.

        Returns:
            Per stage, the finest first: one uint8 BGR picture of the frame's size per frame.
        """
        self.reset()
        inputs = self._inputs(frames)
        self.reset()
        self.network.eval()
        with torch.inference_mode():
            codes = self.network.encode(inputs.float() / 255)
            levels = self.network.core.attention(codes.motion)
        size = frames[0].shape[1], frames[0].shape[0]
        return [[_heat(level[0].float().cpu().numpy(), size) for level in stage] for stage in levels]

    def extra_pictures(self, frames: Sequence[Image]) -> dict[str, list[Image]]:
        """See `BackgroundModel.extra_pictures`: the attention of each stage."""
        return {f"attention {stage}": maps for stage, maps in enumerate(self.attention_maps(frames), 1)}


def _heat(attention: np.ndarray, size: tuple[int, int]) -> Image:
    levels = cv2.resize(attention, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.applyColorMap((levels * 255).astype(np.uint8), cv2.COLORMAP_INFERNO), dtype=np.uint8)
