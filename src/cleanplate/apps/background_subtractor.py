"""A drop-in for OpenCV's `BackgroundSubtractor` that fits a model of cleanplate to the first frames.

Example:
```python
import cv2
import cleanplate

subtractor = cleanplate.BackgroundSubtractor("plate", warmup=200)  # was: cv2.createBackgroundSubtractorMOG2()
capture = cv2.VideoCapture(0)
while True:
    ok, frame = capture.read()
    if not ok:
        break
    mask = subtractor.apply(frame)
```
"""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from cleanplate.data.open import MOST_BYTES, as_sequence
from cleanplate.errors import ConfigError, ModelError
from cleanplate.models import BackgroundModel, create
from cleanplate.models.setup import fit_quietly, needs_fit
from cleanplate.models.types import as_bgr
from cleanplate.utils.arrays import Image


class BackgroundSubtractor:
    """Subtracts the background from the first frame on, and changes over to a fitted model once it has one.

    An online model answers at first. Meanwhile `warmup` frames are collected; then the model is fitted to them in a
    background thread, and answers from the first frame after that. A model that needs no fit answers at once.

    Attributes:
        model: the model that is fitted.
        online: the model that answers until then; `None` if `model` needs no fit.
    """

    def __init__(
        self,
        model: str | BackgroundModel = "plate",
        *,
        warmup: int = 200,
        online: str = "mog2",
        foreground: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Creates the models.

        Args:
            model: name of a model (see `cleanplate.available`), or a model, such as one of `cleanplate.load`.
            warmup: frames to fit the model to. Of large frames fewer are kept, evenly spaced, in one GiB.
            online: name of the model that answers until the fit is done: one that learns online, `mog2` or `knn`.
            foreground: of the named model, see `cleanplate.create`.
            options: of the named model, see `cleanplate.create`.

        Raises:
            ConfigError: for an unknown name, a wrong option, or a warm-up without frames.
        """
        if warmup < 1:
            raise ConfigError(f"warmup: {warmup} is too few frames to fit a model to; choose 1 or more")
        if isinstance(model, str):
            model = create(model, foreground, **options)
        elif foreground or options:
            raise ConfigError(f"{model.name}: is a model that has its options already; give its name to set them")
        self.model = model
        self.online = create(online) if needs_fit(model) else None
        if self.online is not None and not self.online.streaming:
            raise ConfigError(f"online: {online!r} does not learn online; choose mog2 or knn")
        self._warmup = warmup
        self._seen = 0
        self._kept: list[Image] = []
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._ready = threading.Event()
        if self.online is None:
            self._ready.set()

    @property
    def ready(self) -> bool:
        """Whether the fitted model answers from the next frame on."""
        return self._ready.is_set()

    def join(self, timeout: float | None = None) -> bool:
        """Waits until the fit is done, if it has begun, for `timeout` seconds at most; returns `ready`."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self.ready

    # The names of arguments and methods are OpenCV's.

    def apply(self, image: Image, fgmask: Image | None = None, learningRate: float = -1.0) -> Image:  # noqa: N803
        """Returns the foreground mask of the next frame, uint8 `[H, W]`: 255 foreground, 127 shadow, 0 background.

        Args:
            image: uint8 BGR `[H, W, 3]`, or what else `BackgroundModel.apply` takes.
            fgmask: array that the mask is written to, and that is returned, if it has the size of the mask.
            learningRate: 0 freezes what is learnt online, up to 1; a negative one leaves it to the model.

        Raises:
            ModelError: if the frame is not of the expected form or size.
            Exception: the error of the fit, once, if it failed; later frames are answered by the online model.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        answering = self._answering
        if answering is not self.model:
            self._collect(image)
        return _written(answering.apply(image, learningRate), fgmask)

    def getBackgroundImage(self, backgroundImage: Image | None = None) -> Image | None:  # noqa: N802, N803
        """Returns the clean plate, uint8 BGR `[H, W, 3]`; `None` before the first frame, as OpenCV does.

        Args:
            backgroundImage: array that it is written to, and that is returned, if it has its size.
        """
        try:
            plate = self._answering.background
        except ModelError:
            return None
        return _written(plate, backgroundImage)

    @property
    def _answering(self) -> BackgroundModel:
        return self.model if self.online is None or self.ready else self.online

    def _collect(self, image: Image) -> None:
        """Keeps a frame of the warm-up, and begins the fit after its last one."""
        if self._seen >= self._warmup:
            return
        frame = as_bgr(image, self.model.name)
        step = -(-self._warmup * frame.nbytes // MOST_BYTES)
        if self._seen % step == 0:
            self._kept.append(frame.copy())  # the caller may read the next frame into the same array
        self._seen += 1
        if self._seen == self._warmup:
            # A daemon: a program may end before the fit does.
            self._thread = threading.Thread(target=self._fit, name=f"fitting {self.model.name}", daemon=True)
            self._thread.start()

    def _fit(self) -> None:
        kept, self._kept = self._kept, []
        try:
            fit_quietly(self.model, as_sequence(kept))
        except Exception as error:
            self._error = error
        else:
            self._ready.set()


def _written(picture: Image, target: Image | None) -> Image:
    """The picture, in the target if that has its shape and type."""
    if not isinstance(target, np.ndarray) or target.shape != picture.shape or target.dtype != picture.dtype:
        return picture
    np.copyto(target, picture)
    return target
