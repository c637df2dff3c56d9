"""What a scene is asked to be, and what a rendered frame is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cleanplate.data.synthetic import registry
from cleanplate.errors import DataError

STATIC, SHADOW, OUTSIDE, UNKNOWN, MOVING = 0, 50, 85, 170, 255
"""Ground-truth labels of CDnet 2014."""
LABELS = (STATIC, SHADOW, OUTSIDE, UNKNOWN, MOVING)
MIN_SIDE = 32
MIN_FRAMES = 2


@dataclass(frozen=True)
class SceneSpec:
    """One scene to render; equal specs give equal pixels.

    Attributes:
        category: a name from :func:`cleanplate.data.synthetic.categories`.
        video: any name that can be a folder; it also seeds the scene, so that two videos of a category differ.
        height: frame height in pixels, 32 or more.
        width: frame width in pixels, 32 or more.
        frames: number of frames, 2 or more.
        seed: 0 or more.

    Raises:
        DataError: a value is out of range; names the key, the value and the choices.
    """

    category: str
    video: str
    height: int = 240
    width: int = 320
    frames: int = 150
    seed: int = 0

    def __post_init__(self) -> None:
        if self.category not in registry.categories():
            raise DataError(f"category: {self.category!r} is unknown; choose from {', '.join(registry.categories())}")
        if (
            not isinstance(self.video, str)
            or not self.video
            or self.video in (".", "..")
            or set(self.video) & set("/\\")
        ):
            raise DataError(f"video: {self.video!r} is no folder name; use letters, digits, - and _")
        for key, least in (("height", MIN_SIDE), ("width", MIN_SIDE), ("frames", MIN_FRAMES), ("seed", 0)):
            value = getattr(self, key)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise DataError(f"{key}: {value!r} is not an integer of {least} or more")

    @property
    def scene(self) -> str:
        """``category/video``, the name of the sequence everywhere else."""
        return f"{self.category}/{self.video}"


@dataclass(frozen=True)
class RenderedFrame:
    """One frame of a scene.

    Attributes:
        image: what the camera saw, uint8 H×W×3 BGR.
        groundtruth: CDnet labels, uint8 H×W: 0, 50, 85, 170 or 255.
        background: the true clean plate, uint8 H×W×3 BGR: this frame's light, camera pose and waving, without objects,
            their shadows and their lights, falling snow or rain, and sensor noise.
    """

    image: npt.NDArray[np.uint8]
    groundtruth: npt.NDArray[np.uint8]
    background: npt.NDArray[np.uint8]
