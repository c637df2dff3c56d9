"""From frame, background and noise to score and mask."""

from cleanplate.foreground.head import ForegroundHead
from cleanplate.foreground.options import ForegroundOptions

__all__ = ["ForegroundHead", "ForegroundOptions"]
