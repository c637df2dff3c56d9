"""Models that learnt from labels and look at a frame alone, or beside a plate: `pairnet` and `unet`."""

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.engine.export.backgrounds import StillBackground, as_picture
from cleanplate.engine.export.estimates import NOTHING, EstimateGraph, Known, Size, States, builds
from cleanplate.engine.export.filling import FilledIn
from cleanplate.engine.export.filters import Resize
from cleanplate.engine.export.head import relit
from cleanplate.engine.export.networks import for_export
from cleanplate.models.components.encoder_decoder import resized
from cleanplate.models.learned import shrunk
from cleanplate.models.supervised.pairnet.examples import working_size
from cleanplate.models.supervised.pairnet.model import PairNet
from cleanplate.models.supervised.unet.examples import fitting
from cleanplate.models.supervised.unet.model import UNet

_SURE = 127.5  # as `cleanplate.models.supervised.unet.model` has it


class PairGraph(StillBackground):
    """`pairnet`: frame and plate, both at the network's size, compared."""

    small: Tensor

    def __init__(self, model: PairNet, size: Size) -> None:
        super().__init__(model.background)
        inner = working_size(size, model.options.working)
        self.light = model.options.light
        self.network = model.network.for_prediction(torch.float32)
        self.shrink = Resize(size, inner, cv2.INTER_AREA, whole=True)
        self.enlarge = Resize(inner, size, cv2.INTER_LINEAR, whole=False)
        self.register_buffer("small", as_picture(shrunk(model.background, inner)))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        seen = self.shrink(frames)
        # Of a plate in one light, nothing here depends on the frames: it is worked out when the file is written.
        plate = self.small if self.light == "none" else relit(seen, self.small.expand_as(seen), self.light)
        logits = self.network.compare(self.network.features(seen.flip(1)), self.network.features(plate.flip(1)))
        return Known(self.plate.expand_as(frames), score=torch.sigmoid(self.enlarge(logits)) * 255)


class PeopleGraph(nn.Module):
    """The score of `unet`: what it takes for somebody, `[N, 1, H, W]`, in frames BGR `[N, 3, H, W]`."""

    def __init__(self, model: UNet, size: Size) -> None:
        super().__init__()
        self.size = size
        self.network = for_export(model.network)
        self.mirrored = model.options.mirrored
        self.shrink = Resize(size, fitting(size, model.options.side), cv2.INTER_AREA, whole=True)

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        pictures = self.shrink(frames).flip(1) / 255
        logits = self.network(pictures)
        if self.mirrored:
            logits = (logits + self.network(pictures.flip(-1)).flip(-1)) / 2
        return torch.sigmoid(resized(logits, self.size)) * 255


class UNetGraph(EstimateGraph):
    """`unet`: its score, and the background of the camera or, without one, each frame with nobody in it."""

    plate: Tensor | None

    def __init__(self, model: UNet, size: Size) -> None:
        super().__init__()
        self.people = PeopleGraph(model, size)
        known = model.fitted_size is not None
        self.register_buffer("plate", as_picture(np.asarray(model.background)) if known else None)
        self.filled = None if known else FilledIn(size)

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NOTHING) -> Known:
        """See `EstimateGraph`."""
        score = self.people(frames)
        if self.filled is not None:
            return Known(self.filled(frames, score > _SURE), score=score)
        assert self.plate is not None
        return Known(self.plate.expand_as(frames), score=score)


@builds(PairNet, "_score", "_features")
def _pairnet(model: PairNet, size: Size, adaptive: bool) -> EstimateGraph:
    return PairGraph(model, size)


@builds(UNet, "_scored", "logits")
def _unet(model: UNet, size: Size, adaptive: bool) -> EstimateGraph:
    return UNetGraph(model, size)
