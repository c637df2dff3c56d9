"""The head's network as it predicts fastest on a processor: the same answers, less work beside the convolutions.

What is worked out once and not for every frame: the weights in bf16, the squashed noise of a scene, and the squashed
difference of each of the 511 gaps that there can be between two levels.
"""

import copy
from contextlib import AbstractContextManager
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.errors import ModelError
from cleanplate.models.hybrid.plate.network import (
    GAP_LEVELS,
    MEDIUM,
    NOISE_LEVELS,
    WIDE_GAP_LEVELS,
    HeadNetwork,
    in_blocks,
)
from cleanplate.models.learned import as_tensor
from cleanplate.utils.arrays import Image, Score

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


# === weights: The head's weights, and the arithmetic they are used in.


def head_weights(path: str = "") -> dict[str, torch.Tensor]:
    """The weights that come with the package, or those of a file that `pretraining_task` made.

    Raises:
        ModelError: if the file cannot be read or is another one.
    """
    file: Traversable = Path(path) if path else files(__package__).joinpath("head.pt")
    try:
        stored = torch.load(BytesIO(file.read_bytes()), map_location="cpu", weights_only=True)["weights"]
        return {key: value.float() for key, value in stored.items()}
    except OSError as error:
        raise ModelError(f"weights: {file}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # the unpickler raises anything at all on damaged files
        raise ModelError(f"weights: {file}: not made by cleanplate.models.hybrid.plate.pretraining") from error


def reduced(device: torch.device) -> AbstractContextManager[Any]:
    """bf16 where the machine computes in it, which doubles the speed; elsewhere it would halve it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=able_of_bf16(device))


def able_of_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16."""
    if device.type == "cpu":
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


# === judging: The sum of two witnesses: a difference that misses nothing, and a network that knows what is none
# of an object.

PROBABILITY_MEDIAN = 5


def judged(difference: Score, probability: Score, cap: float, vote: float) -> Score:
    """Score of both.

    Args:
        difference: float32 `[H, W]` in grey levels, of which it counts `cap` at most.
        probability: the network's, float32 `[H, W]`, 0 to 1.
        cap: grey levels. Beyond it a strong difference is foreground only if the network is not sure that it is none.
        vote: grey levels between the network's surest no and its surest yes; 0 leaves it out.

    Returns:
        float32 `[H, W]`, 0 to 255.
    """
    score = np.minimum(difference, np.float32(cap)) + np.float32(vote) * (probability - np.float32(0.5))
    return np.asarray(np.clip(score, 0, 255), np.float32)


def smoothed_probability(logits: Tensor) -> Score:
    """Probability from logits `[H, W]`, float32 `[H, W]` in steps of a 255th, median-filtered."""
    levels = torch.sigmoid(logits.float()).mul(255).round().to(torch.uint8).cpu().numpy()
    return np.asarray(cv2.medianBlur(levels, PROBABILITY_MEDIAN).astype(np.float32) / 255)
