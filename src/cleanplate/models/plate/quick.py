"""The head's network as it predicts fastest on a processor: the same answers, less work beside the convolutions.

What is worked out once and not for every frame: the weights in bf16, the squashed noise of a scene, and the squashed
difference of each of the 511 gaps that there can be between two levels.
"""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.foreground.difference import Image, Score
from cleanplate.models.learned import as_tensor
from cleanplate.models.plate.network import (
    GAP_LEVELS,
    MEDIUM,
    NOISE_LEVELS,
    WIDE_GAP_LEVELS,
    HeadNetwork,
    in_blocks,
)

_GAPS = 511  # -255 … 255
_NO_GAP = 255


class QuickHead:
    """A `HeadNetwork` without further backgrounds, on the processor, for prediction alone.

    It shares no memory with the network it is made of: where weights are loaded, make it anew.
    """

    def __init__(self, network: HeadNetwork, kind: torch.dtype) -> None:
        """Args: `kind` is what is computed in, float32 or bfloat16."""
        self._kind = kind
        self._network = copy.deepcopy(network).to(kind).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]  # missing in its stubs
        # By the same steps as in the network, so that each is rounded as it is there.
        gaps = torch.arange(-_NO_GAP, _NO_GAP + 1).to(kind)
        self._gap_table = gaps.div_(GAP_LEVELS).tanh_()
        self._wide_table = torch.tanh(torch.arange(256).to(kind) / WIDE_GAP_LEVELS)
        self._restless: tuple[Score, Tensor] | None = None

    @torch.inference_mode()
    def logits(self, frame: Image, background: Image, noise: Score) -> Tensor:
        """Logits of foreground, `[H, W]`.

        Args:
            frame: uint8 BGR `[H, W, 3]`, H and W multiples of 16.
            background: the same.
            noise: float32 `[H, W]` in grey levels. Not to be written to afterwards: what follows from it is kept.
        """
        frame_blocks, background_blocks = in_blocks(as_tensor([frame, background])).chunk(2)
        gap = frame_blocks.to(torch.int32).sub_(background_blocks)
        squashed = self._gap_table.index_select(0, gap.add_(_NO_GAP).view(-1)).view(gap.shape)
        widest = torch.maximum(frame_blocks, background_blocks).sub_(torch.minimum(frame_blocks, background_blocks))
        wide = self._wide_table.index_select(0, widest.amax(dim=3).view(-1).to(torch.int32)).view(*gap.shape[:3], 1)
        pictures = [blocks.to(self._kind).div_(MEDIUM).sub_(1) for blocks in (frame_blocks, background_blocks)]
        seen = torch.cat([*pictures, squashed, self._squashed(noise), wide], dim=3).permute(0, 3, 1, 2)
        judged: Tensor = self._network.judge(seen)
        return judged[0, 0]

    def _squashed(self, noise: Score) -> Tensor:
        kept = self._restless
        if kept is None or kept[0] is not noise:
            pooled = F.avg_pool2d(torch.from_numpy(np.ascontiguousarray(noise))[None, None], 2)
            kept = noise, torch.tanh(pooled / NOISE_LEVELS).to(self._kind).permute(0, 2, 3, 1)
            self._restless = kept
        return kept[1]
