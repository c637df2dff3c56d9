"""Data: sequences and streams of frames, datasets, optical flow, and batches for training."""

from cleanplate.data.datasets.cdnet import open_sequence
from cleanplate.data.sequence import FrameSequence

__all__ = ["FrameSequence", "open_sequence"]
