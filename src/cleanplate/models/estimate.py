"""What a model knows of a frame, and what its caller gets."""

from dataclasses import dataclass

from cleanplate.foreground.difference import Image, Score


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
