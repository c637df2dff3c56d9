"""What `pairnet` learns from: a place with and without objects, photographed twice under different light."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.data.training.examples import MOVING, UNKNOWN, Labelled, split_off
from cleanplate.errors import DataError
from cleanplate.foreground.difference import compensate_light
from cleanplate.models.components.initializers import initial_background
from cleanplate.models.components.pasting import paste, random_object
from cleanplate.models.components.shading import shade_of, somewhere
from cleanplate.models.hybrid.plate.scenes import FOREGROUND, Cutout, Material
from cleanplate.models.hybrid.plate.scenes import UNKNOWN as UNKNOWN_MARK
from cleanplate.models.learned import shrunk
from cleanplate.models.supervised.base import Drawn, Examples
from cleanplate.models.supervised.pairnet.light import photographed
from cleanplate.models.supervised.pairnet.network import MULTIPLE
from cleanplate.models.supervised.pairnet.people import chosen, cut_out, people_below, resized, stills_of
from cleanplate.utils.arrays import Image, Score

if TYPE_CHECKING:
    from cleanplate.models.supervised.pairnet.model import PairNetOptions

_FRAME, _STILL = 0.5, 0.3  # how often a labelled frame, a still picture; else the plate of a scene
_ON_FRAME, _ON_PLATE = (0.65, 0.25, 0.1), (0.3, 0.4, 0.2, 0.1)  # how often none, one, two, … objects are pasted
_PERSON, _OWN_PERSON = 0.45, 0.3  # out of a still picture, out of a labelled frame; else a silhouette
_FAR, _MOST_FAR = 0.35, 5  # how often the objects are small ones, and how many at most
_SIZES, _SIZES_FAR = (0.15, 1.4), (0.06, 0.35)  # heights of people, as shares of the crop's
_NEARER, _FARTHER = 0.7, 1.3
_JUDGED = 200
_CUTOUTS = 200  # of all scenes, held at full size


class PairExamples(Examples):
    """Pairs of frame and plate.

    Args:
        labelled: scenes, held at working size, and sets of still pictures, read as they are drawn.
        options: see `PairNetOptions`.
    """

    def __init__(self, labelled: Sequence[Labelled], options: "PairNetOptions") -> None:
        super().__init__(options.seed)
        self.options = options
        self.shape = options.crop, round(options.crop * 4 / 3 / MULTIPLE) * MULTIPLE
        self.scenes: list[Material] = []
        self.judged: list[tuple[Image, Image, Image]] = []
        self.stills = people_below(options.people)
        scenes = [item for item in labelled if not item.sequence.still_pictures]
        for item in labelled:
            if item.sequence.still_pictures:
                self.stills += stills_of(item)
        for item in scenes:
            self._take(item, max(2, options.frames // len(scenes)), max(4, _CUTOUTS // len(scenes)))
        self.frames = [(here, index) for here in self.scenes for index in range(len(here.frames))]
        self.cutouts = [thing for here in self.scenes for thing in here.cutouts]
        if not self.scenes and not self.stills:
            raise DataError("pairnet: nothing to learn from: neither a scene nor still pictures")

    def _take(self, item: Labelled, most: int, most_cutouts: int) -> None:
        plate = plate_of(item.sequence, self.options.initial)
        size = working_size(plate.shape[:2], self.options.working)
        plate = shrunk(plate, size)
        learnt, held = split_off(item.numbers)
        frames: list[Image] = []
        labels: list[Image] = []
        cutouts: list[Cutout] = []
        for number in evenly_spaced(learnt, most):
            frame, marks = item.read(number)
            cutouts += cut_out(frame, marks) if len(cutouts) < most_cutouts else []
            frames.append(shrunk(frame, size))
            labels.append(_marks(_fitted(marks, size)))
        self.scenes.append(Material(frames, [plate] * len(frames), labels, np.zeros(size, np.float32), cutouts))
        for number in evenly_spaced(held, _JUDGED):
            frame, marks = item.read(number)
            self.judged.append((shrunk(frame, size), plate, _fitted(marks, size)))

    def drawn(self, draw: int, random: np.random.Generator) -> Drawn:
        """See `Examples`: channels are frame and plate, RGB each."""
        frame, plate, labels, here, often = self._place(random)
        far = random.random() < _FAR
        count = int(random.integers(1, 1 + _MOST_FAR)) if far else int(random.choice(len(often), p=often))
        for _ in range(count):
            thing, standing = self._thing(random, here, plate, far=far)
            height, width = thing.mask.shape
            top, left = somewhere(random, labels.shape, height, width)
            if standing and not far and random.random() < 0.6:  # whose feet are on the lower border, or below
                top = labels.shape[0] - height + int(random.integers(0, height // 3 + 1))
            if random.random() < 0.35:
                shade_of(random, frame, labels, thing.mask, top, left)
            paste(random, frame, labels, thing, top, left)
        seen, empty = photographed(random, frame, plate, labels)
        return _stacked(seen, compensate_light(seen, empty, self.options.light)), _labels(labels)

    def held_out(self) -> Iterator[Drawn]:
        """Held-out frames as they are, then as many that are drawn; without scenes those alone."""
        for frame, plate, labels in self.judged:
            yield _stacked(frame, compensate_light(frame, plate, self.options.light)), labels
        for draw in range(max(16, len(self.judged))):
            yield self.drawn(draw, np.random.default_rng((self.seed, draw, 1)))

    def _place(self, random: np.random.Generator) -> tuple[Score, Score, Image, Material, tuple[float, ...]]:
        """Frame and plate, float32, marks, the scene they are of, and how often how many objects are pasted."""
        kind = random.random()
        if self.stills and (not self.scenes or _FRAME <= kind < _FRAME + _STILL):
            room, _ = chosen(random, self.stills)
            room = shrunk(room, working_size(room.shape[:2], self.options.working))
            empty = np.zeros(room.shape[:2], np.uint8)
            here = Material([room], [room], [empty], np.zeros(room.shape[:2], np.float32), [])
            return (*self._cropped(random, room, room, empty), here, _ON_PLATE)
        here, index = self.frames[int(random.integers(len(self.frames)))]
        plate = here.backgrounds[index]
        if kind < _FRAME:
            return (*self._cropped(random, here.frames[index], plate, here.labels[index]), here, _ON_FRAME)
        return (*self._cropped(random, plate, plate, np.zeros_like(here.labels[index])), here, _ON_PLATE)

    def _cropped(
        self, random: np.random.Generator, frame: Image, plate: Image, labels: Image
    ) -> tuple[Score, Score, Image]:
        """A piece of all three, nearer or farther, mirrored or not; the two pictures as floats of their own."""
        outer, size = labels.shape, self.shape
        zoom = float(np.exp(random.uniform(np.log(_NEARER), np.log(_FARTHER))))
        zoom = min(zoom, outer[0] / size[0], outer[1] / size[1])
        height, width = (max(1, round(length * zoom)) for length in size)
        top, left = int(random.integers(outer[0] - height + 1)), int(random.integers(outer[1] - width + 1))
        window = np.s_[top : top + height, left : left + width]
        mirrored = random.random() < 0.5

        def piece(whole: Image, way: int) -> Image:
            part = cv2.resize(whole[window], size[::-1], interpolation=way)
            return np.asarray(cv2.flip(part, 1) if mirrored else part, np.uint8)

        pictures = (piece(whole, cv2.INTER_LINEAR).astype(np.float32) for whole in (frame, plate))
        return (*pictures, piece(labels, cv2.INTER_NEAREST))  # type: ignore[return-value]  # two pictures

    def _thing(self, random: np.random.Generator, here: Material, under: Score, *, far: bool) -> tuple[Cutout, bool]:
        """Something to paste, and whether it may stand on the lower border: somebody, or a silhouette."""
        kind = random.random()
        found: list[Cutout] = []
        if self.stills and kind < _PERSON:
            found = cut_out(*chosen(random, self.stills))
        elif self.cutouts and (kind < _PERSON + _OWN_PERSON):
            found = [self.cutouts[int(random.integers(len(self.cutouts)))]]
        if not found:
            if far:  # nothing is drawn larger than what it is drawn into
                under = under[: under.shape[0] // 3, : under.shape[1] // 3]
            return random_object(random, self.scenes or [here], here, under), False
        least, most = _SIZES_FAR if far else _SIZES
        height = int(self.shape[0] * np.exp(random.uniform(np.log(least), np.log(most))))
        thing = found[int(random.integers(len(found)))]
        return resized(random, thing, max(8, height), int(1.2 * self.shape[1])), True


def plate_of(sequence: FrameSequence, initial: str) -> Image:
    """The clean plate that the user took, uint8 BGR `[H, W, 3]`; without one, what an initialiser makes of the frames.

    Raises:
        DataError: for pictures of many places.
    """
    if sequence.clean_plate is not None:
        return sequence.clean_plate
    if sequence.still_pictures:
        raise DataError(
            f"{sequence.name}: pictures of many places have no clean plate to compare with; use a model that looks at "
            "one picture at a time (unet)"
        )
    return initial_background(initial, sequence)


def working_size(size: tuple[int, ...], shorter: int) -> tuple[int, int]:
    """Height and width that the network sees: of about `shorter` pixels at most, both multiples of 16."""
    scale = min(1.0, shorter / min(size[:2]))
    height, width = (max(MULTIPLE, round(length * scale / MULTIPLE) * MULTIPLE) for length in size[:2])
    return height, width


def _fitted(labels: Image, size: tuple[int, int]) -> Image:
    return np.asarray(cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def _marks(labels: Image) -> Image:
    return np.select([labels == MOVING, labels == UNKNOWN], [FOREGROUND, UNKNOWN_MARK], 0).astype(np.uint8)


def _labels(marks: Image) -> Image:
    return np.select([marks == FOREGROUND, marks == UNKNOWN_MARK], [MOVING, UNKNOWN], 0).astype(np.uint8)


def _stacked(frame: Image, plate: Image) -> Image:
    return np.concatenate([frame[..., ::-1], plate[..., ::-1]], axis=2)
