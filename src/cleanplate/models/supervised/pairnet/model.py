"""A network that compares a frame with the clean plate of its scene.

The plate is one that the user took, or an initializer's. Both pictures go through the same trunk; at four scales their
difference and both of them are mixed, and a light decoder gives the logits. It learns from labelled frames with a
plate, and from objects pasted into plates and pictures; differences by light, shadows or a nudged camera are
background. It works at a reduced size, about 320×240, and enlarges its logits.

Without `people` it learns from the labelled scenes alone: the objects pasted are people cut out of them and random
silhouettes. A few sets of one person teach little about people; with pictures of many people and rooms (such as COCO)
it does better where clothes have the colour of the wall.

Source: own. After ChangeNet (Varghese et al., 2018) for the shared trunk and fusion at several scales, and Mandal and
Vipparthi's review (2021) of deep change detection; pasted positives as in BSUV-Net 2.0 (Tezcan et al., 2021).

Example: `cleanplate.create("pairnet").learn(labelled).fit(sequence).apply(frame)`;
`dvc exp run -S data=capture -S data.root=… -S model=pairnet -S model.people=/path/to/coco/train2017`. See also
`bgsnet`, which compares with a recent background as well, and `plate`, which needs no label.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from cleanplate.data.sequence import FrameSequence
from cleanplate.data.training import LabelledFrames
from cleanplate.foreground import PRESETS
from cleanplate.foreground.difference import compensate_light
from cleanplate.models.components.graphs.backgrounds import FixedBackground, as_picture
from cleanplate.models.components.graphs.estimates import NO_STATES, EstimateGraph, GraphEstimate, Size, States
from cleanplate.models.components.graphs.filters import Resize
from cleanplate.models.components.graphs.head import relit
from cleanplate.models.components.tensors import as_tensor, bf16_autocast, shrunk
from cleanplate.models.registry import register
from cleanplate.models.supervised.base import SupervisedModel
from cleanplate.models.supervised.pairnet.examples import PairExamples, plate_of, working_size
from cleanplate.models.supervised.pairnet.network import PairNetwork
from cleanplate.models.supervised.pairnet.options import PairNetOptions
from cleanplate.models.types import Estimate
from cleanplate.utils.arrays import Image, Score


@register
class PairNet(SupervisedModel):
    """See the module."""

    name = "pairnet"
    paper = "own; after Varghese et al. 2018 (ChangeNet), Tezcan et al. 2021"
    graph_methods = ("_score", "_features")
    Options = PairNetOptions
    # Below one half: in places unlike the training scenes, the network is too cautious.
    foreground_defaults = PRESETS["pairnet"]
    options: PairNetOptions
    network: PairNetwork

    def __init__(self, options: Any = None, foreground: Any = None) -> None:
        super().__init__(options, foreground)
        self._fast: PairNetwork | None = None
        self._plate_features: list[Tensor] | None = None

    def build(self) -> nn.Module:
        """See `SupervisedModel.build`."""
        return PairNetwork()

    def examples(self, labelled: Sequence[LabelledFrames]) -> PairExamples:
        """See `SupervisedModel.examples`."""
        return PairExamples(labelled, self.options)

    def logits(self, pictures: Tensor) -> Tensor:
        """See `SupervisedModel.logits`; the channels are frame and plate."""
        with bf16_autocast(pictures.device):
            logits: Tensor = self.network(pictures[:, :3], pictures[:, 3:])
        return logits

    def _fit(self, sequence: FrameSequence) -> None:
        """Takes the clean plate of a scene: the user's, or else the initializer's."""
        self.check_trained()
        self.take_plate(plate_of(sequence, self.options.initial))

    def take_plate(self, plate: Image) -> None:
        """Sets the plate, uint8 BGR `[H, W, 3]`, that frames are compared with."""
        self._background, self._size = plate, (plate.shape[0], plate.shape[1])
        self._fast = None

    def to(self, device: torch.device | str) -> Self:
        """See `SupervisedModel.to`."""
        self._fast = None
        return super().to(device)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `BackgroundModel.load_state_dict`."""
        super().load_state_dict(state)
        self._fast = None

    def _estimate(self, frames: Sequence[Image], learning_rate: float) -> list[Estimate]:
        plate, network = self.background, self._fast_network()
        threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        if threads == 1:
            return [Estimate(plate, score=self._score(network, frame, plate)) for frame in frames]
        # One thread per frame: the network is too small to be computed by several.
        with ThreadPoolExecutor(
            min(threads, max(1, len(frames))), initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            scores = pool.map(lambda frame: self._score(network, frame, plate), frames)
            return [Estimate(plate, score=score) for score in scores]

    def export_graph(self, size: tuple[int, int], adaptive: bool = False) -> EstimateGraph:
        """See `Exportable.export_graph`."""
        return PairGraph(self.background, self.network, working_size(size, self.options.working), self.options.light)

    def _score(self, network: PairNetwork, frame: Image, plate: Image) -> Score:
        """Probability of foreground, float32 `[H, W]`, 0 to 255."""
        size = working_size(frame.shape, self.options.working)
        with torch.inference_mode():
            logits = network.compare(*self._features(network, shrunk(frame, size), plate))
            levels = logits[0, 0].float().cpu().numpy()
        enlarged = cv2.resize(levels, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(torch.from_numpy(enlarged).sigmoid_().mul_(255).numpy())

    def _features(self, network: PairNetwork, frame: Image, plate: Image) -> tuple[list[Tensor], list[Tensor]]:
        """Features of a frame and of the plate in its light; without light compensation those of the plate are kept."""
        if self._plate_features is not None:
            return network.features(as_tensor([frame], self.device)), self._plate_features
        lit = compensate_light(frame, shrunk(plate, frame.shape[:2]), self.options.light)
        both = network.features(as_tensor([frame, lit], self.device))
        return [scale[:1] for scale in both], [scale[1:] for scale in both]

    def _fast_network(self) -> PairNetwork:
        """The network for fast prediction: norms folded in, in bf16 where the hardware computes in it."""
        if self._fast is None:
            kind, self._plate_features = torch.float32, None
            with bf16_autocast(self.device):
                if torch.is_autocast_enabled(self.device.type):
                    kind = torch.get_autocast_dtype(self.device.type)
            with torch.inference_mode():
                self._fast = self.network.for_prediction(kind)
                if self.options.light == "none":
                    plate = shrunk(self.background, working_size(self.background.shape, self.options.working))
                    self._plate_features = self._fast.features(as_tensor([plate], self.device))
        return self._fast


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
