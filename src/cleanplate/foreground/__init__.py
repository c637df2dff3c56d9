"""From frame, background and noise to score and mask."""

from cleanplate.foreground.head import ForegroundHead
from cleanplate.foreground.options import PRESETS, ForegroundOptions

__all__ = ["PRESETS", "ForegroundHead", "ForegroundOptions"]
