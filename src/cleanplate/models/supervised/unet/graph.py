"""`unet` as a graph: the score of its network, and a background."""

import cv2
import torch
from torch import Tensor, nn

from cleanplate.models.components.encoder_decoder import resized
from cleanplate.models.components.graphs.backgrounds import as_picture
from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, Size, States
from cleanplate.models.components.graphs.filters import Resize
from cleanplate.models.components.graphs.networks import for_export
from cleanplate.models.components.inpainting import InpaintingGraph
from cleanplate.utils.arrays import Image

FOREGROUND_SCORE = 127.5
"""Score above which `unet` takes a pixel for foreground: a probability of one half."""


class SegmentationGraph(nn.Module):
    """Maps frames, BGR `[N, 3, H, W]`, to the network's probability of a person times 255, `[N, 1, H, W]`."""

    def __init__(self, network: nn.Module, size: Size, working: Size, *, mirrored: bool) -> None:
        """Args: the network, size of the frames, size that the network sees, and `UNetOptions.mirrored`."""
        super().__init__()
        self.size = size
        self.network = for_export(network)
        self.mirrored = mirrored
        self.shrink = Resize(size, working, cv2.INTER_AREA, whole=True)

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        pictures = self.shrink(frames).flip(1) / 255
        logits = self.network(pictures)
        if self.mirrored:
            logits = (logits + self.network(pictures.flip(-1)).flip(-1)) / 2
        return torch.sigmoid(resized(logits, self.size)) * 255


class UNetGraph(EstimateGraph):
    """The score, and the camera's background or, without one, each frame with its people inpainted."""

    plate: Tensor | None

    def __init__(self, people: SegmentationGraph, plate: Image | None) -> None:
        """Args: the score's graph; the background, uint8 BGR `[H, W, 3]`, where there is one."""
        super().__init__()
        self.people = people
        self.register_buffer("plate", None if plate is None else as_picture(plate))
        self.inpainting = InpaintingGraph(people.size) if plate is None else None

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        score = self.people(frames)
        if self.inpainting is not None:
            return GraphEstimate(self.inpainting(frames, score > FOREGROUND_SCORE), score=score)
        assert self.plate is not None
        return GraphEstimate(self.plate.expand_as(frames), score=score)
