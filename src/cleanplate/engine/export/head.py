"""The shared foreground head, see `cleanplate.foreground`, as a graph."""

import torch
from torch import Tensor, nn

from cleanplate.engine.export.filters import box_mean, gaussian, majority, median_filter, middle
from cleanplate.errors import ModelError
from cleanplate.foreground import ForegroundOptions
from cleanplate.utils.arrays import Score

# As `cleanplate.foreground.difference` has them; tests hold the two together.
_LIGHT_SAMPLE_LEVELS = 20
_SUPPORT_CAP = 60.0
_SUPPORT_SIDE = 21
_SUPPORT_OWN = 0.6
_LUMA = (3735 / 32768, 19235 / 32768, 9798 / 32768)  # OpenCV's whole numbers for blue, green and red


class HeadGraph(nn.Module):
    """From frames and backgrounds, float32 BGR `[N, 3, H, W]` of whole levels, to scores and masks."""

    excess: Tensor

    def __init__(self, options: ForegroundOptions, noise: Score | None, size: tuple[int, int]) -> None:
        """Args: the head's options, the scene's noise, and height and width.

        Raises:
            ModelError: naming an option that has no graph.
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
        self.register_buffer("excess", options.noise_scale * (known - options.noise_floor).clamp(min=0)[None, None])

    def score(self, frames: Tensor, backgrounds: Tensor) -> Tensor:
        """Evidence of foreground, `[N, 1, H, W]` in grey levels."""
        options = self.options
        gap = (frames - relit(frames, backgrounds, options.gain)).abs()
        if options.blur:
            gap = gaussian(gap, options.blur)
        score = _one_channel(gap, options.channels)
        if options.score_median:
            score = median_filter(torch.round(score), options.score_median)
        if options.noise_scale > 0:
            score = (score - self.excess).clamp(min=0)
        if options.support > 0:
            surroundings = box_mean(score.clamp(max=_SUPPORT_CAP), _SUPPORT_SIDE)
            score = score + options.support * (surroundings - _SUPPORT_OWN * score)
        return score

    def mask(self, score: Tensor) -> Tensor:
        """Cuts a score: uint8 `[N, 1, H, W]` of 0 and 255."""
        mask = (score > self.options.threshold).float()
        if self.options.mask_median:
            mask = majority(mask, self.options.mask_median)
        return (mask * 255).to(torch.uint8)


def relit(frames: Tensor, backgrounds: Tensor, gain: str) -> Tensor:
    """Backgrounds in the light of the frames, as `cleanplate.foreground.difference.compensate_light`."""
    if gain == "none":
        return backgrounds
    step = max(1, min(int(frames.shape[2]), int(frames.shape[3])) // 60)
    seen = frames[:, :, ::step, ::step].flatten(2)
    plate = backgrounds[:, :, ::step, ::step].flatten(2)
    if gain == "offset":
        lit = plate + middle(seen - plate)[..., None]
    else:
        lit = plate * middle((seen + 1) / (plate + 1))[..., None]
    still = ((seen - lit).abs().amax(dim=1, keepdim=True) < _LIGHT_SAMPLE_LEVELS).float()
    enough = still.mean(dim=2, keepdim=True)[..., None] >= 0.1
    if gain == "offset":
        change = ((seen - plate) * still).sum(dim=2) / still.sum(dim=2).clamp(min=1)
        changed = backgrounds + change[:, :, None, None] * enough.float()
    else:
        factor = ((seen * still).sum(dim=2) + 1) / ((plate * still).sum(dim=2) + 1)
        changed = backgrounds * torch.where(enough, factor[:, :, None, None], torch.ones_like(factor[:, :, None, None]))
    return torch.round(changed).clamp(0, 255)


def _one_channel(gap: Tensor, channels: str) -> Tensor:
    if channels == "max":
        return gap.amax(dim=1, keepdim=True)
    if channels == "mean":
        return gap.mean(dim=1, keepdim=True)
    shares = torch.tensor(_LUMA, device=gap.device)[:, None, None]
    return torch.floor((gap * shares).sum(dim=1, keepdim=True) + 0.5)
