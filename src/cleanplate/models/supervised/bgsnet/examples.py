"""Training examples of `bgsnet`: squares of labelled frames with both backgrounds, augmented and pasted into."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cleanplate.data.sequence import evenly_spaced
from cleanplate.data.training import LabelledFrames, hold_out, shuffled
from cleanplate.errors import DataError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.components.pasting import TrainingScene, paste, random_object
from cleanplate.models.components.shading import shade_of, somewhere
from cleanplate.models.hybrid.plate.examples import camera_effects
from cleanplate.models.hybrid.plate.network import MULTIPLE
from cleanplate.models.supervised.bgsnet.options import BgsNetOptions
from cleanplate.models.supervised.bgsnet.recent_background import recent_at
from cleanplate.models.supervised.examples import Drawn, Examples
from cleanplate.utils.arrays import Image, Score

_ZOOMED = 0.3
_NEARER, _FARTHER = 1.4, 0.75
_KNOWN_TO_RECENT = 0.4
_HELD_OUT = 40  # frames per video: all of them would take as long as the training


@dataclass(frozen=True)
class View:
    """A labelled frame with its backgrounds and noise.

    Attributes:
        frame: uint8 BGR `[H, W, 3]`.
        background: of the empty scene, the same.
        recent: the recent background, the same.
        noise: the scene's, uint8 `[H, W]` in grey levels.
        labels: uint8 `[H, W]` of 0, 170 and 255.
    """

    frame: Image
    background: Image
    recent: Image
    noise: Image
    labels: Image


class BgsExamples(Examples):
    """Squares of labelled frames.

    Args:
        labelled: videos and the frames of them that may be learnt from.
        new_base: makes the model that gives the empty background of a video; it is fitted to each.
        options: see `BgsNetOptions`.
    """

    def __init__(
        self, labelled: Sequence[LabelledFrames], new_base: Callable[[], BackgroundModel], options: BgsNetOptions
    ) -> None:
        super().__init__(options.seed)
        self.options = options
        self.views: list[View] = []
        self.held_out_views: list[View] = []
        self.scenes: list[TrainingScene] = []
        for video in labelled:
            self._take(video, new_base())

    def _take(self, video: LabelledFrames, base: BackgroundModel) -> None:
        if video.sequence.still_pictures:
            raise DataError(f"{video.sequence.name}: single pictures have no background; bgsnet learns from videos")
        base.fit(video.sequence)
        learnt, held = hold_out(video.numbers)
        views = list(_views(video, base, evenly_spaced(learnt, self.options.examples)))
        self.views += views
        self.held_out_views += list(_views(video, base, evenly_spaced(held, _HELD_OUT)))
        noise = base.noise_of(video.sequence.size)
        self.scenes += [TrainingScene([view.frame], [view.background], [view.labels], noise, []) for view in views]

    def drawn(self, draw: int, random: np.random.Generator) -> Drawn:
        """See `Examples.drawn`."""
        index = shuffled(draw, len(self.views), self.seed)
        view = _cut(random, self.views[index], self.options.side)
        picture, labels = view.frame.astype(np.float32), view.labels.copy()
        recent = view.recent.astype(np.float32)
        if random.random() < self.options.pasted:
            thing = random_object(random, self.scenes, self.scenes[index], view.background.astype(np.float32))
            place = somewhere(random, labels.shape, *thing.mask.shape)
            if random.random() < _KNOWN_TO_RECENT:  # the object has been there for a while
                paste(random, recent, labels.copy(), thing, *place)
            shade_of(random, picture, labels, thing.mask, *place)
            paste(random, picture, labels, thing, *place)
        frame, background = camera_effects(random, picture, view.background)
        return stacked(frame, background, np.clip(recent, 0, 255).astype(np.uint8), view.noise), labels

    def held_out(self) -> Iterator[Drawn]:
        """See `Examples.held_out`."""
        for view in self.held_out_views:
            height, width = (length // MULTIPLE * MULTIPLE for length in view.labels.shape)
            whole = stacked(view.frame, view.background, view.recent, view.noise)
            yield whole[:height, :width], view.labels[:height, :width]


def stacked(frame: Image, background: Image, recent: Image, noise: Image | Score) -> Image:
    """Frame, empty and recent background as RGB, then the noise in whole levels: uint8 `[H, W, 10]`, from BGR."""
    height, width = frame.shape[:2]
    whole = np.empty((height, width, 10), np.uint8)
    for place, picture in enumerate((frame, background, recent)):
        whole[..., 3 * place : 3 * place + 3] = picture[..., ::-1]
    whole[..., 9] = np.clip(np.rint(noise), 0, 255)
    return whole


def _views(video: LabelledFrames, base: BackgroundModel, numbers: Sequence[int]) -> Iterator[View]:
    noise = np.clip(np.rint(base.noise_of(video.sequence.size)), 0, 255).astype(np.uint8)
    position = {number: index for index, number in enumerate(video.sequence.numbers)}
    for number in numbers:
        frame, labels = video.read(number)
        recent = recent_at(video.sequence, position[number])
        yield View(frame, base.predict([frame])[0].background, recent, noise, labels)


def _cut(random: np.random.Generator, view: View, side: int) -> View:
    """A random square of a view, possibly mirrored, larger or smaller."""
    scale = 1.0
    if random.random() < _ZOOMED:
        scale = float(np.exp(random.uniform(np.log(_FARTHER), np.log(_NEARER))))
    wanted = [min(length, max(MULTIPLE, round(side / scale))) for length in view.labels.shape]
    top, left = (
        int(random.integers(length - part + 1)) for length, part in zip(view.labels.shape, wanted, strict=True)
    )
    mirror = slice(None, None, -1 if random.random() < 0.5 else 1)

    def part(whole: Image, interpolation: int) -> Image:
        square = np.ascontiguousarray(whole[top : top + wanted[0], left : left + wanted[1]][:, mirror])
        if square.shape[:2] == (side, side):
            return square
        return np.asarray(cv2.resize(square, (side, side), interpolation=interpolation), np.uint8)

    return View(
        part(view.frame, cv2.INTER_LINEAR),
        part(view.background, cv2.INTER_LINEAR),
        part(view.recent, cv2.INTER_LINEAR),
        part(view.noise, cv2.INTER_LINEAR),
        part(view.labels, cv2.INTER_NEAREST),
    )
