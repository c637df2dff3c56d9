"""Names for the arrays that everything passes around."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: uint8, BGR `[H, W, 3]` or one channel `[H, W]`."""

Score = NDArray[np.float32]
"""Evidence of foreground per pixel, or another map of numbers: float32 `[H, W]`, in grey levels where not said."""
