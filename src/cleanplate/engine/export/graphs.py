"""Whole models as graphs: uint8 BGR frames in; mask, score and background out."""

from abc import ABC, abstractmethod

import cv2
import torch
from torch import Tensor, nn

from cleanplate.engine.export.backgrounds import StillBackground, as_picture, background_of
from cleanplate.engine.export.filters import Resize, bordered, median_filter
from cleanplate.engine.export.head import HeadGraph, relit
from cleanplate.errors import ModelError
from cleanplate.models.base import BackgroundModel
from cleanplate.models.learned import shrunk
from cleanplate.models.plate.network import MULTIPLE
from cleanplate.models.plate.plate import Plate
from cleanplate.models.supervised.pairnet import PairNet
from cleanplate.models.supervised.pairnet_examples import working_size

_PROBABILITY_MEDIAN = 5


class ModelGraph(nn.Module, ABC):
    """What all exported models have in common: the form of what goes in and comes out, and the threshold."""

    def __init__(self, head: HeadGraph, background: StillBackground) -> None:
        super().__init__()
        self.head = head
        self.background = background

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mask uint8 `[N, H, W]`, score float32 `[N, H, W]`, background uint8 BGR `[N, H, W, 3]`.

        Args:
            frames: uint8 BGR `[N, H, W, 3]`.
        """
        pictures = frames.permute(0, 3, 1, 2).float()
        backgrounds = self.background(pictures)
        score = self.score(pictures, backgrounds)
        mask = self.head.mask(score)
        return mask[:, 0], score[:, 0], backgrounds.permute(0, 2, 3, 1).to(torch.uint8)

    @abstractmethod
    def score(self, frames: Tensor, backgrounds: Tensor) -> Tensor:
        """Evidence of foreground, `[N, 1, H, W]`, of float32 BGR `[N, 3, H, W]`."""


class DifferenceGraph(ModelGraph):
    """A background and the shared head."""

    def score(self, frames: Tensor, backgrounds: Tensor) -> Tensor:
        """See `ModelGraph.score`."""
        return self.head.score(frames, backgrounds)


class PlateGraph(ModelGraph):
    """`plate`: the head's difference and the network's vote."""

    noise: Tensor

    def __init__(self, model: Plate, size: tuple[int, int]) -> None:
        noise = model.base.noise_of(size)
        super().__init__(HeadGraph(model.head.options, noise, size), background_of(model.base))
        self.cap, self.vote = model.options.cap, model.options.vote
        self.network = model.network.float()
        self.size = size
        self.register_buffer("noise", self._padded(torch.from_numpy(noise.copy())[None, None]))

    def score(self, frames: Tensor, backgrounds: Tensor) -> Tensor:
        """See `ModelGraph.score`."""
        difference = self.head.score(frames, backgrounds).clamp(max=self.cap)
        if self.vote == 0:
            return difference
        seen, plate = (self._padded(pictures.flip(1)) for pictures in (frames, backgrounds))
        logits = self.network(seen, plate, self.noise.expand(seen.shape[0], -1, -1, -1))
        levels = torch.round(torch.sigmoid(logits[:, :, : self.size[0], : self.size[1]]) * 255)
        probability = median_filter(levels, _PROBABILITY_MEDIAN) / 255
        return (difference + self.vote * (probability - 0.5)).clamp(0, 255)

    def _padded(self, pictures: Tensor) -> Tensor:
        """Up to the next multiple that the network takes, by the last row and column."""
        below, beside = (-length % MULTIPLE for length in self.size)
        wide = bordered(pictures, MULTIPLE, cv2.BORDER_REPLICATE) if below or beside else pictures
        start = MULTIPLE if below or beside else 0
        return wide[:, :, start : start + self.size[0] + below, start : start + self.size[1] + beside]


class PairGraph(ModelGraph):
    """`pairnet`: frame and plate, both at the network's size, compared."""

    plate: Tensor

    def __init__(self, model: PairNet, size: tuple[int, int]) -> None:
        super().__init__(HeadGraph(model.head.options, None, size), StillBackground(model.background))
        inner = working_size(size, model.options.working)
        self.light = model.options.light
        self.network = model.network.for_prediction(torch.float32)
        self.shrink = Resize(size, inner, cv2.INTER_AREA, whole=True)
        self.enlarge = Resize(inner, size, cv2.INTER_LINEAR, whole=False)
        self.register_buffer("plate", as_picture(shrunk(model.background, inner)))

    def score(self, frames: Tensor, backgrounds: Tensor) -> Tensor:
        """See `ModelGraph.score`."""
        seen = self.shrink(frames)
        # Of a plate in one light, nothing here depends on the frames: it is worked out when the file is written.
        plate = self.plate if self.light == "none" else relit(seen, self.plate.expand_as(seen), self.light)
        logits = self.network.compare(self.network.features(seen.flip(1)), self.network.features(plate.flip(1)))
        return torch.sigmoid(self.enlarge(logits)) * 255


def graph_of(model: BackgroundModel) -> ModelGraph:
    """The graph of a fitted model, for frames of its size.

    Raises:
        ModelError: if it is not fitted or cannot be exported; says what can.
    """
    size = model.fitted_size
    if not model.fitted or size is None:
        raise ModelError(f"{model.name}: not fitted to a scene yet; fit it first (cleanplate apply … --write model)")
    if isinstance(model, PairNet):
        return PairGraph(model, size).eval()
    if isinstance(model, Plate):
        return PlateGraph(model, size).eval()
    background = background_of(model)
    return DifferenceGraph(HeadGraph(model.head.options, model.noise_of(size), size), background).eval()
