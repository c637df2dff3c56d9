"""Corruptions of training frames for the denoising autoencoder.

Pure functions: float pictures `[N, C, H, W]` in 0 … 1 in, the same out, never in place; all chance from the generator,
which must be on the pictures' device. Vincent et al., Extracting and composing robust features with denoising
autoencoders (2008), for noise and masking; pasted patches after Li et al., CutPaste (2021, arXiv 2104.04015).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from cleanplate.errors import ConfigError

CORRUPTIONS = ("gaussian", "salt_and_pepper", "erased", "pasted")
"""In the order in which they are applied, backwards: objects come before the lens, noise comes last."""
_BOXES = 3
_LONGEST = 1.6  # how much longer than the square root of its area a side of a box may be


def check_corruption(rates: Mapping[str, float]) -> None:
    """Refuses an unknown corruption, or a rate outside 0 … 1 (1 excluded), with a `ConfigError`."""
    for name, rate in rates.items():
        if name not in CORRUPTIONS:
            raise ConfigError(f"corruption.{name}: no such corruption; choose from {', '.join(CORRUPTIONS)}")
        if not 0 <= rate < 1:
            raise ConfigError(f"corruption.{name}: {rate} is outside 0 … 1; 0 leaves it out")


def corrupted(pictures: Tensor, others: Tensor, rates: Mapping[str, float], generator: torch.Generator) -> Tensor:
    """Pictures under every corruption that has a rate.

    Args:
        pictures: `[N, C, H, W]`.
        others: pictures of the same shape that patches are cut from.
        rates: by name; see the single functions for what they mean.
        generator: on the pictures' device.
    """
    if rates.get("pasted"):
        pictures = pasted(pictures, others, rates["pasted"], generator)
    if rates.get("erased"):
        pictures = erased(pictures, rates["erased"], generator)
    if rates.get("salt_and_pepper"):
        pictures = salt_and_pepper(pictures, rates["salt_and_pepper"], generator)
    if rates.get("gaussian"):
        pictures = gaussian(pictures, rates["gaussian"], generator)
    return pictures


def gaussian(pictures: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Independent normal noise of that standard deviation on every value, cut to 0 … 1."""
    noise = torch.randn(pictures.shape, generator=generator, device=pictures.device)
    return (pictures + deviation * noise).clamp(0, 1)


def salt_and_pepper(pictures: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """That share of the pixels, drawn one by one, becomes black or white in all channels, each as often."""
    draw = torch.rand((len(pictures), 1, *pictures.shape[2:]), generator=generator, device=pictures.device)
    return torch.where(draw < share, (draw < share / 2).to(pictures.dtype), pictures)


def erased(pictures: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A few boxes that together cover about that share of each picture, each of one random colour."""
    for box in boxes(pictures, share, generator):
        shape = (*pictures.shape[:2], 1, 1)
        pictures = torch.where(box, torch.rand(shape, generator=generator, device=pictures.device), pictures)
    return pictures


def pasted(pictures: Tensor, others: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A few boxes that together cover about that share of each picture, filled from elsewhere in another picture."""
    for box in boxes(pictures, share, generator):
        pictures = torch.where(box, _moved(others, generator), pictures)
    return pictures


def boxes(pictures: Tensor, share: float, generator: torch.Generator) -> list[Tensor]:
    """Where a few boxes lie, wholly inside the pictures: `[N, 1, H, W]` each, true inside.

    All of a picture's boxes have one area; what they cover together is `share` on average, overlaps allowed for.
    """
    count, _, height, width = pictures.shape
    area = height * width * (1 - (1 - share) ** (1 / _BOXES))
    rows = torch.arange(height, device=pictures.device).view(1, 1, height, 1)
    columns = torch.arange(width, device=pictures.device).view(1, 1, 1, width)
    found = []
    for _ in range(_BOXES):
        draw = torch.rand((4, count, 1, 1, 1), generator=generator, device=pictures.device)
        tall = (area**0.5 * _LONGEST ** (2 * draw[0] - 1)).round().clamp(1, height)
        # What rounding the height took away, the width gives back on average: it is rounded by chance.
        wide = (area / tall + draw[1]).floor().clamp(0, width)
        top, left = (draw[2] * (height - tall + 1)).floor(), (draw[3] * (width - wide + 1)).floor()
        found.append((rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide))
    return found


def _moved(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture shifted round its edges, by as much as may be in both directions."""
    count, _, height, width = pictures.shape
    shift = torch.rand((2, count, 1), generator=generator, device=pictures.device)
    rows = (torch.arange(height, device=pictures.device) + (shift[0] * height).long()) % height
    columns = (torch.arange(width, device=pictures.device) + (shift[1] * width).long()) % width
    which = torch.arange(count, device=pictures.device)[:, None, None]
    return pictures.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)
