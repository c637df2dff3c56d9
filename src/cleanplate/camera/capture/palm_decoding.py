"""From the palm network's numbers to palms: anchors, boxes with key points, one palm where several boxes agree.

The network is a single-shot detector: at each cell of four grids over its square input it says how sure it is of a palm
there and where, measured from the middle of the cell. Numbers and order are those of MediaPipe's palm detection
(Zhang et al. 2020, arXiv 2006.10214).
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIDE = 192  # pixels of the network's square input
STRIDES = (8, 16, 16, 16)  # pixels between cells, by grid; grids of one stride share their cells, so anchors alternate
PER_GRID = 2  # anchors in a cell, by grid; all of them one unit wide, so that only their middles matter
POINTS = 9  # what is known of a palm: two corners of its box, then seven key points
WRIST, MIDDLE_FINGER = 2, 4  # rows of the nine: where the hand begins, and where its middle finger does
OVERLAP = 0.3  # share of the union from which two boxes are taken for one palm


@cache
def anchors() -> Floats:
    """Middles of the cells, in the order of the network's answers: `[2016, 2]`, x and y in [0, 1]."""
    layers = []
    for stride in sorted(set(STRIDES)):
        count = SIDE // stride
        middles = (np.arange(count, dtype=np.float32) + 0.5) / count
        y, x = np.meshgrid(middles, middles, indexing="ij")
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        layers.append(np.repeat(cells, PER_GRID * STRIDES.count(stride), axis=0))
    return np.concatenate(layers)


def decode(boxes: Floats, logits: Floats, threshold: float) -> tuple[Floats, Floats]:
    """Palms that the network is sure of, still several for each hand.

    Args:
        boxes: `[2016, 18]` in pixels of the input: middle from the anchor, width and height, seven points from it.
        logits: `[2016]`.
        threshold: least score, in (0, 1).

    Returns:
        Points `[N, 9, 2]` in sides of the input (least corner, greatest corner, key points) and scores `[N]`, best
        first.
    """
    sure = np.flatnonzero(logits >= math.log(threshold / (1 - threshold)))
    sure = sure[np.argsort(-logits[sure], kind="stable")]
    values = boxes[sure].reshape(-1, POINTS, 2) / SIDE
    middle, half = values[:, 0] + anchors()[sure], values[:, 1] / 2
    corners = np.stack([middle - half, middle + half], axis=1)
    points = np.concatenate([corners, values[:, 2:] + anchors()[sure, None]], axis=1)
    return np.asarray(points, np.float32), np.asarray(1 / (1 + np.exp(-logits[sure])), np.float32)


def merge(points: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """One palm for each group of boxes that overlap: their mean, weighted by score, with the best one's score.

    A mean keeps still where the best box alone would jump from cell to cell between frames.

    Args:
        points: `[N, 9, 2]` as `decode` gives them, best first.
        scores: `[N]`.

    Returns:
        Points `[M, 9, 2]` and scores `[M]`, best first.
    """
    kept, best = [], []
    left = np.arange(len(points))
    while len(left):
        same = overlaps(points[left[0]], points[left]) > OVERLAP
        same[0] = True  # also a box without area, which overlaps nothing
        group = left[same]
        kept.append(np.average(points[group], axis=0, weights=scores[group]))
        best.append(scores[left[0]])
        left = left[~same]
    return np.reshape(np.array(kept, np.float32), (-1, POINTS, 2)), np.array(best, np.float32)


def overlaps(one: Floats, others: Floats) -> Floats:
    """Share of the union that two boxes have in common: of `[9, 2]` with each of `[N, 9, 2]`, in [0, 1]."""
    common = np.minimum(one[1], others[:, 1]) - np.maximum(one[0], others[:, 0])
    shared = np.prod(np.maximum(common, 0), axis=1)
    union = np.prod(one[1] - one[0]) + np.prod(others[:, 1] - others[:, 0], axis=1) - shared
    share: Floats = np.where(union > 0, shared / np.where(union > 0, union, 1), 0)
    return share
