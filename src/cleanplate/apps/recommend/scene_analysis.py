"""Analysis of a scene without labels: camera, light, dynamic background, and how long people stay."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.apps.recommend.sample import Sample
from cleanplate.foreground.difference import resting_noise
from cleanplate.models.base import FEW_FRAMES
from cleanplate.models.components.initializers.temporal import low_motion_background
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.models.statistical.lowmotion.mosaic import camera_moves
from cleanplate.models.statistical.lowmotion.stabilization import Registration
from cleanplate.report.clips import narrowed
from cleanplate.utils.arrays import Image

Masks = NDArray[np.bool_]

WIDTH = 320
"""Frames are looked at, compared and shown no wider than this."""

LIGHT_LEVELS = 8.0
"""The light is taken to change if most of the picture gets brighter or darker by so many grey levels."""
RESTLESS_LEVELS = 8.0
RESTLESS_SHARE = 0.02
"""The background is taken to be restless if so much of it differs by so many grey levels while nothing passes."""
LONG_SHARE = 0.25
LONG_FRAMES = 50
"""Who is in one place for this part of the sample, and so many frames, stays long."""
COVERED_SHARE = 0.01
"""So much of the picture covered half of the time is more than a median over time can see through."""
HIDDEN_SHARE = 0.2
"""So much of the picture covered half of the time hides what light and background do."""

_REGISTERED = 80  # frames that show whether the camera shakes, as `lowmotion` takes them
_LEAST_SIDE = 16  # smaller pictures have no corners to follow
_CELL = 8  # pixels: who stays moves a little
_STANDING = 0.003  # of the picture


@dataclass(frozen=True)
class Scene:
    """What was measured of a scene.

    Attributes:
        enough: whether there were frames enough to tell shaking, panning and unrest; where not, they count as absent.
        shake: pixels by which a shaking camera is off in the median frame; `None` where it stands still.
        moves: whether the camera pans, tilts or zooms.
        light: grey levels between the darkest and brightest frames, over most of the picture; `None` if the camera
            moves, or too much is covered to tell.
        restless: share of the picture that does not rest while nothing passes, 0 to 1; `None` if the camera moves,
            or too much is covered.
        stay: longest that somebody was in one place, as share of the sample, 0 to 1.
        stay_frames: the same in frames of the source.
        covered: share of the picture that is foreground in half of the sample or more.
    """

    enough: bool = True
    shake: float | None = None
    moves: bool = False
    light: float | None = 0.0
    restless: float | None = 0.0
    stay: float = 0.0
    stay_frames: int = 0
    covered: float = 0.0

    @property
    def camera_still(self) -> bool:
        """Whether one plate serves all frames as they are."""
        return self.shake is None and not self.moves

    @property
    def light_changes(self) -> bool:
        """See `LIGHT_LEVELS`."""
        return self.light is not None and self.light >= LIGHT_LEVELS

    @property
    def is_restless(self) -> bool:
        """See `RESTLESS_SHARE`."""
        return self.restless is not None and self.restless >= RESTLESS_SHARE

    @property
    def somebody_stays(self) -> bool:
        """See `LONG_SHARE`."""
        return self.stay >= LONG_SHARE and self.stay_frames >= LONG_FRAMES

    @property
    def is_covered(self) -> bool:
        """See `COVERED_SHARE`."""
        return self.covered >= COVERED_SHARE


def analyze_scene(sample: Sample) -> Scene:
    """Returns what can be measured without masks: camera, light, dynamic background."""
    pairs = sample.pairs()
    if len(pairs.frames) < FEW_FRAMES or min(sample.size) < _LEAST_SIDE:
        return Scene(enough=False, light=_light(sample), restless=None)
    chosen = pairs.frames[:: -(-len(pairs.frames) // _REGISTERED)]
    registration = Registration.learned(chosen)
    if registration is not None:
        shake = float(np.median([np.hypot(*registration.shift(frame)) for frame in chosen]))
        return Scene(shake=shake, light=_light(sample), restless=None)
    if camera_moves(pairs):
        return Scene(moves=True, light=None, restless=None)
    frames, following = _small(pairs.frames), _small(pairs.following)
    ground = np.median(frames, axis=0)
    small = FramePairs(_evened(frames, ground), _evened(following, ground))
    plate = low_motion_background(small)
    gaps = np.stack([cv2.absdiff(frame, plate).max(axis=2) for frame in small.frames])
    noise = resting_noise(small.taken(gaps))
    return Scene(light=_light(sample), restless=float((noise >= RESTLESS_LEVELS).mean()))


def presence(masks: Masks, numbers: Sequence[int]) -> tuple[float, int, float]:
    """Returns how long anybody stays in one place, by the masks of one model.

    Args:
        masks: `[N, h, w]`, true where somebody is.
        numbers: of the frames in the source.

    Returns:
        The longest time that a place was foreground without a break, as a share of the sample and in frames of the
        source, and the share of the picture that is foreground half of the time or more.
    """
    count, height, width = masks.shape
    cells = (max(1, width // _CELL), max(1, height // _CELL))
    taken = np.stack([cv2.resize(mask.astype(np.float32), cells, interpolation=cv2.INTER_AREA) > 0.5 for mask in masks])
    running = np.zeros(taken.shape[1:], np.intp)
    lengths, ends = np.zeros_like(running), np.zeros_like(running)
    for index, present in enumerate(taken):
        running = np.where(present, running + 1, 0)
        longer = running > lengths
        lengths, ends = np.where(longer, running, lengths), np.where(longer, index, ends)
    # One cell is noise; so much of the picture together is somebody.
    rank = max(1, int(np.ceil(_STANDING * lengths.size)))
    place = int(np.argsort(-lengths, axis=None, kind="stable")[min(rank, lengths.size) - 1])
    length, end = int(lengths.flat[place]), int(ends.flat[place])
    frames = numbers[end] - numbers[end - length + 1] + 1 if length else 0
    return length / count, frames, float((masks.mean(axis=0) >= 0.5).mean())


def _light(sample: Sample) -> float:
    """Grey levels between the 5 % darkest and brightest frames, each by its middle pixel beside their median."""
    frames = (narrowed(frame, WIDTH) for frame in sample.frames)
    greys = np.stack([np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.float32) for frame in frames])
    middle = np.median(greys - np.median(greys, axis=0), axis=(1, 2))
    low, high = np.percentile(middle, [5, 95])
    return float(high - low)


def _evened(frames: Image, ground: NDArray[np.float64]) -> Image:
    """Returns frames with the light of `ground`: the median difference of each frame is subtracted."""
    even = np.empty_like(frames)
    for index, frame in enumerate(frames):
        offset = np.median(frame - ground, axis=(0, 1))
        even[index] = np.clip(np.rint(frame - offset), 0, 255)
    return even


def _small(frames: Image) -> Image:
    return np.stack([narrowed(frame, WIDTH) for frame in frames])
