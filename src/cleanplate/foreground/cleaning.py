"""What a mask goes through after the threshold: speckle, gaps, holes and crumbs."""

import cv2
import numpy as np

from cleanplate.foreground.difference import Image
from cleanplate.foreground.options import ForegroundOptions


def clean(mask: Image, options: ForegroundOptions) -> Image:
    """Applies the steps that are switched on: median, opening, closing, filling of holes, removal of small objects.

    Args:
        mask: uint8 `[H, W]` of 0 and 255.
        options: see `ForegroundOptions`.

    Returns:
        uint8 `[H, W]` of 0 and 255.
    """
    if options.mask_median:
        mask = majority(mask, options.mask_median)
    if options.opening:
        mask = _morphology(mask, cv2.MORPH_OPEN, options.opening)
    if options.closing:
        mask = _morphology(mask, cv2.MORPH_CLOSE, options.closing)
    if options.fill_holes > 0:
        mask = fill_holes(mask, options.fill_holes)
    if options.smallest > 0:
        mask = remove_small(mask, options.smallest)
    return mask


def majority(mask: Image, side: int) -> Image:
    """The median of a mask over windows of `side`×`side` pixels, by counting: of two levels it is what most have.

    As `cv2.medianBlur`, borders included, but the time does not grow with the side.

    Args:
        mask: uint8 `[H, W]` of 0 and 255, or 0 and 1.
        side: odd.

    Returns:
        uint8 `[H, W]` of 0 and 255.
    """
    count = cv2.boxFilter(mask & 1, cv2.CV_16U, (side, side), normalize=False, borderType=cv2.BORDER_REPLICATE)
    return (np.asarray(count) > side * side // 2).view(np.uint8) * np.uint8(255)


def fill_holes(mask: Image, largest: float) -> Image:
    """Fills holes, regions of background that do not touch the border, up to `largest` share of the picture."""
    count, regions, stats, _ = cv2.connectedComponentsWithStats((mask == 0).astype(np.uint8), connectivity=4)
    height, width = mask.shape
    left, top, wide, high, area = (stats[:, column] for column in range(5))
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    hole = inside & (area <= largest * mask.size)
    hole[0] = False  # region 0 is the foreground itself
    return np.where(hole[regions], 255, mask).astype(np.uint8) if count > 1 else mask


def remove_small(mask: Image, smallest: float) -> Image:
    """Removes objects (8-connected) of less than `smallest` share of the picture."""
    _, regions, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= smallest * mask.size
    keep[0] = False
    return np.where(keep[regions], 255, 0).astype(np.uint8)


def _morphology(mask: Image, operation: int, side: int) -> Image:
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(mask, operation, ellipse), dtype=np.uint8)
