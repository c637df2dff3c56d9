"""Base class of autoencoders with a second input stream, in training and prediction."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from cleanplate.data.sequence import FrameSequence
from cleanplate.foreground import ForegroundOptions
from cleanplate.models.autoencoder.ae.model import Autoencoder
from cleanplate.models.autoencoder.streams import Stream, beside
from cleanplate.models.components.sample_pairs import FramePairs
from cleanplate.models.components.tensors import shrunk
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image

_BATCH = 8


class StreamAutoencoder(Autoencoder):
    """An autoencoder whose core gets `[N, 3 + k, h, w]`: a frame's colours, then its stream.

    Frames given to `predict` are taken to follow each other, across calls too; before another video comes `reset`.
    """

    needs_flow = True
    not_exportable = "its network needs the optical flow that OpenCV finds between two frames, which no graph computes"

    def __init__(self, options: Any = None, foreground: ForegroundOptions | None = None) -> None:
        super().__init__(options, foreground)
        self.stream = self.make_stream()

    @abstractmethod
    def make_stream(self) -> Stream:
        """The second stream, from the options."""

    @property
    def remembers(self) -> bool:
        """See `BackgroundModel.remembers`."""
        return self.stream.remembers

    def reset(self) -> None:
        """See `BackgroundModel.reset`."""
        self.stream.reset()

    def finish(self, sequence: FrameSequence) -> None:
        """See `LearnedModel.finish`."""
        super().finish(sequence)
        self.reset()

    def state_dict(self) -> dict[str, Any]:
        """See `BackgroundModel.state_dict`; adds what the stream has learnt."""
        return super().state_dict() | {"stream": self.stream.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self.stream.load_state_dict(state["stream"])
        self.reset()

    def _frames_of(self, sequence: FrameSequence) -> Tensor:
        self.stream.learn(sequence)
        return super()._frames_of(sequence)

    def _read(self, sequence: FrameSequence, indices: Sequence[int]) -> Tensor:
        working = self.network.working
        read = [(shrunk(frame, working), stream) for frame, stream in self.stream.over(sequence, indices, working)]
        return beside(self._packed([frame for frame, _ in read]), [stream for _, stream in read])

    def stream_state(self) -> dict[str, Any]:
        """See `BackgroundModel.stream_state`: the stream's."""
        return self.stream.stream_state()

    def load_stream_state(self, memory: dict[str, Any]) -> None:
        """See `BackgroundModel.load_stream_state`."""
        self.stream.load_stream_state(memory)

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        return self._estimated(self._inputs(frames, learning_rate))

    def _inputs(self, frames: Sequence[Image], learning_rate: float = -1.0) -> Tensor:
        streams = self.stream.following(frames, self.network.working, learning_rate)
        return beside(super()._inputs(frames), streams)

    def _estimate_pairs(self, sequence: FrameSequence, pairs: FramePairs) -> Iterator[tuple[Image, Estimate]]:
        """As everywhere, but each frame with the stream it has in the sequence, not that of far-off neighbours."""
        indices = list(pairs.indices)
        batch: list[tuple[Image, Image]] = []
        for position, pair in enumerate(self.stream.over(sequence, indices, self.network.working), 1):
            batch.append(pair)
            if len(batch) == _BATCH or position == len(indices):
                frames = [frame for frame, _ in batch]
                inputs = beside(super()._inputs(frames), [stream for _, stream in batch])
                yield from zip(frames, self._estimated(inputs), strict=True)
                batch = []
