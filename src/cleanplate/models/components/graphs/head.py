"""The shared foreground head, see `cleanplate.foreground`, as a graph."""

import torch
from torch import Tensor, nn

from cleanplate.errors import ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.foreground.difference import LIGHT_SAMPLE_LEVELS, SUPPORT_CAP, SUPPORT_OWN, SUPPORT_SIDE
from cleanplate.models.components.graphs.filters import box_mean, gaussian, luma, majority, median, median_filter
from cleanplate.utils.arrays import Score


class HeadGraph(nn.Module):
    """Maps frames and backgrounds, float32 BGR `[N, 3, H, W]` of whole grey levels, to scores and masks."""

    excess: Tensor

    def __init__(self, options: ForegroundOptions, noise: Score | None, size: tuple[int, int]) -> None:
        """Makes the graph.

        Args:
            options: of the head.
            noise: of the scene, float32 `[H, W]` in grey levels; `None` is none.
            size: height and width of the frames.

        Raises:
            ModelError: if an option cannot be exported; names it.
        """
        super().__init__()
        self.options = options
        if options.rule != "fixed":
            raise ModelError(f"foreground.rule: {options.rule} cannot be exported; foreground.rule=fixed can")
        for key in ("opening", "closing", "fill_holes", "smallest", "shadows"):
            if getattr(options, key):
                raise ModelError(
                    f"foreground.{key}: {getattr(options, key)} cannot be exported; switched off (0) it can"
                )
        known = torch.zeros(size) if noise is None else torch.from_numpy(noise.copy())
        self.register_buffer("excess", self._excess(known[None, None]))

    def score(self, frames: Tensor, backgrounds: Tensor, noise: Tensor | None = None) -> Tensor:
        """Evidence of foreground, `[N, 1, H, W]` in grey levels; `noise`, where given, replaces the scene's."""
        options = self.options
        difference = (frames - relit(frames, backgrounds, options.gain)).abs()
        if options.blur:
            difference = gaussian(difference, options.blur)
        score = _one_channel(difference, options.channels)
        if options.score_median:
            score = median_filter(torch.round(score), options.score_median)
        if options.noise_scale > 0:
            score = (score - (self.excess if noise is None else self._excess(noise))).clamp(min=0)
        if options.support > 0:
            surroundings = box_mean(score.clamp(max=SUPPORT_CAP), SUPPORT_SIDE)
            score = score + options.support * (surroundings - SUPPORT_OWN * score)
        return score

    def mask(self, score: Tensor) -> Tensor:
        """The score after the threshold: uint8 `[N, 1, H, W]` of 0 and 255."""
        mask = (score > self.options.threshold).float()
        if self.options.mask_median:
            mask = majority(mask, self.options.mask_median)
        return (mask * 255).to(torch.uint8)

    def _excess(self, noise: Tensor) -> Tensor:
        """What noise `[N, 1, H, W]` takes off the score."""
        return self.options.noise_scale * (noise - self.options.noise_floor).clamp(min=0)


def relit(frames: Tensor, backgrounds: Tensor, gain: str) -> Tensor:
    """Backgrounds in the light of the frames, as `cleanplate.foreground.difference.compensate_light`."""
    if gain == "none":
        return backgrounds
    step = max(1, min(int(frames.shape[2]), int(frames.shape[3])) // 60)
    seen = frames[:, :, ::step, ::step].flatten(2)
    plate = backgrounds[:, :, ::step, ::step].flatten(2)
    if gain == "offset":
        lit = plate + median(seen - plate)[..., None]
    else:
        lit = plate * median((seen + 1) / (plate + 1))[..., None]
    still = ((seen - lit).abs().amax(dim=1, keepdim=True) < LIGHT_SAMPLE_LEVELS).float()
    enough = still.mean(dim=2, keepdim=True)[..., None] >= 0.1
    if gain == "offset":
        change = ((seen - plate) * still).sum(dim=2) / still.sum(dim=2).clamp(min=1)
        changed = backgrounds + change[:, :, None, None] * enough.float()
    else:
        factor = ((seen * still).sum(dim=2) + 1) / ((plate * still).sum(dim=2) + 1)
        changed = backgrounds * torch.where(enough, factor[:, :, None, None], torch.ones_like(factor[:, :, None, None]))
    return torch.round(changed).clamp(0, 255)


def _one_channel(difference: Tensor, channels: str) -> Tensor:
    if channels == "max":
        return difference.amax(dim=1, keepdim=True)
    return difference.mean(dim=1, keepdim=True) if channels == "mean" else luma(difference)
