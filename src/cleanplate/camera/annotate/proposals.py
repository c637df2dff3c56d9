"""Masks that a model proposes, computed in the background."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cleanplate.camera.annotate.images import LabelledImage
from cleanplate.data.datasets.labels.polygons import Polygon, proposed_outlines
from cleanplate.data.datasets.layout import FOREGROUND
from cleanplate.data.io.images import read_color
from cleanplate.data.io.sources import FirstFrames, FramesInMemory, ImageFiles
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import CleanplateError, ModelError, first_line
from cleanplate.utils.arrays import Image
from cleanplate.utils.worker import Worker

if TYPE_CHECKING:  # torch takes seconds to import, and drawing does not need it
    from cleanplate.models import BackgroundModel

# Its shipped network compares an image with the clean plate: no training, no earlier frames.
_DEFAULT, _DEFAULT_OPTIONS = "plate", ["base=median"]
_REPEATS = 50  # of the clean plate, for a model that learns online
_MOST = 200  # images that a model learns from where there is no clean plate
_TRAINED_LONG = ("autoencoder", "adversarial")

Answer = tuple[tuple[Polygon, ...], str]
"""Polygons, and the reason if there are none."""


class Proposals:
    """The foreground of an image, according to a model that knows the scene."""

    def __init__(self, model: str, images: Sequence[LabelledImage]) -> None:
        """Loads nothing yet.

        Args:
            model: name, checkpoint or exported file; empty for one that compares with the clean plate.
            images: all images; a set without a clean plate is learnt from its images.
        """
        self._wanted = model
        self._images = images
        self._folder: Path | None = None
        self._model: BackgroundModel | None = None

    def __call__(self, image: LabelledImage, picture: Image) -> Image:
        """Returns the mask of an image, uint8 `[H, W]` of 0 and 255.

        Args:
            image: its files.
            picture: its pixels, uint8 BGR `[H, W, 3]`.

        Raises:
            CleanplateError: if there is no such model, or it cannot learn the scene or take this image.
        """
        if self._model is None or self._folder != image.path.parent:
            self._model = None
            self._model = self._prepared(image)
            self._folder = image.path.parent
        return np.where(self._model.apply(picture, 0.0) == FOREGROUND, np.uint8(FOREGROUND), np.uint8(0))

    def _prepared(self, image: LabelledImage) -> "BackgroundModel":
        """Returns the model, with the image's scene learnt."""
        from cleanplate.models.setup import needs_fit, open_model

        if not self._wanted and image.plate is None:
            raise ModelError("no clean plate (bkg.png) here to compare with; start with -m MODEL for proposals")
        model = open_model(self._wanted) if self._wanted else open_model(_DEFAULT, _DEFAULT_OPTIONS)
        scene = self._scene(image)
        if needs_fit(model):
            if model.family in _TRAINED_LONG:
                raise ModelError(f"{model.name} must be trained first; give its checkpoint with -m")
            model.fit(scene)
        if model.remembers:
            plate = scene.clean_plate
            for frame in [plate] * _REPEATS if plate is not None else (frame for _, frame in scene.frames()):
                model.apply(frame)
        return model

    def _scene(self, image: LabelledImage) -> FrameSequence:
        name = image.path.parent.name
        if image.plate is not None:
            plate = read_color(image.plate)
            return FrameSequence(name, FramesInMemory([plate], name), range(1, 2), clean_plate=plate)
        paths = [other.path for other in self._images if other.path.parent == image.path.parent]
        source = FirstFrames(ImageFiles(paths), _MOST)
        return FrameSequence(name, source, range(1, len(source) + 1))


class ProposalQueue:
    """Computes the proposal for one image at a time; the window never waits for it."""

    def __init__(self, images: Sequence[LabelledImage], proposals: Proposals) -> None:
        """Takes the images, and what proposes a mask for one."""
        self._images = images
        self._proposals = proposals
        self._worker: Worker[tuple[int, Answer]] = Worker()
        self._requested: int | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._requested is not None

    def request(self, index: int) -> None:
        """Requests the proposal for an image in place of an earlier request."""
        self._requested = index
        self._worker.put(lambda: (index, self._propose(index)))

    def cancel(self) -> None:
        """Drops the request."""
        self._requested = None

    def answer(self) -> Answer | None:
        """Returns the answer to the latest request, once; `None` while there is none."""
        outcome = self._worker.outcome()
        if outcome is None or outcome.result is None or outcome.result[0] != self._requested:
            return None
        self._requested = None
        return outcome.result[1]

    def close(self) -> None:
        """Ends the thread."""
        self._worker.close()

    def _propose(self, index: int) -> Answer:
        image = self._images[index]
        try:
            # Read again, so that the thread shares nothing with the window.
            return proposed_outlines(self._proposals(image, read_color(image.path))), ""
        except CleanplateError as error:
            return (), str(error)
        except Exception as error:  # of networks and OpenCV, for images that they cannot take
            return (), first_line(error)
