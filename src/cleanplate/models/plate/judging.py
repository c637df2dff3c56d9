"""The sum of two witnesses: a difference that misses nothing, and a network that knows what is none of an object."""

import cv2
import numpy as np
import torch
from torch import Tensor

from cleanplate.foreground.difference import Score

_PROBABILITY_MEDIAN = 5


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
    return np.asarray(cv2.medianBlur(levels, _PROBABILITY_MEDIAN).astype(np.float32) / 255)
