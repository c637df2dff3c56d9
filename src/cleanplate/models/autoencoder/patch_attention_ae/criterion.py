"""Loss of `patch_attention_ae`: frames are reconstructed from frames with pasted boxes, gates learn motion."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.models.autoencoder.criterion import ReconstructionCriterion, Step
from cleanplate.models.autoencoder.streams import flow_pixels

_BOXES = 3
_LARGEST = 0.4  # side of a box, as a share of the picture's
_SMALLEST = 0.05


class AttentionCriterion(ReconstructionCriterion):
    """Reconstruction of frames from frames with pasted boxes, and a loss that teaches the gates where motion is."""

    def training(self, frames: Tensor, step: Step) -> Tensor:
        """See `ReconstructionCriterion.training`."""
        pasted = with_boxes(frames, self.options.pasted, step.step_generator())
        return self.reconstruction(frames, self.network.encode(pasted), "train")

    def reconstruction(self, frames: Tensor, codes: Any, stage: str) -> Tensor:
        """See `ReconstructionCriterion.reconstruction`; adds the loss of the gates."""
        gates = self.gate_loss(frames, codes.motion)
        self.log({f"{stage}/gates": gates})
        weight: float = self.options.gate_weight
        return super().reconstruction(frames, codes, stage) + weight * gates

    def gate_loss(self, frames: Tensor, motion: list[Tensor]) -> Tensor:
        """Cross entropy of the gates against where the flow is long enough, as a mean over stages."""
        flow = flow_pixels(frames[:, 3:])
        moving = (flow.square().sum(dim=1, keepdim=True).sqrt() > self.options.motion_level).float()
        losses = [
            F.binary_cross_entropy_with_logits(
                logits.float(), F.interpolate(moving, size=logits.shape[-2:], mode="area")
            )
            for logits in motion
        ]
        return torch.stack(losses).mean()


def with_boxes(frames: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Pastes up to three boxes of plain colour into the colours of a share of the frames; streams stay.

    Args:
        frames: `[N, 3+, h, w]`, colours in 0 … 1.
        share: 0 … 1.
        generator: what decides on frames, places and colours.
    """
    count, (height, width) = len(frames), frames.shape[-2:]
    device = frames.device
    draw = torch.rand((_BOXES, 8, count, 1, 1), generator=generator, device=device)
    rows = torch.linspace(0, 1, height, device=device)[:, None]
    columns = torch.linspace(0, 1, width, device=device)[None]
    colours = frames[:, :3]
    chosen = draw[0, 7] < share
    for y, x, tall, broad, *colour, wanted in draw:
        sides = [_SMALLEST + (_LARGEST - _SMALLEST) * side for side in (tall, broad)]
        inside = ((rows - y).abs() < sides[0] / 2) & ((columns - x).abs() < sides[1] / 2) & chosen
        inside = inside & (wanted < share + 0.5)  # not always all of them
        colours = torch.where(inside[:, None], torch.stack(colour, dim=1), colours)
    return torch.cat([colours, frames[:, 3:]], dim=1)
