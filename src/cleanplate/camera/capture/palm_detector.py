"""Detects palms in a frame, with MediaPipe's palm detector (Zhang et al., MediaPipe Hands, 2020, arXiv 2006.10214).

The network is a single-shot detector. Each cell of four grids over its square input gives the score of a palm there and
its box and key points, measured from the cell's centre. `cleanplate download palm` fetches the weights. OpenVINO runs
the network where it is installed, five times as fast as OpenCV on one thread; their results agree to four digits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.acquire.palm_model import palm_model_path, palm_model_unmet
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models.exported.runtimes import openvino
from cleanplate.utils.arrays import Image

Floats = NDArray[np.float32]
Network = Callable[[Floats], tuple[Floats, Floats]]
"""From an RGB picture `[192, 192, 3]` in [0, 1] to boxes `[2016, 18]` and logits `[2016]`."""

SIDE = 192  # pixels of the network's square input
STRIDES = (8, 16, 16, 16)  # pixels between cells, by grid; grids of one stride share their cells, so anchors alternate
PER_GRID = 2  # anchors per cell and grid; all are one unit wide, so that only their centres matter
POINTS = 9  # per palm: two corners of its box, then seven key points
WRIST, MIDDLE_FINGER = 2, 4  # rows of the nine: the wrist and the base of the middle finger
OVERLAP = 0.3  # intersection over union from which two boxes are the same palm


@dataclass(frozen=True)
class Palm:
    """A palm, open or closed, either side of the hand.

    Attributes:
        centre: x and y in pixels, halfway between the wrist and the base of the middle finger; may lie outside the
            frame for a hand that leaves it.
        size: side of the box around the palm, without the fingers, in pixels.
        score: the detector's confidence, 0 to 1.
    """

    centre: tuple[float, float]
    size: float
    score: float


class PalmDetector:
    """Detects palms in single frames. It has no memory, so that any frame may be left out.

    Args:
        threshold: least score of a palm, in (0, 1).
        path: file of the weights; by default where `cleanplate download palm` puts it.

    Raises:
        ConfigError: if `threshold` is out of range.
        ModelError: if the weights are missing, damaged or another network's; says how to get them.
    """

    def __init__(self, *, threshold: float = 0.5, path: Path | None = None) -> None:
        if not 0 < threshold < 1:
            raise ConfigError(f"palms: threshold must be between 0 and 1, is {threshold}")
        path = path or palm_model_path()
        if unmet := palm_model_unmet(path):
            raise ModelError(unmet)
        self.threshold = threshold
        self._network = by_openvino(path) or by_opencv(path)

    @classmethod
    def unmet(cls) -> str:
        """Returns what is missing and how to get it, in one line; empty if palms can be detected."""
        return palm_model_unmet()

    def __call__(self, frame: Image) -> list[Palm]:
        """Returns the palms in a frame, uint8 BGR `[H, W, 3]`, by falling score.

        Raises:
            ModelError: if it is not such a frame.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or not frame.size:
            raise ModelError(f"palms: frames must be uint8 [H, W, 3], this is {frame.dtype} {list(frame.shape)}")
        height, width = frame.shape[:2]
        points, scores = merge(*decode(*self._network(letterboxed(frame)), self.threshold))
        # From the square around the frame, in its sides, to the frame, in pixels.
        square = max(height, width)
        points = points * square - [(square - width) / 2, (square - height) / 2]
        return [_palm(each, score) for each, score in zip(points, scores, strict=True)]


def letterboxed(frame: Image) -> Floats:
    """Returns the frame scaled into the network's input with black around it: RGB `[192, 192, 3]` in [0, 1]."""
    height, width = frame.shape[:2]
    scale = SIDE / max(height, width)
    # Corner on corner and without smoothing, as MediaPipe samples and as the network was trained. Any other scaling,
    # however good, loses a palm in ten.
    step = np.array([[scale, 0, (SIDE - scale * width) / 2], [0, scale, (SIDE - scale * height) / 2]])
    placed = cv2.warpAffine(frame, step, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(placed, cv2.COLOR_BGR2RGB), np.float32) / np.float32(255)


def by_openvino(path: Path) -> Network | None:
    """Returns the network, run by OpenVINO on one thread; `None` where OpenVINO is not installed."""
    try:
        core = openvino(path).Core()
    except (ModelError, OSError):
        return None
    # The default half precision moves palms by a hundredth of the picture.
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(path, "CPU", settings)
    return lambda picture: _sorted(list(compiled(picture[None]).values()))


def by_opencv(path: Path) -> Network:
    """Returns the network, run by OpenCV on as many threads as OpenCV may use."""
    net = cv2.dnn.readNetFromTFLite(str(path))
    outputs = net.getUnconnectedOutLayersNames()

    def run(picture: Floats) -> tuple[Floats, Floats]:
        net.setInput(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
        return _sorted([np.asarray(answer, np.float32) for answer in net.forward(outputs)])

    return run


@cache
def anchors() -> Floats:
    """Returns the centres of the cells, in the order of the network's outputs: `[2016, 2]`, x and y in [0, 1]."""
    layers = []
    for stride in sorted(set(STRIDES)):
        count = SIDE // stride
        centres = (np.arange(count, dtype=np.float32) + 0.5) / count
        y, x = np.meshgrid(centres, centres, indexing="ij")
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        layers.append(np.repeat(cells, PER_GRID * STRIDES.count(stride), axis=0))
    return np.concatenate(layers)


def decode(boxes: Floats, logits: Floats, threshold: float) -> tuple[Floats, Floats]:
    """Returns the boxes above a threshold, several for each palm.

    Args:
        boxes: `[2016, 18]` in pixels of the input: centre from the anchor, width and height, seven points from it.
        logits: `[2016]`.
        threshold: least score, in (0, 1).

    Returns:
        Points `[N, 9, 2]` in sides of the input (least corner, greatest corner, key points) and scores `[N]`, by
        falling score.
    """
    sure = np.flatnonzero(logits >= math.log(threshold / (1 - threshold)))
    sure = sure[np.argsort(-logits[sure], kind="stable")]
    values = boxes[sure].reshape(-1, POINTS, 2) / SIDE
    centre, half = values[:, 0] + anchors()[sure], values[:, 1] / 2
    corners = np.stack([centre - half, centre + half], axis=1)
    points = np.concatenate([corners, values[:, 2:] + anchors()[sure, None]], axis=1)
    return np.asarray(points, np.float32), np.asarray(1 / (1 + np.exp(-logits[sure])), np.float32)


def merge(points: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Returns one palm per group of overlapping boxes: their mean, weighted by score, with the best score.

    Between frames the mean rests where the best box alone would jump from cell to cell.

    Args:
        points: `[N, 9, 2]` from `decode`, by falling score.
        scores: `[N]`.

    Returns:
        Points `[M, 9, 2]` and scores `[M]`, by falling score.
    """
    kept, best = [], []
    left = np.arange(len(points))
    while len(left):
        same = overlaps(points[left[0]], points[left]) > OVERLAP
        same[0] = True  # even a box without area, which overlaps nothing
        group = left[same]
        kept.append(np.average(points[group], axis=0, weights=scores[group]))
        best.append(scores[left[0]])
        left = left[~same]
    return np.reshape(np.array(kept, np.float32), (-1, POINTS, 2)), np.array(best, np.float32)


def overlaps(one: Floats, others: Floats) -> Floats:
    """Returns the intersection over union of the box `[9, 2]` with each of `[N, 9, 2]`, in [0, 1]."""
    common = np.minimum(one[1], others[:, 1]) - np.maximum(one[0], others[:, 0])
    shared = np.prod(np.maximum(common, 0), axis=1)
    union = np.prod(one[1] - one[0]) + np.prod(others[:, 1] - others[:, 0], axis=1) - shared
    share: Floats = np.where(union > 0, shared / np.where(union > 0, union, 1), 0)
    return share


def _sorted(answers: list[Floats]) -> tuple[Floats, Floats]:
    """Returns boxes and logits, whose order depends on the runtime."""
    boxes, logits = sorted(answers, key=lambda answer: -answer.shape[-1])
    return boxes[0], logits[0, :, 0]


def _palm(points: Floats, score: float) -> Palm:
    centre = (points[WRIST] + points[MIDDLE_FINGER]) / 2
    return Palm((float(centre[0]), float(centre[1])), float(np.mean(points[1] - points[0])), float(score))
