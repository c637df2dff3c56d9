"""One frame with what a model found in it."""

from dataclasses import dataclass

from cleanplate.utils.arrays import Image


@dataclass(frozen=True)
class Shot:
    """What every output is made of.

    Attributes:
        number: of the frame, from 1.
        seconds: since the first frame, by the source's frame rate.
        frame: uint8 BGR `[H, W, 3]`.
        mask: uint8 `[H, W]`: 255 foreground, 127 shadow, 0 background.
        background: uint8 BGR `[H, W, 3]`; `None` where no output asks for it.
    """

    number: int
    seconds: float
    frame: Image
    mask: Image
    background: Image | None

    @property
    def share(self) -> float:
        """Share of the picture that is foreground, 0 to 1."""
        return float((self.mask == 255).mean())
