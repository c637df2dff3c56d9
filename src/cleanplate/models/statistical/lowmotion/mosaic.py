"""Backgrounds for a camera that pans, tilts or zooms, put together from other frames of the same view.

No single plate fits such a sequence, but other frames show most of the same view. The most similar frames are found by
their thumbnails and aligned with the frame by the motion of corners; the median of what they show is its background. A
pixel that none of them shows is not scored.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.data.sequence import FrameSequence
from cleanplate.models.components.initializers.temporal import masked_median
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.models.statistical.lowmotion.stabilization import small_grey
from cleanplate.utils.arrays import Image

Motion = NDArray[np.float64]

_ROWS = 240  # motion is found in pictures no larger than this
_CORNERS = 300
_LEAST_CORNERS = 12
_TRACKED_WINDOW = (15, 15)
_OUTLIER_PIXELS = 1.5

_MOVED_PIXELS = 1.0  # of the picture's corners, from one frame to the next
_AGREED = 0.5  # share of the corners that must follow one motion: the camera's, not an object's
_MOVING_SHARE = 0.05

_VIEWS = 150
_BYTES = 100_000_000  # of views kept
_ALIKE = 25
_USED = 15
_LEAST_USED = 3
_FOLLOWED = 0.4
_LEAST_SAMPLES = 2
_THUMBNAIL = (32, 24)


class Views:
    """Frames of a sequence, kept to put backgrounds together from.

    Args:
        frames: uint8 BGR `[N, H, W, 3]`, spread over the sequence.
    """

    def __init__(self, frames: Image) -> None:
        self.frames = frames
        self._scale = min(1.0, _ROWS / min(frames.shape[1:3]))
        self._greys = [small_grey(frame, self._scale) for frame in frames]
        self._thumbnails = np.stack([_thumbnail(grey) for grey in self._greys])

    @classmethod
    def of(cls, sequence: FrameSequence) -> "Views":
        """Reads at most 150 frames, fewer of large ones, evenly spaced."""
        height, width = sequence.size
        return cls(sequence.stack(max(_ALIKE, min(_VIEWS, _BYTES // (3 * height * width)))))

    def background(self, frame: Image) -> Image:
        """The background of a frame, uint8 BGR `[H, W, 3]`; the frame itself where no other view shows the place."""
        height, width = frame.shape[:2]
        grey = small_grey(frame, self._scale)
        corners = _corners(grey)
        likeness = self._thumbnails @ _thumbnail(grey)
        moved, shown = [], []
        for index in np.argsort(-likeness)[:_ALIKE]:
            motion, share = _camera_motion(grey, self._greys[index], corners)
            if motion is None or share < _FOLLOWED:
                continue
            motion[:, 2] /= self._scale
            onto = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            moved.append(cv2.warpAffine(self.frames[index], motion, (width, height), flags=onto))
            everywhere = np.full((height, width), 255, np.uint8)
            shown.append(cv2.warpAffine(everywhere, motion, (width, height), flags=onto) == 255)
            if len(moved) == _USED:
                break
        if len(moved) < _LEAST_USED:
            return frame.copy()
        valid = np.stack(shown)
        known = valid.sum(axis=0) >= _LEAST_SAMPLES
        return np.where(known[..., None], masked_median(np.stack(moved), valid), frame)


def camera_moves(pairs: FramePairs) -> bool:
    """Whether in a twentieth of the pairs the whole picture moves by more than a pixel, and most corners with it."""
    scale = min(1.0, _ROWS / min(pairs.frames.shape[1:3]))
    moving = 0
    for one, other in zip(pairs.frames[::2], pairs.following[::2], strict=True):
        before = small_grey(one, scale)
        motion, share = _camera_motion(before, small_grey(other, scale), _corners(before))
        moving += motion is not None and share > _AGREED and _corner_shift(motion, before.shape) > _MOVED_PIXELS
    return moving >= _MOVING_SHARE * len(pairs.frames[::2])


def _camera_motion(one: Image, other: Image, corners: NDArray[np.float32] | None) -> tuple[Motion | None, float]:
    """The shift, turn and zoom that most corners of `one` follow into `other`, `[2, 3]`, and the share that does."""
    if corners is None or len(corners) < _LEAST_CORNERS:
        return None, 0.0
    found, seen, _ = cv2.calcOpticalFlowPyrLK(
        one, other, corners, np.empty_like(corners), winSize=_TRACKED_WINDOW, maxLevel=3
    )
    followed = seen[:, 0] > 0
    if followed.sum() < _LEAST_CORNERS:
        return None, 0.0
    motion, inliers = cv2.estimateAffinePartial2D(
        corners[followed], found[followed], method=cv2.RANSAC, ransacReprojThreshold=_OUTLIER_PIXELS, maxIters=300
    )
    return (None, 0.0) if motion is None else (np.asarray(motion, np.float64), float(inliers.sum()) / len(corners))


def _corners(grey: Image) -> NDArray[np.float32] | None:
    found = cv2.goodFeaturesToTrack(grey, _CORNERS, 0.005, 7, blockSize=5)
    return None if found is None else np.asarray(found, np.float32)


def _corner_shift(motion: Motion, size: Sequence[int]) -> float:
    """Mean movement of the picture's four corners, in pixels."""
    height, width = size
    places = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    return float(np.abs(places @ motion.T - places[:, :2]).mean())


def _thumbnail(grey: Image) -> NDArray[np.float32]:
    small = np.asarray(cv2.resize(grey, _THUMBNAIL, interpolation=cv2.INTER_AREA), np.float32)
    small = np.asarray(cv2.GaussianBlur(small, (5, 5), 0), np.float32)
    small -= small.mean()
    return np.asarray((small / (np.linalg.norm(small) + 1e-3)).ravel(), np.float32)
