"""`pairnet` as a graph: frame and plate at the network's size, compared."""

import cv2
import torch
from torch import Tensor

from cleanplate.models.components.graphs.backgrounds import FixedBackground, as_picture
from cleanplate.models.components.graphs.estimates import NO_STATES, GraphEstimate, Size, States
from cleanplate.models.components.graphs.filters import Resize
from cleanplate.models.components.graphs.head import relit
from cleanplate.models.learned import shrunk
from cleanplate.models.supervised.pairnet.network import PairNetwork
from cleanplate.utils.arrays import Image


class PairGraph(FixedBackground):
    """The plate, and the score of `PairNet`."""

    small: Tensor

    def __init__(self, plate: Image, network: PairNetwork, working: Size, light: str) -> None:
        """Args: the plate, uint8 BGR `[H, W, 3]`; the network and its size; the light compensation."""
        super().__init__(plate)
        size = plate.shape[0], plate.shape[1]
        self.light = light
        self.network = network.for_prediction(torch.float32)
        self.shrink = Resize(size, working, cv2.INTER_AREA, whole=True)
        self.enlarge = Resize(working, size, cv2.INTER_LINEAR, whole=False)
        self.register_buffer("small", as_picture(shrunk(plate, working)))

    def forward(self, frames: Tensor, rate: Tensor | None = None, states: States = NO_STATES) -> GraphEstimate:
        """See `EstimateGraph`."""
        seen = self.shrink(frames)
        # Without light compensation the plate's features do not depend on the frames: they become constants.
        plate = self.small if self.light == "none" else relit(seen, self.small.expand_as(seen), self.light)
        logits = self.network.compare(self.network.features(seen.flip(1)), self.network.features(plate.flip(1)))
        return GraphEstimate(self.plate.expand_as(frames), score=torch.sigmoid(self.enlarge(logits)) * 255)
