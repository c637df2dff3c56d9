"""Further input streams beside the colours: optical flow, or the mask of another model."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Any, ClassVar

import cv2
import numpy as np
import torch
from torch import Tensor

from cleanplate.data.flow import Flow, FlowTracker, resized_flow
from cleanplate.data.sequence import FrameSequence
from cleanplate.data.streams.stream import batched
from cleanplate.models.base import BackgroundModel
from cleanplate.models.registry import create
from cleanplate.utils.arrays import Image

_BATCH = 16
# Flow as uint8: no motion is 128, ±8 pixels at working size are the most. Kept are square roots, so that steps grow
# with the motion: at a quarter of the size a slow walk is a twentieth of a pixel.
_STILL = 128
_MOST = 8.0
_STEPS = 127


class Stream(ABC):
    """Something known of each frame at working size: uint8 `[k, h, w]`."""

    channels: ClassVar[int]
    """k."""
    remembers: bool
    """Whether it depends on the frames before."""

    def learn(self, sequence: FrameSequence) -> None:  # noqa: B027  # not all have something to learn
        """Learns what it must know of the scene first."""

    @abstractmethod
    def over(
        self, sequence: FrameSequence, indices: Sequence[int], size: tuple[int, int]
    ) -> Iterator[tuple[Image, Image]]:
        """Frames of a sequence, ascending, each with its stream at `size`; leaves nothing remembered."""

    @abstractmethod
    def following(self, frames: Sequence[Image], size: tuple[int, int], learning_rate: float = -1.0) -> list[Image]:
        """The stream of frames that follow those seen before; for `learning_rate` see `BackgroundModel.apply`."""

    @abstractmethod
    def reset(self) -> None:
        """Forgets the frames seen before."""

    def state_dict(self) -> dict[str, Any]:
        """What was learnt."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027  # as `learn`
        """Takes back what `state_dict` gave."""

    @abstractmethod
    def stream_state(self) -> dict[str, Any]:
        """What is remembered of the frames seen; see `BackgroundModel.stream_state`."""

    @abstractmethod
    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """Takes back what `stream_state` gave."""


class FlowStream(Stream):
    """Optical flow since the frame before, two channels; of the first frame it is zero."""

    channels = 2
    remembers = True

    def __init__(self) -> None:
        self._tracker = FlowTracker()

    def over(
        self, sequence: FrameSequence, indices: Sequence[int], size: tuple[int, int]
    ) -> Iterator[tuple[Image, Image]]:
        """See `Stream`; kept flow is read where the sequence has it."""
        for _, frame, flow in sequence.flows(indices, self._tracker.settings):
            yield frame, flow_levels(flow, size)

    def following(self, frames: Sequence[Image], size: tuple[int, int], learning_rate: float = -1.0) -> list[Image]:
        """See `Stream`; what moves is seen, not learnt."""
        return [flow_levels(self._tracker.next(frame), size) for frame in frames]

    def reset(self) -> None:
        """See `Stream`."""
        self._tracker.reset()

    def stream_state(self) -> dict[str, Any]:
        """See `Stream`."""
        return {"previous": self._tracker.previous}

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `Stream`."""
        self._tracker.previous = memory.get("previous")


class MaskStream(Stream):
    """What another model takes for foreground, one channel: the share of each pixel, 0 to 255."""

    channels = 1

    def __init__(self, name: str) -> None:
        """Args: `name` of a registered model, used with its defaults."""
        self.model: BackgroundModel = create(name)

    @property
    def remembers(self) -> bool:  # type: ignore[override]  # read only
        """See `Stream`."""
        return self.model.remembers

    def learn(self, sequence: FrameSequence) -> None:
        """Fits the other model."""
        self.model.fit(sequence)

    def over(
        self, sequence: FrameSequence, indices: Sequence[int], size: tuple[int, int]
    ) -> Iterator[tuple[Image, Image]]:
        """See `Stream`; a model that remembers is shown all frames up to the last."""
        self.reset()
        asked = set(indices)
        shown = range(max(asked) + 1) if self.remembers else indices
        for batch in batched(sequence.frames(shown), _BATCH):
            masks = self.following([frame for _, frame in batch], size)
            yield from ((frame, mask) for (index, frame), mask in zip(batch, masks, strict=True) if index in asked)
        self.reset()

    def following(self, frames: Sequence[Image], size: tuple[int, int], learning_rate: float = -1.0) -> list[Image]:
        """See `Stream`."""
        return [mask_levels(mask, size) for mask in self.model.apply_batch(frames, learning_rate)]

    def reset(self) -> None:
        """See `Stream`."""
        self.model.reset()

    def state_dict(self) -> dict[str, Any]:
        """The whole other model."""
        return self.model.describe() | {"state": self.model.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Makes the other model anew; what it keeps as arrays comes from a checkpoint as tensors."""
        self.model = create(state["name"], state["foreground"], **state["options"])
        kept = {key: value.numpy() if isinstance(value, Tensor) else value for key, value in state["state"].items()}
        self.model.load_state_dict(kept)

    def stream_state(self) -> dict[str, Any]:
        """See `Stream`."""
        return self.model.stream_state()

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `Stream`."""
        self.model.load_stream_state(memory)


def flow_levels(flow: Flow, size: tuple[int, int]) -> Image:
    """Flow on any grid, float32 `[H, W, 2]`, as uint8 `[2, h, w]` in pixels of `size`; see `flow_pixels`."""
    small = resized_flow(flow, size)
    steps = np.sign(small) * np.rint(_STEPS * np.sqrt(np.minimum(np.abs(small), _MOST) / _MOST)) + _STILL
    return np.ascontiguousarray(steps.astype(np.uint8).transpose(2, 0, 1))


def flow_pixels(levels: Tensor) -> Tensor:
    """What `flow_levels` gave, as the network gets it (divided by 255), in pixels at working size."""
    roots = flow_roots(levels)
    return roots * roots.abs()


def flow_roots(levels: Tensor) -> Tensor:
    """As `flow_pixels`, but the square root of each component, with its sign: slow motion is heard beside fast one."""
    steps: Tensor = (levels * 255).round() - _STILL
    return steps * (sqrt(_MOST) / _STEPS)


def mask_levels(mask: Image, size: tuple[int, int]) -> Image:
    """A mask, uint8 `[H, W]`, as the share of foreground in each pixel at `size`, uint8 `[1, h, w]`."""
    foreground = np.where(mask == 255, 255, 0).astype(np.uint8)
    return np.asarray(cv2.resize(foreground, (size[1], size[0]), interpolation=cv2.INTER_AREA), dtype=np.uint8)[None]


def beside(pictures: Tensor, streams: Sequence[Image]) -> Tensor:
    """Appends streams, uint8 `[k, h, w]` each, to pictures `[N, 3, h, w]`."""
    return torch.cat([pictures, torch.from_numpy(np.stack(streams)).to(pictures.device)], dim=1)
