"""Training examples of `pairnet`: frame and plate of a place as two exposures, with pasted objects."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from cleanplate.data.sequence import FrameSequence, evenly_spaced
from cleanplate.data.training import LabelledFrames, hold_out
from cleanplate.errors import DataError
from cleanplate.foreground.difference import compensate_light
from cleanplate.models.components.initializers import initial_background
from cleanplate.models.components.pasting import Cutout, TrainingScene, paste, random_object
from cleanplate.models.components.shading import shade_of, somewhere
from cleanplate.models.components.tensors import shrunk
from cleanplate.models.supervised.examples import Drawn, Examples
from cleanplate.models.supervised.pairnet.exposures import two_exposures
from cleanplate.models.supervised.pairnet.network import MULTIPLE
from cleanplate.models.supervised.pairnet.options import PairNetOptions
from cleanplate.models.supervised.pairnet.people import cut_out, people_below, read_random, resized_cutout, stills_of
from cleanplate.utils.arrays import Image, Score

_FRAME, _STILL = 0.5, 0.3  # probabilities of a labelled frame, a still picture; else the plate of a scene
_ON_FRAME, _ON_PLATE = (0.65, 0.25, 0.1), (0.3, 0.4, 0.2, 0.1)  # probabilities of pasting zero, one, two, … objects
_PERSON, _OWN_PERSON = 0.45, 0.3  # probabilities of a person of a still picture, of a labelled frame; else a silhouette
_FAR, _MOST_FAR = 0.35, 5  # probability of small objects, and their largest number
_SIZES, _SIZES_FAR = (0.15, 1.4), (0.06, 0.35)  # range of the heights of people, as shares of the crop's height
_NEARER, _FARTHER = 0.7, 1.3
_HELD_OUT = 200
_CUTOUTS = 200  # of all scenes together, kept at full size


class PairExamples(Examples):
    """Pairs of frame and plate.

    Args:
        labelled: scenes, kept at working size, and sets of still pictures, read when they are drawn.
        options: see `PairNetOptions`.
    """

    def __init__(self, labelled: Sequence[LabelledFrames], options: PairNetOptions) -> None:
        super().__init__(options.seed)
        self.options = options
        self.shape = options.crop, round(options.crop * 4 / 3 / MULTIPLE) * MULTIPLE
        self.scenes: list[TrainingScene] = []
        self.held_out_frames: list[tuple[Image, Image, Image]] = []
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
            raise DataError("pairnet: no training data: neither a scene nor still pictures")

    def _take(self, item: LabelledFrames, most: int, most_cutouts: int) -> None:
        plate = plate_of(item.sequence, self.options.initial)
        size = working_size(plate.shape[:2], self.options.working)
        plate = shrunk(plate, size)
        learnt, held = hold_out(item.numbers)
        frames: list[Image] = []
        labels: list[Image] = []
        cutouts: list[Cutout] = []
        for number in evenly_spaced(learnt, most):
            frame, marks = item.read(number)
            cutouts += cut_out(frame, marks) if len(cutouts) < most_cutouts else []
            frames.append(shrunk(frame, size))
            labels.append(_fitted(marks, size))
        self.scenes.append(TrainingScene(frames, [plate] * len(frames), labels, np.zeros(size, np.float32), cutouts))
        for number in evenly_spaced(held, _HELD_OUT):
            frame, marks = item.read(number)
            self.held_out_frames.append((shrunk(frame, size), plate, _fitted(marks, size)))

    def drawn(self, draw: int, random: np.random.Generator) -> Drawn:
        """See `Examples`; the channels are those of frame and plate, RGB each."""
        frame, plate, labels, here, counts = self._place(random)
        far = random.random() < _FAR
        count = int(random.integers(1, 1 + _MOST_FAR)) if far else int(random.choice(len(counts), p=counts))
        for _ in range(count):
            thing, person = self._object(random, here, plate, far=far)
            height, width = thing.mask.shape
            top, left = somewhere(random, labels.shape, height, width)
            if person and not far and random.random() < 0.6:  # the feet are at the lower border or below it
                top = labels.shape[0] - height + int(random.integers(0, height // 3 + 1))
            if random.random() < 0.35:
                shade_of(random, frame, labels, thing.mask, top, left)
            paste(random, frame, labels, thing, top, left)
        seen, empty = two_exposures(random, frame, plate, labels)
        return _stacked(seen, compensate_light(seen, empty, self.options.light)), labels

    def held_out(self) -> Iterator[Drawn]:
        """Held-out frames unchanged, then as many drawn examples; without scenes the drawn ones alone."""
        for frame, plate, labels in self.held_out_frames:
            yield _stacked(frame, compensate_light(frame, plate, self.options.light)), labels
        for draw in range(max(16, len(self.held_out_frames))):
            yield self.drawn(draw, np.random.default_rng((self.seed, draw, 1)))

    def _place(self, random: np.random.Generator) -> tuple[Score, Score, Image, TrainingScene, tuple[float, ...]]:
        """Frame and plate, float32, labels, their scene, and the probabilities of the number of pasted objects."""
        kind = random.random()
        if self.stills and (not self.scenes or _FRAME <= kind < _FRAME + _STILL):
            room, _ = read_random(random, self.stills)
            room = shrunk(room, working_size(room.shape[:2], self.options.working))
            empty = np.zeros(room.shape[:2], np.uint8)
            here = TrainingScene([room], [room], [empty], np.zeros(room.shape[:2], np.float32), [])
            return (*self._cropped(random, room, room, empty), here, _ON_PLATE)
        here, index = self.frames[int(random.integers(len(self.frames)))]
        plate = here.backgrounds[index]
        if kind < _FRAME:
            return (*self._cropped(random, here.frames[index], plate, here.labels[index]), here, _ON_FRAME)
        return (*self._cropped(random, plate, plate, np.zeros_like(here.labels[index])), here, _ON_PLATE)

    def _cropped(
        self, random: np.random.Generator, frame: Image, plate: Image, labels: Image
    ) -> tuple[Score, Score, Image]:
        """A random crop of all three, scaled and possibly mirrored; the pictures as float copies."""
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

    def _object(
        self, random: np.random.Generator, here: TrainingScene, under: Score, *, far: bool
    ) -> tuple[Cutout, bool]:
        """An object to paste, and whether it is a person: of a picture or a frame, or else a random silhouette."""
        kind = random.random()
        found: list[Cutout] = []
        if self.stills and kind < _PERSON:
            found = cut_out(*read_random(random, self.stills))
        elif self.cutouts and (kind < _PERSON + _OWN_PERSON):
            found = [self.cutouts[int(random.integers(len(self.cutouts)))]]
        if not found:
            if far:  # no object is larger than the picture under it
                under = under[: under.shape[0] // 3, : under.shape[1] // 3]
            return random_object(random, self.scenes or [here], here, under), False
        least, most = _SIZES_FAR if far else _SIZES
        height = int(self.shape[0] * np.exp(random.uniform(np.log(least), np.log(most))))
        thing = found[int(random.integers(len(found)))]
        return resized_cutout(random, thing, max(8, height), int(1.2 * self.shape[1])), True


def plate_of(sequence: FrameSequence, initial: str) -> Image:
    """The clean plate of a sequence, uint8 BGR `[H, W, 3]`; if it has none, an initializer's background.

    Raises:
        DataError: if the pictures show different places.
    """
    if sequence.clean_plate is not None:
        return sequence.clean_plate
    if sequence.still_pictures:
        raise DataError(
            f"{sequence.name}: pictures of different places have no common clean plate to compare with; use a model "
            "that takes one picture at a time (unet)"
        )
    return initial_background(initial, sequence)


def working_size(size: tuple[int, ...], shorter: int) -> tuple[int, int]:
    """Height and width of the network's input, multiples of 16, the shorter one about `shorter` at most."""
    scale = min(1.0, shorter / min(size[:2]))
    height, width = (max(MULTIPLE, round(length * scale / MULTIPLE) * MULTIPLE) for length in size[:2])
    return height, width


def _fitted(labels: Image, size: tuple[int, int]) -> Image:
    return np.asarray(cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def _stacked(frame: Image, plate: Image) -> Image:
    return np.concatenate([frame[..., ::-1], plate[..., ::-1]], axis=2)
