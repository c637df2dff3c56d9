"""Where the palms of hands are in a frame, so that a button in the picture can be pressed without a mouse.

The network is MediaPipe's palm detector (Zhang et al., MediaPipe Hands, 2020, arXiv 2006.10214); `cleanplate download
palm` fetches its weights. OpenVINO runs it where it is installed, five times faster than OpenCV does on one thread;
their answers are the same to four digits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cleanplate.acquire.palm_model import palm_model_path, palm_model_unmet
from cleanplate.camera.capture.palm_decoding import MIDDLE_FINGER, SIDE, WRIST, Floats, decode, merge
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models.exported.runtimes import openvino
from cleanplate.utils.arrays import Image

Network = Callable[[Floats], tuple[Floats, Floats]]
"""From an RGB picture `[192, 192, 3]` in [0, 1] to boxes `[2016, 18]` and logits `[2016]`."""


@dataclass(frozen=True)
class Palm:
    """A palm, open or closed, either side of the hand.

    Attributes:
        centre: x and y in pixels, the middle between the wrist and the base of the middle finger; a hand that leaves
            the picture may have it outside.
        size: side of the box around the palm, fingers not counted, in pixels.
        score: how sure the detector is, 0 to 1.
    """

    centre: tuple[float, float]
    size: float
    score: float


class PalmDetector:
    """Finds palms in single frames; knows nothing of the frames before, so that it may be shown every n-th.

    Args:
        threshold: least score of a palm, in (0, 1).
        path: file of the weights; where `cleanplate download palm` puts it by default.

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
        """What is missing and how to get it, in one line; empty if palms can be found."""
        return palm_model_unmet()

    def __call__(self, frame: Image) -> list[Palm]:
        """The palms in a frame, uint8 BGR `[H, W, 3]`, the surest first.

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
    """The frame in the middle of the network's input, black around it: RGB `[192, 192, 3]` in [0, 1]."""
    height, width = frame.shape[:2]
    scale = SIDE / max(height, width)
    # Corner on corner and no smoothing, as MediaPipe samples: what the network was trained on decides, and a frame
    # shrunk otherwise, however well, loses a palm in ten.
    step = np.array([[scale, 0, (SIDE - scale * width) / 2], [0, scale, (SIDE - scale * height) / 2]])
    placed = cv2.warpAffine(frame, step, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(placed, cv2.COLOR_BGR2RGB), np.float32) / np.float32(255)


def by_openvino(path: Path) -> Network | None:
    """The network run by OpenVINO, on one thread; `None` where that is not installed."""
    try:
        core = openvino(path).Core()
    except (ModelError, OSError):
        return None
    # Full precision: the half one that it takes by itself moves palms by a hundredth of the picture.
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(path, "CPU", settings)

    def run(picture: Floats) -> tuple[Floats, Floats]:
        return _sorted(list(compiled(picture[None]).values()))

    return run


def by_opencv(path: Path) -> Network:
    """The network run by OpenCV, on as many threads as OpenCV may use."""
    net = cv2.dnn.readNetFromTFLite(str(path))
    outputs = net.getUnconnectedOutLayersNames()

    def run(picture: Floats) -> tuple[Floats, Floats]:
        net.setInput(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
        return _sorted([np.asarray(answer, np.float32) for answer in net.forward(outputs)])

    return run


def _sorted(answers: list[Floats]) -> tuple[Floats, Floats]:
    """Boxes and logits, which no two programs give in one order."""
    boxes, logits = sorted(answers, key=lambda answer: -answer.shape[-1])
    return boxes[0], logits[0, :, 0]


def _palm(points: Floats, score: float) -> Palm:
    centre = (points[WRIST] + points[MIDDLE_FINGER]) / 2
    return Palm((float(centre[0]), float(centre[1])), float(np.mean(points[1] - points[0])), float(score))
