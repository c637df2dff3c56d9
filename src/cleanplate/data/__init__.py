"""Sequences from folders and videos, and the generator of scenes."""

from cleanplate.data.open import open_sequence
from cleanplate.data.sequence import FrameSequence

__all__ = ["FrameSequence", "open_sequence"]
