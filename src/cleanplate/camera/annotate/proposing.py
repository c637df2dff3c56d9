"""Masks that a model proposes, so that a person need only correct them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cleanplate.camera.annotate.pictures import Shot
from cleanplate.data.datasets.layout import FOREGROUND
from cleanplate.data.io.images import read_color
from cleanplate.data.io.sources import FirstFrames, ImageFiles, KeptFrames
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.utils.arrays import Image

if TYPE_CHECKING:  # torch takes seconds to import, and who only draws does without
    from cleanplate.models import BackgroundModel

# Needs neither training nor frames before: its shipped network compares a picture with the clean plate.
_COMPARING, _COMPARING_OPTIONS = "plate", ["base=median"]
_SHOWN = 50  # times that a model which learns online is shown the clean plate
_MOST = 200  # pictures that it is shown where there is none
_LEARNS_LONG = ("autoencoder", "adversarial")


class Proposals:
    """What a model takes for foreground in a picture, compared with the clean plate of its set."""

    def __init__(self, wanted: str, shots: Sequence[Shot]) -> None:
        """Loads nothing yet.

        Args:
            wanted: name of a model or a checkpoint; empty for one that compares with the clean plate.
            shots: all pictures: what a set without a clean plate can be learnt from.
        """
        self._wanted = wanted
        self._shots = shots
        self._place: Path | None = None
        self._model: BackgroundModel | None = None

    def __call__(self, shot: Shot, picture: Image) -> Image:
        """The mask of a picture, uint8 `[H, W]` of 0 and 255.

        Args:
            shot: the picture.
            picture: its pixels, uint8 BGR `[H, W, 3]`.

        Raises:
            CleanplateError: if the model is not there, or cannot learn the scene or look at this picture.
        """
        if self._model is None or self._place != shot.path.parent:
            self._model = None
            self._model = self._ready(shot)
            self._place = shot.path.parent
        return np.where(self._model.apply(picture, 0.0) == FOREGROUND, np.uint8(FOREGROUND), np.uint8(0))

    def _ready(self, shot: Shot) -> "BackgroundModel":
        """The model, knowing the scene that a picture is of."""
        from cleanplate.models.setup import needs_fit, open_model

        if not self._wanted and shot.plate is None:
            raise ModelError("no clean plate (bkg.png) here to compare with; start with -m MODEL for proposals")
        model = open_model(self._wanted) if self._wanted else open_model(_COMPARING, _COMPARING_OPTIONS)
        scene = self._scene(shot)
        if needs_fit(model):
            if model.family in _LEARNS_LONG:
                raise ModelError(f"{model.name} must be trained first; give its checkpoint with -m")
            model.fit(scene)
        if model.remembers:
            empty = scene.clean_plate
            frames = (frame for _, frame in scene.frames()) if empty is None else [empty] * _SHOWN
            for frame in frames:
                model.apply(frame)
        return model

    def _scene(self, shot: Shot) -> FrameSequence:
        name = shot.path.parent.name
        if shot.plate is not None:
            plate = read_color(shot.plate)
            return FrameSequence(name, KeptFrames([plate], name), range(1, 2), clean_plate=plate)
        paths = [other.path for other in self._shots if other.path.parent == shot.path.parent]
        source = FirstFrames(ImageFiles(paths), _MOST)
        return FrameSequence(name, source, range(1, len(source) + 1))
