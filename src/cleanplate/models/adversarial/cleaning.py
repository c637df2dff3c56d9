"""Real pictures for a GAN of backgrounds: frames whose foreground is painted over."""

import torch
from torch import Tensor

from cleanplate.models.losses import background_weight


def cleaned(frames: Tensor, scene: Tensor, pull: float, box: int) -> Tensor:
    """Frames with the scene in place of what looks like foreground, light and shade left as they are.

    A discriminator that is shown people makes its generator draw people. So each pixel of a frame is drawn towards a
    rough idea of the scene by as much as its surroundings look like foreground (`background_weight`). The scene first
    takes on the frame's light: the median gap between the two, per channel, which no object that covers less than half
    of the picture can sway.

    Args:
        frames: `[N, 3, h, w]` in 0 … 1.
        scene: `[1, 3, h, w]`, a rough idea of it.
        pull: how strongly foreground-like regions are painted over; 0 leaves frames as they are.
        box: odd side of the surroundings, in pixels.

    Returns:
        Same shape as the frames.
    """
    if pull == 0:
        return frames
    light = (frames - scene).flatten(2).median(dim=2).values[:, :, None, None]
    lit = scene + light
    return torch.lerp(lit, frames, background_weight(lit, frames, pull, box))
