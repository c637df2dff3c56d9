"""Prediction with the network: its packaged weights, a faster way to run it on a CPU, and the fusion of the scores."""

import copy
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cleanplate.errors import ModelError
from cleanplate.models.components.tensors import as_tensor
from cleanplate.models.hybrid.plate.network import (
    GAP_LEVELS,
    MEDIUM,
    NOISE_LEVELS,
    WIDE_GAP_LEVELS,
    ForegroundNetwork,
    in_blocks,
)
from cleanplate.utils.arrays import Image, Score

_NO_GAP = 255  # index of difference 0 in a table of the differences -255 … 255
PROBABILITY_MEDIAN = 5


class FastForegroundNetwork:
    """A `ForegroundNetwork` without further backgrounds for prediction on the CPU: the same logits, less work.

    Computed once instead of for every frame: the weights in bf16, the squashed noise of a scene, and the squashed
    difference for each of the 511 possible differences of two grey levels. It shares no memory with the network it is
    made of: make it anew when weights are loaded.
    """

    def __init__(self, network: ForegroundNetwork, kind: torch.dtype) -> None:
        """Args: the network; `kind` is the type to compute in, float32 or bfloat16."""
        self._kind = kind
        self._network = copy.deepcopy(network).to(kind).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]  # missing in its stubs
        # The same steps as in the network, so that every result is rounded alike.
        gaps = torch.arange(-_NO_GAP, _NO_GAP + 1).to(kind)
        self._gap_table = gaps.div_(GAP_LEVELS).tanh_()
        self._wide_table = torch.tanh(torch.arange(256).to(kind) / WIDE_GAP_LEVELS)
        self._noise_input: tuple[Score, Tensor] | None = None

    @torch.inference_mode()
    def logits(self, frame: Image, background: Image, noise: Score) -> Tensor:
        """Logits of foreground, `[H, W]`.

        Args:
            frame: uint8 BGR `[H, W, 3]`, H and W multiples of 16.
            background: the same.
            noise: float32 `[H, W]` in grey levels. It must not be changed afterwards: its squashed form is kept.
        """
        frame_blocks, background_blocks = in_blocks(as_tensor([frame, background])).chunk(2)
        gap = frame_blocks.to(torch.int32).sub_(background_blocks)
        squashed = self._gap_table.index_select(0, gap.add_(_NO_GAP).view(-1)).view(gap.shape)
        widest = torch.maximum(frame_blocks, background_blocks).sub_(torch.minimum(frame_blocks, background_blocks))
        wide = self._wide_table.index_select(0, widest.amax(dim=3).view(-1).to(torch.int32)).view(*gap.shape[:3], 1)
        pictures = [blocks.to(self._kind).div_(MEDIUM).sub_(1) for blocks in (frame_blocks, background_blocks)]
        inputs = torch.cat([*pictures, squashed, self._squashed(noise), wide], dim=3).permute(0, 3, 1, 2)
        logits: Tensor = self._network.logits(inputs)
        return logits[0, 0]

    def _squashed(self, noise: Score) -> Tensor:
        kept = self._noise_input
        if kept is None or kept[0] is not noise:
            pooled = F.avg_pool2d(torch.from_numpy(np.ascontiguousarray(noise))[None, None], 2)
            kept = noise, torch.tanh(pooled / NOISE_LEVELS).to(self._kind).permute(0, 2, 3, 1)
            self._noise_input = kept
        return kept[1]


def pretrained_weights(path: str = "") -> dict[str, torch.Tensor]:
    """The weights that come with the package, or those of a file that `pretraining` wrote.

    Raises:
        ModelError: if the file cannot be read or holds something else.
    """
    file: Traversable = Path(path) if path else files(__package__).joinpath("head.pt")
    try:
        stored = torch.load(BytesIO(file.read_bytes()), map_location="cpu", weights_only=True)["weights"]
        return {key: value.float() for key, value in stored.items()}
    except OSError as error:
        raise ModelError(f"weights: {file}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # the unpickler raises all kinds of errors for damaged files
        raise ModelError(f"weights: {file}: not made by cleanplate.models.hybrid.plate.pretraining") from error


def fuse(difference: Score, probability: Score, clip: float, weight: float) -> Score:
    """The sum of the clipped difference score and the weighted foreground probability of the network.

    Args:
        difference: float32 `[H, W]` in grey levels.
        probability: of the network, float32 `[H, W]`, 0 to 1.
        clip: grey levels; larger differences count as this, so that a network that is sure of background wins.
        weight: grey levels between probability 0 and 1; 0 leaves the network out.

    Returns:
        float32 `[H, W]`, 0 to 255.
    """
    score = np.minimum(difference, np.float32(clip)) + np.float32(weight) * (probability - np.float32(0.5))
    return np.asarray(np.clip(score, 0, 255), np.float32)


def smoothed_probability(logits: Tensor) -> Score:
    """Probability from logits `[H, W]`, float32 `[H, W]` in steps of 1/255, median-filtered."""
    levels = torch.sigmoid(logits.float()).mul(255).round().to(torch.uint8).cpu().numpy()
    return np.asarray(cv2.medianBlur(levels, PROBABILITY_MEDIAN).astype(np.float32) / 255)
