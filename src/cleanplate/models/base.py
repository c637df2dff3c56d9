"""The base class of all background models. Everything outside `models` uses a model through this class alone."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from cleanplate.data.open import FramesLike, as_sequence
from cleanplate.data.sequence import FrameSequence
from cleanplate.errors import ModelError
from cleanplate.foreground import ForegroundHead, ForegroundOptions
from cleanplate.foreground.difference import resting_noise
from cleanplate.models import checkpoint_file
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.models.exportable import Exportable
from cleanplate.models.types import Estimate, Family, League, Prediction, as_bgr, check_learning_rate, check_size
from cleanplate.utils.arrays import Image, Score
from cleanplate.utils.options import Options

FEW_FRAMES = 30
"""Fewer frames are too few to tell dynamic background from objects."""

_BATCH = 8


class BackgroundModel(Exportable, ABC):
    """Separates foreground from background, learned or not, offline or online.

    A model states its name, family, league and paper, its `Options` (see `cleanplate.utils.options`) and its foreground
    defaults. It implements `_estimate`, and `_fit`, `state_dict` and `load_state_dict` where it has something to learn.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    league: League = "unsupervised"
    paper: ClassVar[str] = ""
    streaming: ClassVar[bool] = False
    """Whether it learns online, from the frames of `apply`, and needs no `fit`."""
    labelled: ClassVar[bool] = False
    """Whether it is trained on labels once, before it is fitted to a scene without labels."""
    adapts: bool = False
    """Whether it goes on learning online after an offline fit, at a learning rate above 0."""
    side_by_side: bool = False
    """Whether threads may share it while it has no memory of frames: `_estimate` changes nothing, and single frames in
    several threads are faster than a batch. Large networks are faster with a batch."""
    any_size: ClassVar[bool] = False
    """Whether frames may differ in size as long as it is not fitted to a scene."""
    needs_flow: ClassVar[bool] = False
    """Whether it uses optical flow, which the stage `prepare` computes once for all trainings."""
    Options: ClassVar[type[Options]] = Options
    foreground_defaults: ClassVar[ForegroundOptions] = ForegroundOptions()

    def __init__(self, options: Any = None, foreground: ForegroundOptions | None = None) -> None:
        self.options = self.Options() if options is None else options
        self.head = ForegroundHead(foreground or self.foreground_defaults)
        self._size: tuple[int, int] | None = None
        self._background: Image | None = None
        self._noise: Score | None = None

    @classmethod
    def unmet(cls) -> str:
        """Returns what the model needs and this environment lacks, and what to do about it; empty if nothing."""
        return ""

    # Learning

    def fit(self, frames: FramesLike) -> Self:
        """Learns the scene offline. Models that learn only online stay as they are.

        Args:
            frames: a `FrameSequence`; the path of a video, a folder of pictures or a CDnet scene; a list or array of
                frames, `[N, H, W, 3]`; an iterator of frames, or a `cv2.VideoCapture`, of which a bounded number is
                kept, evenly spaced (see `cleanplate.data.open.as_sequence`). Frames are what `apply` takes.

        Raises:
            DataError: if there are no frames, or they cannot be read.
            ModelError: if the model cannot learn from them.
        """
        self._fit(as_sequence(frames, lambda frame: as_bgr(frame, self.name)))
        return self

    def _fit(self, sequence: FrameSequence) -> None:  # models that learn only online have nothing to do
        """Learns the scene: what a model with something to learn offline implements."""

    @property
    def fitted(self) -> bool:
        """Whether it can be applied."""
        return self.streaming or self._size is not None

    @property
    def fitted_size(self) -> tuple[int, int] | None:
        """Height and width of the frames it was fitted to; `None` before that."""
        return self._size

    def to(self, device: Any) -> Self:
        """Moves the network to a torch device; does nothing for models without one."""
        return self

    def noise_of(self, size: tuple[int, int]) -> Score:
        """Returns the measured noise of the scene, float32 `[H, W]` in grey levels; zero if none was measured."""
        return np.zeros(size, np.float32) if self._noise is None else self._noise

    def measure_noise(self, sequence: FrameSequence, frames: int = 200) -> None:
        """Measures where the background is dynamic, in so many evenly spaced frames; nothing of fewer than 30."""
        pairs = FramePairs.of(sequence, frames)
        self._noise = None
        if len(pairs.frames) >= FEW_FRAMES:
            seen = self._estimate_pairs(sequence, pairs)
            self._noise = self._pair_noise(pairs, ((frame, known.background) for frame, known in seen))

    def _pair_noise(self, pairs: FramePairs, seen: Iterable[tuple[Image, Image]]) -> Score:
        """Returns the noise of a scene, from each frame of `pairs` and its background."""
        differences = [self.head.difference(frame, background).astype(np.uint8) for frame, background in seen]
        return resting_noise(pairs.taken(np.stack(differences)))

    def _estimate_pairs(self, sequence: FrameSequence, pairs: FramePairs) -> Iterator[tuple[Image, Estimate]]:
        """Yields the frames of `pairs` with their estimates, which are made a few at a time to save memory."""
        for start in range(0, len(pairs.frames), _BATCH):
            batch = list(pairs.frames[start : start + _BATCH])
            yield from zip(batch, self._estimate(batch, 0.0), strict=True)

    # Prediction

    def apply(self, frame: Image, learning_rate: float = -1.0) -> Image:
        """Returns the foreground mask of one frame, as OpenCV's `BackgroundSubtractor.apply`.

        Args:
            frame: uint8 BGR `[H, W, 3]`; grey, `[H, W]` or `[H, W, 1]`, stands for three equal channels; uint16 (0 to
                65535) is scaled to 8 bits.
            learning_rate: for models that learn online, 0 (freezes) to 1; a negative one leaves it to the model.

        Returns:
            uint8 `[H, W]`: 255 foreground, 127 shadow (if the model detects shadows), 0 background.

        Raises:
            ModelError: if the model must be fitted first, or the frame has another form or size.
        """
        return self.predict([frame], learning_rate)[0].mask

    def apply_batch(self, frames: Sequence[Image], learning_rate: float = -1.0) -> list[Image]:
        """Returns the masks of consecutive frames, as `apply` does one by one."""
        return [prediction.mask for prediction in self.predict(frames, learning_rate)]

    def predict(self, frames: Sequence[Image], learning_rate: float = -1.0) -> list[Prediction]:
        """Returns mask, score and background of consecutive frames; large networks are faster with a batch."""
        if not self.fitted:
            raise ModelError(f"{self.name}: not fitted yet; call fit(sequence) or load a checkpoint first")
        check_learning_rate(learning_rate, self.name)
        frames = [self._checked_frame(frame) for frame in frames]
        if not frames:
            return []
        if self.adapts and learning_rate > 0 and len(frames) > 1:  # the estimate of a frame depends on the one before
            return [known for frame in frames for known in self.predict([frame], learning_rate)]
        predictions = []
        for frame, estimate in zip(frames, self._estimate(frames, learning_rate), strict=True):
            self._background = estimate.background
            score = estimate.score
            if score is None:
                noise = self._noise if estimate.noise is None else estimate.noise
                score = self.head.score(frame, estimate.background, noise)
            mask = self.head.mask(score, frame, estimate.background)
            predictions.append(Prediction(mask, score, estimate.background))
            if self.adapts and learning_rate > 0:
                self._adapt(frame, mask, learning_rate)
        return predictions

    def _adapt(self, frame: Image, mask: Image, learning_rate: float) -> None:  # as `adapts` says
        """Updates the background with a frame, for models that adapt."""

    @property
    def remembers(self) -> bool:
        """Whether estimates depend on the frames before, so that frames must come in order."""
        return self.streaming

    def reset(self) -> None:  # most models have nothing to forget
        """Forgets the frames seen since fitting or loading, as before another video; what was fitted stays."""

    @property
    def background(self) -> Image:
        """The latest clean plate, uint8 BGR `[H, W, 3]`; raises `ModelError` before there is one."""
        if self._background is None:
            raise ModelError(f"{self.name}: no background yet; fit the model or show it a frame")
        return self._background

    @abstractmethod
    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        """Returns one `Estimate` per frame, in order. Frames are uint8 BGR, of one size unless `any_size`."""

    def extra_pictures(self, frames: Sequence[Image]) -> dict[str, list[Image]]:
        """Returns further pictures by name, one uint8 BGR picture per frame; the model's state stays as it is."""
        return {}

    # Checkpoints

    def state_dict(self) -> dict[str, Any]:
        """Returns what was learnt as arrays, tensors and plain values; with `describe`, a complete checkpoint."""
        return {"size": self._size, "background": self._background, "noise": self._noise}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        size = state["size"]
        self._size = None if size is None else (int(size[0]), int(size[1]))
        background = state["background"]
        self._background = None if background is None else np.asarray(background, dtype=np.uint8)
        noise = state.get("noise")
        self._noise = None if noise is None else np.asarray(noise, dtype=np.float32)

    def describe(self) -> dict[str, Any]:
        """Name, options and foreground parameters, as plain values."""
        return {"name": self.name, "options": self.options.model_dump(), "foreground": self.head.options.model_dump()}

    @property
    def parameters(self) -> int:
        """Number of learnt weights; 0 for models without."""
        return 0

    def stream_state(self) -> dict[str, Any]:
        """Returns the memory of the frames seen since fitting or `reset`; raises `ModelError` if it cannot."""
        return {}

    def load_stream_state(self, memory: dict[str, Any]) -> None:  # most models have nothing to remember
        """Restores what `stream_state` returned, after `load_state_dict`, so that the stream goes on."""

    def save(self, path: Path | str, **notes: Any) -> None:
        """Writes the model: weights, options, frame size, foreground parameters and stream state.

        Args:
            path: an existing file is replaced only once the new one is complete.
            notes: plain values to keep beside the model, such as the training data.

        Raises:
            ModelError: if `notes` hold more than arrays and plain values, or the model has seen frames and cannot tell
                what it remembers of them (OpenCV's subtractors); `reset()` first forgets them.
        """
        content = {
            "model": self.describe() | {"league": self.league, "family": self.family},
            "state": checkpoint_file.as_tensors(self.state_dict()),
            "notes": checkpoint_file.as_tensors(notes),
            "memory": checkpoint_file.as_tensors(self.stream_state()),
        }
        checkpoint_file.write(content, path)

    def load(self, path: Path | str) -> Self:
        """Restores a file of `save`; raises `ModelError` if it is damaged, or of another name or other options."""
        content = checkpoint_file.read(path)
        checkpoint_file.check_same_model(content, self.describe(), type(self.options).renamed, path)
        checkpoint_file.restore(self, content, path)
        self.head = ForegroundHead(ForegroundOptions(**content["model"]["foreground"]))
        return self

    def _checked_frame(self, frame: Any) -> Image:
        """Returns a frame as uint8 BGR `[H, W, 3]`; raises `ModelError` for a wrong form or size."""
        admitted = as_bgr(frame, self.name)
        if self._size is None and not self.any_size:
            self._size = (admitted.shape[0], admitted.shape[1])
        check_size(admitted, self._size, self.name)
        return admitted
