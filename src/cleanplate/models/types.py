"""Types of the model interface: leagues, families, estimates and predictions; and the check of frames."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cleanplate.errors import ModelError
from cleanplate.utils.arrays import Image, Score

League = Literal["unsupervised", "semantic", "unseen", "scene"]
Family = Literal["statistical", "autoencoder", "adversarial", "hybrid", "supervised"]


@dataclass(frozen=True)
class Estimate:
    """What a model knows of one frame.

    Attributes:
        background: the clean plate at this moment, uint8 BGR `[H, W, 3]`.
        noise: expected absolute error of the background, float32 `[H, W]` in grey levels; `None` leaves it to what was
            measured over time, if anything was.
        score: the model's own evidence of foreground, float32 `[H, W]`, 0 to 255; `None` leaves it to the shared head.
    """

    background: Image
    noise: Score | None = None
    score: Score | None = None


@dataclass(frozen=True)
class Prediction:
    """What a caller gets for one frame: mask (uint8: 0, 127, 255), score (float32) and background (uint8 BGR)."""

    mask: Image
    score: Score
    background: Image


_DEPTH = 257  # 65535 / 255


def check_learning_rate(learning_rate: float, who: str) -> None:
    """Raises a `ModelError`, which begins with `who`, unless the rate is a number up to 1."""
    if not learning_rate <= 1:
        raise ModelError(f"{who}: learning_rate {learning_rate} is no number up to 1; 0 freezes, -1 is the model's own")


def check_size(frame: Image, size: tuple[int, int] | None, who: str) -> None:
    """Raises a `ModelError`, which begins with `who`, unless the frame has that height and width."""
    height, width = frame.shape[:2]
    if size is not None and (height, width) != size:
        raise ModelError(
            f"{who}: learnt {size[1]}×{size[0]} frames, this one is {width}×{height}; resize it, or fit a model for "
            "this size"
        )


def as_bgr(frame: Any, who: str) -> Image:
    """A frame as uint8 BGR `[H, W, 3]`.

    Grey is expanded to three equal channels, 16 bits are brought to 8 by rounding. Floats are refused, for nobody can
    tell 0 … 1 from 0 … 255, and so is what has a fourth channel.

    Args:
        frame: uint8 or uint16, `[H, W]`, `[H, W, 1]` or `[H, W, 3]`.
        who: begins the message.

    Raises:
        ModelError: if it is anything else; says what to do.
    """
    if frame is None:
        raise ModelError(
            f"{who}: there is no frame, but None; cv2.imread and VideoCapture.read give it where they fail"
        )
    if not isinstance(frame, np.ndarray):
        raise ModelError(
            f"{who}: a frame must be a numpy array, uint8 [height, width, 3]; this is {type(frame).__name__}"
        )
    if frame.size == 0:
        raise ModelError(f"{who}: the frame is empty: its shape is {frame.shape}")
    if frame.dtype not in (np.uint8, np.uint16):
        raise ModelError(f"{who}: a frame must be uint8, this is {frame.dtype}; {_cure(frame)}")
    if frame.ndim == 3 and frame.shape[2] == 4:
        raise ModelError(f"{who}: the frame has an alpha channel; cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR) takes it off")
    if frame.ndim not in (2, 3) or (frame.ndim == 3 and frame.shape[2] not in (1, 3)):
        raise ModelError(f"{who}: a frame must be [height, width, 3] in BGR order, this is {frame.shape}")
    if frame.dtype == np.uint16:
        frame = ((frame.astype(np.uint32) + _DEPTH // 2) // _DEPTH).astype(np.uint8)
    if frame.ndim == 2 or frame.shape[2] == 1:
        frame = np.repeat(frame.reshape(*frame.shape[:2], 1), 3, axis=2)
    return np.ascontiguousarray(frame)


def _cure(frame: Any) -> str:
    if frame.dtype == bool:
        return "multiply it by 255 as uint8"
    if not np.issubdtype(frame.dtype, np.floating):
        return "bring it to 0 … 255 and say astype(numpy.uint8)"
    broken = "" if np.isfinite(frame).all() else "it holds NaN or infinity, replace them (numpy.nan_to_num); "
    return f"{broken}bring it to 0 … 255 (multiply by 255 if it is 0 … 1), round, and say astype(numpy.uint8)"
